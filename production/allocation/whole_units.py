"""Whole units from a relaxed allocation: lots, minimums, set-ups, and a bound that knows them.

Three steps, each of which keeps every resource:

1. round the relaxed quantities down to allowed ones;
2. fill what is left of the resources with the lots that save most per priced use;
3. on a small task, search the few quantities that could still be better (`exact`).

The bound is the dual's value with every variant's minimum taken over its allowed quantities.
Set-ups, which the relaxation does not charge, enter it here, and so the prices are raised or
lowered until this bound is highest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from production.allocation.exact import search
from production.allocation.relaxation import Relaxed
from production.allocation.task import ROUNDING, Task

Floats = NDArray[np.float64]

BLOCK: Final = 4096
"""Lots that are tried on the resources at once."""

CLOSE_ENOUGH: Final = 1e-6
"""Relative gap below which nothing is left to improve."""


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


def make_whole(task: Task, relaxed: Relaxed) -> Whole:
    """Allowed quantities near a relaxed allocation, and a bound on any such."""
    prices = relaxed.prices
    if task.resources.setup.any():
        prices = _sharpened(task, prices)
    best, bound = priced_optimum(task, prices)
    near = np.minimum(relaxed.quantity, task.target(prices))
    start = np.where(best > 0, task.lots.down(near), task.lots.least)
    quantity = _fill(task, close_until_kept(task, start), prices)
    cost = float(task.cost(quantity).sum())
    if cost - bound > CLOSE_ENOUGH * cost:
        free, _ = priced_optimum(task, np.zeros(len(prices)))
        highest = np.maximum(free, quantity)
        quantity, proved = search(task, quantity, highest, prices, bound)
        bound = float(task.cost(quantity).sum()) if proved else bound
    return Whole(quantity=quantity, prices=prices, bound=bound)


def _sharpened(task: Task, prices: Floats) -> Floats:
    """(R,) prices at which the bound over allowed quantities is highest, from some prices on.

    The bound is concave in the prices, with gradient use - capacity wherever it has one. Of all
    prices that L-BFGS-B tries, the best count, so a kink that stops it costs sharpness alone.
    """
    free, _ = priced_optimum(task, np.zeros(len(prices)))
    need = task.resources.used(free)
    size = np.where(need > 0, need, 1.0)
    scale = max(float(task.cost(task.lots.least).sum()), 1e-300)
    tried: list[tuple[float, Floats]] = []

    def descent(scaled: Floats) -> tuple[float, Floats]:
        at = scaled * scale / size
        quantity, bound = priced_optimum(task, at)
        tried.append((bound, at))
        excess = task.resources.used(quantity) - task.resources.capacity
        return -bound / scale, -excess / size

    bounds = [(0.0, None)] * len(prices)
    optimize.minimize(descent, prices * size / scale, jac=True, method="L-BFGS-B", bounds=bounds)
    return max(tried, key=lambda entry: entry[0])[1]


def priced_optimum(task: Task, prices: Floats) -> tuple[Floats, float]:
    """Best allowed quantity of each variant when resources cost `prices`, and the dual's value.

    Cost plus priced use is convex along a variant's lots, so the best lot lies beside the
    continuous optimum; it then stands against making none.

    Returns:
        (V,) units, which need not keep the resources, and the bound in money; O(V (K + R)).
    """
    lots, resources = task.lots, task.resources
    charge, opening = resources.usage @ prices, resources.setup @ prices
    none = np.where(lots.zero, task.cost(np.zeros(len(lots))), np.inf)
    below = np.maximum(lots.down(task.target(prices)), lots.smallest)
    best, value = np.zeros(len(lots)), none
    for lot in (below, below + lots.multiple):
        possible = lot <= lots.most
        made = np.where(possible, lot, 0.0)
        price = np.where(possible, task.cost(made) + charge * made + opening, np.inf)
        best, value = np.where(price < value, made, best), np.minimum(value, price)
    return best, float(value.sum() - prices @ resources.capacity)


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
    capacity = task.resources.capacity
    return np.maximum(capacity * (1 + ROUNDING) - task.resources.used(quantity), 0.0)


def close_until_kept(task: Task, quantity: Floats) -> Floats:
    """(V,) the same units, but none of the least missed variants, until all resources are kept."""
    resources = task.resources
    idle = task.cost(np.zeros(len(quantity)))
    while True:
        excess = resources.used(quantity) - resources.capacity * (1 + ROUNDING)
        over = excess > 0
        if not over.any():
            return quantity
        open_ones = np.flatnonzero((quantity > 0) & task.lots.zero)
        use = _use(task, open_ones, quantity[open_ones], opening=np.ones(len(open_ones)))
        relief = (use[:, over] / excess[over]).sum(axis=1)
        loss = (idle - task.cost(quantity))[open_ones]
        order = np.argsort(loss / np.maximum(relief, 1e-300), kind="stable")
        order = order[relief[order] > 0]
        enough = np.cumsum(use[order][:, over], axis=0) >= excess[over]
        count = int(np.argmax(enough.any(axis=1))) + 1 if enough.any() else len(order)
        quantity = quantity.copy()
        quantity[open_ones[order[:count]]] = 0.0


def _use(task: Task, rows: NDArray[np.integer], units: Floats, opening: Floats) -> Floats:
    """(N, R) what `units` of the variants in `rows` take, with set-up where they open."""
    resources = task.resources
    use: Floats = resources.usage[rows] * units[:, None]
    use += resources.setup[rows] * opening[:, None]
    return use


def _fill(task: Task, quantity: Floats, prices: Floats) -> Floats:
    """Add lots while one fits that lowers the cost: most saved per priced use first."""
    while True:
        following = task.lots.up(quantity)
        rows = np.flatnonzero(np.isfinite(following))
        more = np.where(np.isfinite(following), following, quantity)
        gain = (task.cost(quantity) - task.cost(more))[rows]
        slack = _slack(task, quantity)
        use = _use(task, rows, (more - quantity)[rows], (quantity[rows] == 0).astype(np.float64))
        worth = (gain > 0) & (use <= slack).all(axis=1)
        rows, gain, use = rows[worth], gain[worth], use[worth]
        if not len(rows):
            return quantity
        charge = use @ prices
        rate = np.divide(gain, charge, out=np.full(len(gain), np.inf), where=charge > 0)
        order = np.argsort(-rate, kind="stable")
        added = rows[order[fitting(use[order], slack)]]
        quantity = quantity.copy()
        quantity[added] = following[added]
