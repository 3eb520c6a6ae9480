"""A plan by week: what to begin of each variant in each week, certified by a bound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.allocate import gap_of
from production.allocation.ascent import ascend
from production.allocation.clock import Clock
from production.allocation.exact import CLOSE_ENOUGH
from production.allocation.lattice import priced_optimum
from production.allocation.relaxation import KEPT, refuse_infeasible
from production.allocation.unmet import Reason, reasons_of
from production.allocation.weekly.dual import WeeklyDual
from production.allocation.weekly.held import spread_held
from production.allocation.weekly.lattice import whole_bound
from production.allocation.weekly.task import WeeklyTask
from production.allocation.weekly.whole_units import whole_weeks

Floats = NDArray[np.float64]

ROUNDS: Final = 10
"""Most climbs; each makes the gap some thirty times smaller."""

SETTLED: Final = 1e-9
"""Gap of the plan in any quantities at which to stop."""


@dataclass(frozen=True, kw_only=True)
class WeeklyAllocation:
    """What to begin when, what it is expected to cost, and how far from the best it can be.

    Attributes:
        task: what was decided on.
        begun: (V, H) units to begin in each week, within every bound and resource.
        supply: (V, H) units that have come in by each week, stock included.
        used: (R, H) what the plan takes of each resource in each week.
        shadow_prices: (R, H) money that one more unit of each resource in each week would earn.
        bought: (R, H) units that the plan uses above the capacities, where more can be had.
        expected_cost: money: waiting and holding in all weeks, shortage and leftover at the end,
            and what is bought.
        bound: money; no plan costs less.
        status: as of `production.allocation.allocate.Allocation`.
    """

    task: WeeklyTask
    begun: Floats
    supply: Floats
    used: Floats
    shadow_prices: Floats
    bought: Floats
    expected_cost: float
    bound: float
    status: str

    @property
    def gap(self) -> float:
        """How much the plan may cost above the best one, as a share of its cost."""
        return gap_of(self.expected_cost, self.bound)

    @property
    def quantity(self) -> Floats:
        """(V,) units in all weeks."""
        quantity: Floats = self.begun.sum(axis=1)
        return quantity

    @cached_property
    def wanted(self) -> Floats:
        """(V,) whole units that would be made if no resource and no lead time were in the way."""
        task = self.task.at_the_end()
        return priced_optimum(task, np.zeros(len(task.resources.ids)))[0]

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """(V,) why each quantity is what it is."""
        dearest = self.shadow_prices.max(axis=1, initial=0.0)
        found = reasons_of(self.task.at_the_end(), self.quantity, self.wanted, dearest)
        late = (self.task.lead >= self.task.weeks).tolist()
        return tuple(
            Reason("lead time") if out and one.code in {"maximum", "lot"} else one
            for one, out in zip(found, late, strict=True)
        )


def allocate_weeks(
    task: WeeklyTask,
    *,
    continuous: bool = False,
    base: WeeklyAllocation | None = None,
    seconds: float | None = None,
) -> WeeklyAllocation:
    """The cheapest units to begin in each week that keep every bound and resource.

    The bound is the relaxation's, in any quantities and without set-ups: where lots are coarse or
    set-ups heavy, the gap says how much of it may be theirs. Time grows with variants x (weeks x
    levels + resources^2 x weeks^2) x a dozen evaluations.

    Args:
        task: what is decided on.
        continuous: any quantity in place of allowed whole ones; set-ups are then not charged.
        base: the answer to a task like this one, to begin at its prices.
        seconds: after so many, what is found by then is answered, with the status "time limit".

    Raises:
        Infeasible: what must be made takes more than there is.
    """
    clock = Clock(seconds)
    if continuous and task.resources.opens:
        task = replace(task, resources=task.resources.without_setups())
    refuse_infeasible(task.at_the_end())
    dual = WeeklyDual.of(task)
    at = dual.at(np.zeros(len(dual.capacity)))
    free_use = at.excess + dual.capacity
    size = np.where(free_use > 0, free_use, np.maximum(dual.capacity, 1.0))
    near = task.supply(at.quantity if base is None else base.begun)
    prices = at.prices if base is None else np.clip(base.shadow_prices.ravel(), 0.0, dual.ceiling)
    relaxed = _relaxed(dual, near, prices, size, clock)
    begun, prices, bound = relaxed.begun, relaxed.prices, relaxed.bound
    if not continuous:
        begun = whole_weeks(relaxed.wider, begun, prices, clock)
        bound = max(bound, whole_bound(task, dual.at(prices.ravel()).quantity, prices))
    return _assembled(task, begun, prices, bound, clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relaxed:
    """A plan in any quantities.

    Attributes:
        begun: (V, H) units.
        prices: (R, H) money a unit of each resource in each week.
        bound: money; no plan costs less.
        wider: the task, with what is bought as capacity.
    """

    begun: Floats
    prices: Floats
    bound: float
    wider: WeeklyTask


def _relaxed(
    dual: WeeklyDual, supply: Floats, prices: Floats, size: Floats, clock: Clock
) -> _Relaxed:
    """The dual climbed with supply pulled to the last plan, until the bound says the same."""
    task, bound = dual.task, -np.inf
    for _ in range(ROUNDS):
        pulled = dual.toward(supply)
        top = ascend(pulled, pulled.at(prices), size, clock, KEPT)
        prices = top.prices
        bound = max(bound, dual.at(prices).value)
        over = np.where(prices >= task.dearest.ravel(), np.maximum(top.excess, 0.0), 0.0)
        over = over.reshape(task.capacity.shape)
        wider = replace(task, capacity=task.capacity + over)
        begun = _scaled_down(wider, top.quantity)
        supply = task.supply(begun)
        cost = float(task.costs(supply).sum() + (over * np.minimum(task.dearest, 1e300)).sum())
        if gap_of(cost, bound) <= SETTLED or clock.over:
            break
    return _Relaxed(begun=begun, prices=prices.reshape(over.shape), bound=bound, wider=wider)


def _scaled_down(task: WeeklyTask, begun: Floats) -> Floats:
    """Shrink what is begun in a week until each of its resources is kept.

    What must be made in all is spread first, in whole units, and only the rest shrinks.
    """
    base = spread_held(task, begun)
    held = base.sum(axis=1) > 0
    rest: Floats = np.where(held[:, None], 0.0, begun)
    usage = task.resources.usage
    extra: Floats = usage.T @ rest
    room = np.maximum(task.capacity - task.used(base), 0.0)
    share: Floats = np.where(extra > room, room / np.maximum(extra, 1e-300), 1.0)
    factor = np.ones_like(rest)
    for resource in range(len(usage.T)):
        takes = usage[:, resource] > 0
        factor[takes] = np.minimum(factor[takes], share[resource])
    shrunk: Floats = base + factor * rest
    return shrunk


def _assembled(
    task: WeeklyTask, begun: Floats, prices: Floats, bound: float, clock: Clock
) -> WeeklyAllocation:
    used = task.used(begun)
    extra = np.isfinite(task.dearest)
    bought = np.where(extra, np.maximum(used - task.capacity, 0.0), 0.0)
    supply = task.supply(begun)
    cost = float(task.costs(supply).sum() + (bought[extra] * task.dearest[extra]).sum())
    status = "optimal"
    if gap_of(cost, bound) > CLOSE_ENOUGH:
        status = "time limit" if clock.over else "within gap"
    return WeeklyAllocation(
        task=task, begun=begun, supply=supply, used=used, shadow_prices=prices, bought=bought,
        expected_cost=cost, bound=min(bound, cost), status=status,
    )  # fmt: skip
