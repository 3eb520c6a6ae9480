"""Whole units from a relaxed allocation: lots, minimums, set-ups, and a bound that knows them.

Four steps, each of which ends with every resource kept:

1. the prices at which the bound over allowed quantities is highest (`lattice`), and each
   variant's best lot there;
2. lots taken back, those that cost least for the room they free, until every resource is kept;
3. lots added to what is left, those that save most per priced use;
4. where lots bind, a search over the few quantities that could still be better (`exact`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.clock import Clock
from production.allocation.exact import CLOSE_ENOUGH, search
from production.allocation.lattice import BALANCED, Priced, sharpened
from production.allocation.relaxation import Relaxed
from production.allocation.task import ROUNDING, Task

Floats = NDArray[np.float64]

BLOCK: Final = 4096
"""Lots that are tried on the resources at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An allocation in allowed quantities.

    Attributes:
        quantity: (V,) units, every resource kept.
        prices: (R,) shadow prices; the relaxation's where nothing needs a set-up.
        bound: money; no allowed allocation costs less.
    """

    quantity: Floats
    prices: Floats
    bound: float


def make_whole(
    task: Task, relaxed: Relaxed, clock: Clock | None = None, *, balanced: float = BALANCED
) -> Whole:
    """Allowed quantities near a relaxed allocation, and a bound on any such.

    Args:
        task: what is decided on.
        relaxed: its continuous optimum.
        clock: when to stop.
        balanced: how well prices must balance the resources before lots are taken and added.
    """
    clock = clock or Clock()
    best = sharpened(task, relaxed, clock, balanced)
    quantity, costs = fill(task, *lowered_until_kept(task, best), best.prices)
    cost, bound = float(costs.sum()), best.bound
    if cost - bound > CLOSE_ENOUGH * cost and not clock.over:
        quantity, bound = search(task, quantity, cost, best, clock)
    # the continuous dual does not charge set-ups: with them its prices are too low
    prices = best.prices if task.resources.opens else relaxed.prices
    return Whole(quantity=quantity, prices=prices, bound=bound)


def fitting(use: Floats, slack: Floats) -> NDArray[np.bool_]:
    """Which rows of `use` (N, R), taken in order and left out where they do not fit, fit in all.

    Vectorised by blocks: each pass takes the longest run that fits and drops the row after it.
    """
    taken = np.zeros(len(use), dtype=bool)
    left = slack.copy()
    for start in range(0, len(use), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(use)))
        rows = rows[(use[rows] <= left).all(axis=1)]
        while len(rows):
            over = (np.cumsum(use[rows], axis=0) > left).any(axis=1)
            run = int(np.argmax(over)) if over.any() else len(rows)
            taken[rows[:run]] = True
            left -= use[rows[:run]].sum(axis=0)
            rows = rows[run + 1 :]
            rows = rows[(use[rows] <= left).all(axis=1)]
    return taken


def _slack(task: Task, quantity: Floats) -> Floats:
    """(R,) what is left, with half of the rounding that a sum is allowed."""
    capacity = task.resources.capacity
    return np.maximum(capacity * (1 + ROUNDING / 2) - task.resources.used(quantity), 0.0)


def close_until_kept(task: Task, quantity: Floats) -> Floats:
    """(V,) the same units, but none of the least missed variants, until all resources are kept.

    What must be made stays, though it takes more than there is where more can be bought.
    """
    resources = task.resources
    while True:
        excess = resources.used(quantity) - resources.capacity * (1 + ROUNDING)
        over = excess > 0
        if not over.any():
            return quantity
        open_ones = np.flatnonzero((quantity > 0) & task.lots.zero)
        use = _use(task, open_ones, quantity[open_ones], opening=np.ones(len(open_ones)))
        loss = (task.idle - task.cost(quantity))[open_ones]
        order = _cheapest(use[:, over], excess[over], loss)
        if not len(order):
            return quantity
        quantity = quantity.copy()
        quantity[open_ones[order]] = 0.0


def lowered_until_kept(task: Task, best: Priced) -> tuple[Floats, Floats]:
    """(V,) units lowered lot by lot, the least missed first, until all resources are kept.

    Returns:
        The units, and (V,) their expected cost.
    """
    resources, prices = task.resources, best.prices
    quantity, costs, charge = best.quantity, best.costs, resources.usage @ prices
    while True:
        excess = resources.used(quantity) - resources.capacity * (1 + ROUNDING)
        over = np.flatnonzero(excess > 0)
        if not len(over):
            return quantity, costs
        lower = task.lots.before(quantity)
        use = resources.usage[:, over] * (quantity - lower)[:, None]
        freed = charge * (quantity - lower)
        if resources.opens:
            closes = (lower == 0) & (quantity > 0)
            use += resources.setup[:, over] * closes[:, None]
            freed += resources.setup @ prices * closes
        fewer = task.cost(lower)
        # at these prices each quantity is the best, so that a loss below nought is rounding
        chosen = _covering(use, excess[over], np.maximum(fewer - costs - freed, 0.0))
        quantity, costs = quantity.copy(), costs.copy()
        quantity[chosen], costs[chosen] = lower[chosen], fewer[chosen]


def _covering(use: Floats, excess: Floats, loss: Floats) -> NDArray[np.intp]:
    """Rows of `use` (N, O) that cover the excess (O,), those of least loss first.

    Only the likeliest rows are looked at; where they do not suffice, more than they are needed.
    """
    likely = _cheapest(use, excess, loss, BLOCK)
    use, loss, left = use[likely], loss[likely], excess.copy()
    free = np.ones(len(likely), dtype=bool)
    while (left > 0).any() and free.any():
        rows, open_ones = np.flatnonzero(free), left > 0
        chosen = rows[_cheapest(use[rows][:, open_ones], left[open_ones], loss[rows])]
        if not len(chosen):
            break
        free[chosen] = False
        left -= use[chosen].sum(axis=0)
    return likely[~free]


def _cheapest(
    use: Floats, excess: Floats, loss: Floats, most: int | None = None
) -> NDArray[np.intp]:
    """Rows of `use` (N, O) in the order of loss for what they free, until one excess is covered.

    With `most`, so many of them in place of as many as cover it.
    """
    relief: Floats = (np.minimum(use, excess) / excess).sum(axis=1)
    rate: Floats = np.where(relief > 0, loss / np.maximum(relief, 1e-300), np.inf)
    if most is not None and most < len(rate):
        likely: NDArray[np.intp] = np.sort(np.argpartition(rate, most)[:most])
        return likely[relief[likely] > 0]
    order: NDArray[np.intp] = np.argsort(rate, kind="stable")
    order = order[relief[order] > 0]
    if most is not None:
        return order
    enough = (np.cumsum(use[order], axis=0) >= excess).any(axis=1)
    last = int(np.argmax(enough)) if enough.any() else len(order)
    return order[: last + 1]


def _use(task: Task, rows: NDArray[np.integer], units: Floats, opening: Floats) -> Floats:
    """(N, R) what `units` of the variants in `rows` take, with set-up where they open."""
    resources = task.resources
    use: Floats = resources.usage[rows] * units[:, None]
    if resources.opens:
        use += resources.setup[rows] * opening[:, None]
    return use


def fill(task: Task, quantity: Floats, costs: Floats, prices: Floats) -> tuple[Floats, Floats]:
    """Add lots while one fits that lowers the cost: most saved per priced use first.

    Args:
        task: what is decided on.
        quantity: (V,) units, every resource kept.
        costs: (V,) their expected cost.
        prices: (R,) money a unit of each resource.

    Returns:
        The units, and (V,) their expected cost.
    """
    charge = task.resources.usage @ prices
    while True:
        following = task.lots.up(quantity)
        more = np.where(np.isfinite(following), following, quantity)
        gain = costs - task.cost(more)
        slack = _slack(task, quantity)
        rows = np.flatnonzero((gain > 0) & (more > quantity))
        rows = _having_room(task, rows, more - quantity, quantity == 0, slack)
        if not len(rows):
            return quantity, costs
        if len(rows) <= BLOCK:
            return _filled(task, quantity, costs, rows, prices)
        # most of what is left never comes to its turn: the likeliest first
        rate = gain[rows] / np.maximum(charge[rows] * (more - quantity)[rows], 1e-300)
        rows = np.sort(rows[np.argpartition(-rate, BLOCK)[:BLOCK]])
        quantity, costs = _filled(task, quantity, costs, rows, prices)


def _filled(
    task: Task, quantity: Floats, costs: Floats, rows: NDArray[np.intp], prices: Floats
) -> tuple[Floats, Floats]:
    """Lots added to some variants while one fits that lowers the cost.

    What does not fit now never will, since room only shrinks, so each round looks at fewer.
    """
    quantity, costs = quantity.copy(), costs.copy()
    slack = _slack(task, quantity)
    while len(rows):
        chosen = task.take(rows)
        now = quantity[rows]
        following = chosen.lots.up(now)
        more = np.where(np.isfinite(following), following, now)
        after = chosen.cost(more)
        gain = costs[rows] - after
        use = _use(chosen, np.arange(len(rows)), more - now, (now == 0).astype(np.float64))
        worth = (gain > 0) & (more > now) & (use <= slack).all(axis=1)
        rows, gain, use, more, after = (
            rows[worth],
            gain[worth],
            use[worth],
            more[worth],
            after[worth],
        )
        charge = use @ prices
        rate = np.divide(gain, charge, out=np.full(len(gain), np.inf), where=charge > 0)
        order = np.argsort(-rate, kind="stable")
        added = order[fitting(use[order], slack)]
        slack = slack - use[added].sum(axis=0)
        quantity[rows[added]], costs[rows[added]] = more[added], after[added]
    return quantity, costs


def _having_room(
    task: Task, rows: NDArray[np.intp], units: Floats, opens: NDArray[np.bool_], slack: Floats
) -> NDArray[np.intp]:
    """Those of some rows whose further `units` (V,) fit, the scarcest resource asked first."""
    resources = task.resources
    for resource in np.argsort(slack / np.maximum(resources.capacity, 1e-300), kind="stable"):
        use = resources.usage[rows, resource] * units[rows]
        if resources.opens:
            use += resources.setup[rows, resource] * opens[rows]
        rows = rows[use <= slack[resource]]
    return rows
