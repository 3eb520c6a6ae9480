"""The continuous relaxation of an allocation, by dual decomposition.

    min_q  sum_i E[cu_i (D_i - s_i)+ + co_i (s_i - D_i)+],  s_i = q_i + stock_i
    subject to  A'q <= b,  least <= q <= most

Where more of a resource can be bought, its price never exceeds what a unit more costs: at that
price, what is used beyond the capacity is bought.

The dual (`dual`) is climbed in few steps (`ascent`), each a pass over the usage matrix. Its value
at any prices bounds the cost of every plan from below; its maximiser is the vector of
shadow prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.ascent import ascend
from production.allocation.clock import Clock
from production.allocation.dual import Dual
from production.allocation.task import ROUNDING, Task
from production.errors import Infeasible

Floats = NDArray[np.float64]

KEPT: Final = 1e-9
"""Share of a resource's free use by which it may miss its capacity when the steps end."""


@dataclass(frozen=True, kw_only=True)
class Relaxed:
    """The optimum of the relaxation.

    Attributes:
        target: (V,) each variant's best units at the prices, which keep the resources up to the
            steps' precision.
        prices: (R,) shadow prices: money that one more unit of the resource would earn.
        bound: money; no plan costs less.
        dual: what was solved, to be solved again under other capacities.
        curvature: (R, R) how fast use falls as prices rise, at the optimum.
        free_use: (R,) what would be used if nothing were limited; of the task that this began at.
        bought: (R,) units above the capacity that are worth their cost, or must be had.
    """

    target: Floats
    prices: Floats
    bound: float
    dual: Dual
    curvature: Floats
    free_use: Floats
    bought: Floats

    @cached_property
    def quantity(self) -> Floats:
        """(V,) units, every resource kept; whole units do without them."""
        return _scaled_down(self.dual, self.target, self.bought)


def relax(
    task: Task,
    *,
    start: Relaxed | None = None,
    dual: Dual | None = None,
    clock: Clock | None = None,
    kept: float = KEPT,
) -> Relaxed:
    """Solve the continuous relaxation; O(V (log K + R^2)) a step.

    Args:
        task: what is decided on.
        start: the optimum of a task like this one, to begin at its prices.
        dual: the task's dual, where it is prepared already.
        clock: when to stop; the bound then is lower than it could be.
        kept: share of a resource's free use by which it may miss its capacity before scaling.

    Raises:
        Infeasible: what must be made takes more than there is.
    """
    refuse_infeasible(task)
    prepared = Dual.of(task) if dual is None else dual
    if start is None:
        at = prepared.at(np.zeros(len(prepared.capacity)))
        free_use = at.excess + prepared.capacity
    else:
        at = prepared.at(np.clip(start.prices, 0.0, prepared.ceiling))
        free_use = start.free_use
    best = ascend(prepared, at, np.where(free_use > 0, free_use, 1.0), clock or Clock(), kept)
    worth = np.where(best.prices >= task.resources.dearest, np.maximum(best.excess, 0.0), 0.0)
    bought = np.maximum(worth, _needed_above(task))
    return Relaxed(
        target=best.quantity,
        prices=best.prices,
        bound=best.value,
        dual=prepared,
        curvature=best.curvature,
        free_use=free_use,
        bought=bought,
    )


def _needed_above(task: Task) -> Floats:
    """(R,) what must be made takes so much above the capacities where more can be bought."""
    if not task.lots.least.any():
        return np.zeros(len(task.resources.ids))
    needed = task.resources.used(task.lots.least) - task.resources.capacity
    return np.where(np.isfinite(task.resources.dearest), np.maximum(needed, 0.0), 0.0)


def refuse_infeasible(task: Task) -> None:
    """Refuse lower bounds that no plan can keep.

    Raises:
        Infeasible: names the resource, the variants that take most of it, and the smallest
            capacity that would do.
    """
    least = task.lots.least
    if not least.any():
        return
    needed = task.resources.used(least)
    bounded = np.isinf(task.resources.dearest)
    capacity = np.where(bounded, task.resources.capacity, np.inf)
    over = np.flatnonzero(needed > capacity * (1 + ROUNDING))
    if not len(over):
        return
    worst = int(over[np.argmax(needed[over] / np.maximum(capacity[over], 1e-300))])
    name = task.resources.ids[worst]
    taken = task.resources.usage[:, worst] * least + task.resources.setup[:, worst] * (least > 0)
    first = np.argsort(-taken, kind="stable")[:5]
    culprits = ", ".join(f"'{task.variants[i]}' ({taken[i]:g})" for i in first if taken[i] > 0)
    raise Infeasible(
        f"What must be made takes {needed[worst]:.15g} of '{name}', and there is "
        f"{capacity[worst]:.15g}. Most of it goes to {culprits}.",
        where=f"resource '{name}'",
        fix=f"Give it a capacity of at least {needed[worst]:.15g}, or lower what must be made.",
    )


def _scaled_down(dual: Dual, quantity: Floats, bought: Floats) -> Floats:
    """Shrink what is made above the least until every resource is kept, with what is bought.

    A resource that is exceeded lets through only the share of the extra that it has room for;
    each variant shrinks by the scarcest resource it uses.
    """
    usage, capacity = dual.task.resources.usage, dual.capacity + bought
    least = np.minimum(dual.task.lots.least, quantity)
    base = usage.T @ least
    extra = usage.T @ (quantity - least)
    room = np.maximum(capacity - base, 0.0)
    short = np.flatnonzero(extra > room)
    factor = np.ones(len(quantity))
    for resource in short[np.argsort(room[short] / extra[short], kind="stable")[::-1]]:
        # the scarcest comes last, and so decides
        factor[usage[:, resource] > 0] = room[resource] / extra[resource]
    shrunk: Floats = least + factor * (quantity - least)
    return shrunk
