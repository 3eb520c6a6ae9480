"""Allocation: what to make of each variant under shared resources, certified by a bound.

`relaxation` states the task and solves it continuously, `whole_units`
makes it whole; here the two become one answer, with its certificate and, for every variant,
what was left unmet and why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.clock import Clock
from production.allocation.dual import Dual
from production.allocation.exact import CLOSE_ENOUGH
from production.allocation.lattice import BALANCED, priced_optimum
from production.allocation.relaxation import KEPT, Relaxed, relax
from production.allocation.task import ROUNDING, Task
from production.allocation.unmet import Reason, reasons_of
from production.allocation.whole_units import Whole, make_whole

Floats = NDArray[np.float64]

ROUGHLY_BALANCED: Final = 1e-4
"""How well prices balance the resources in a what-if, whose answer is wanted at once."""

ROUGHLY_KEPT: Final = 1e-6
"""How well the continuous optimum keeps them there, before it is made whole."""


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """What to make, what it is expected to cost, and how far from the best it can be.

    Attributes:
        task: what was decided on.
        quantity: (V,) units, within every bound and every resource.
        expected_shortage: (V,) units.
        expected_leftover: (V,) units, stock included.
        stockout_probability: (V,) probability that demand exceeds quantity and stock.
        used: (R,) what the plan takes of each resource.
        shadow_prices: (R,) money that one more unit of each resource would earn.
        bought: (R,) units that the plan uses above the capacities, where more can be had.
        expected_cost: money, shortage and leftover together, and what is bought.
        bound: money; no plan costs less.
        status: "optimal" where the gap is closed; "time limit" where the time was up before; else
            "within gap".
        relaxed: the continuous optimum, to begin at when something changes.
    """

    task: Task
    quantity: Floats
    expected_shortage: Floats
    expected_leftover: Floats
    stockout_probability: Floats
    used: Floats
    shadow_prices: Floats
    bought: Floats
    expected_cost: float
    bound: float
    status: str
    relaxed: Relaxed

    @property
    def gap(self) -> float:
        """How much the plan may cost above the best one, as a share of its cost."""
        return gap_of(self.expected_cost, self.bound)

    @cached_property
    def wanted(self) -> Floats:
        """(V,) whole units that would be made if no resource were limited."""
        return priced_optimum(self.task, np.zeros(len(self.task.resources.ids)))[0]

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """(V,) why each quantity is what it is."""
        return reasons_of(self.task, self.quantity, self.wanted, self.shadow_prices)


def gap_of(cost: float, bound: float) -> float:
    """(cost - bound) / cost, never negative; 0 where nothing is lost."""
    return max(cost - bound, 0.0) / cost if cost > 0 else 0.0


def allocate(
    task: Task,
    *,
    continuous: bool = False,
    base: Allocation | None = None,
    seconds: float | None = None,
) -> Allocation:
    """The cheapest quantities that keep every bound and resource.

    Time grows with variants x (levels + resources^2) x a dozen evaluations: 100,000 variants
    under 20 resources take a fraction of a second, memory a few times their demand and usage.

    Args:
        task: what is decided on.
        continuous: any quantity between the bounds, in place of allowed whole ones; set-ups are
            then not charged.
        base: the answer to a task like this one, with the same resources, to begin at its prices.
        seconds: after so many, what is found by then is answered, with the status "time limit";
            such an answer need not repeat. It keeps every bound all the same.

    Raises:
        Infeasible: what must be made takes more than there is.
    """
    clock = Clock(seconds)
    if continuous and task.resources.opens:
        task = replace(task, resources=task.resources.without_setups())
    relaxed = relax(
        task,
        start=None if base is None else base.relaxed,
        dual=None if base is None else _prepared(task, base),
        clock=clock,
        kept=KEPT if continuous or base is None else ROUGHLY_KEPT,
    )
    if continuous:
        answer = Whole(quantity=relaxed.quantity, prices=relaxed.prices, bound=relaxed.bound)
    else:
        balanced = BALANCED if base is None else ROUGHLY_BALANCED
        answer = _whole(task, relaxed, clock, balanced)
    return _assembled(task, answer, relaxed, clock)


def _whole(task: Task, relaxed: Relaxed, clock: Clock, balanced: float) -> Whole:
    """The relaxed answer in allowed quantities, with as much bought as the relaxed one buys."""
    if not relaxed.bought.any():
        return make_whole(task, relaxed, clock, balanced=balanced)
    wider = replace(task, resources=task.resources.widened(relaxed.bought))
    answer = make_whole(wider, relaxed, clock, balanced=balanced)
    # its bound takes what is bought for given; one at prices of at most the extra's cost does not
    prices = np.minimum(answer.prices, task.resources.dearest)
    # where some is bought, one more unit of the capacity saves buying it
    buys = task.resources.used(answer.quantity) > task.resources.capacity * (1 + ROUNDING)
    prices = np.where(buys & np.isfinite(task.resources.dearest), task.resources.dearest, prices)
    bound = max(relaxed.bound, priced_optimum(task, prices)[1])
    return Whole(quantity=answer.quantity, prices=prices, bound=bound)


def _prepared(task: Task, base: Allocation) -> Dual | None:
    """The base's dual under the task's capacities; None where more than these has changed."""
    before = base.task
    same = (
        task.curves is before.curves
        and task.lots is before.lots
        and task.underage is before.underage
        and task.overage is before.overage
        and task.resources.usage is before.resources.usage
    )
    return base.relaxed.dual.under(task.resources.capacity) if same else None


def _assembled(task: Task, answer: Whole, relaxed: Relaxed, clock: Clock) -> Allocation:
    """The answer with what is expected of it."""
    position = answer.quantity + task.lots.on_hand
    below, shortage = task.curves.expected(position)
    leftover = np.maximum(position - task.curves.mean() + shortage, 0.0)
    used = task.resources.used(answer.quantity)
    extra = np.isfinite(task.resources.dearest)
    bought = np.where(extra, np.maximum(used - task.resources.capacity, 0.0), 0.0)
    cost = float((task.underage * shortage + task.overage * leftover).sum())
    cost += float(bought[extra] @ task.resources.dearest[extra])
    status = "optimal"
    if gap_of(cost, answer.bound) > CLOSE_ENOUGH:
        status = "time limit" if clock.over else "within gap"
    return Allocation(
        task=task,
        quantity=answer.quantity,
        expected_shortage=shortage,
        expected_leftover=leftover,
        stockout_probability=1.0 - below,
        used=used,
        shadow_prices=answer.prices,
        bought=bought,
        expected_cost=cost,
        bound=min(answer.bound, cost),
        status=status,
        relaxed=relaxed,
    )
