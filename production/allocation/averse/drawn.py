"""Demand as draws: what a plan loses in each, and each variant's demand when draws weigh unlike.

Under weights q of the draws the expected cost of a plan is a sum over variants again, each with
the distribution that q makes of its draws. `curves` gives these distributions smoothed, for the
allocation; `bound` looks at the draws themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from production.allocation.quantiles import DemandCurves
from production.allocation.task import Task

Floats = NDArray[np.float64]

LEVELS: Final = np.concatenate(([0.0, 1e-6], np.linspace(0.0, 1.0, 129)[1:]))
"""Levels of the smoothed distributions; the second keeps the draws' least from being rounded."""

BLOCK_CELLS: Final = 4_000_000
"""Draws times variants that are worked on at once."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """N draws of the demand for a task's V variants, equally likely.

    Attributes:
        task: what is decided on; its own curves do not count here.
        units: (V, N) int32, never negative.
        order: (V, N) int32, each variant's draws, the least demand first.
        fixed: (N,) money that each draw costs whatever is made.
    """

    task: Task
    units: NDArray[np.int32]
    order: NDArray[np.int32]
    fixed: Floats

    @classmethod
    def of(cls, task: Task, units: NDArray[np.int32], fixed: Floats | None = None) -> Self:
        """The draws, sorted; O(V N log N) time, 8 bytes a draw and variant with them."""
        order = np.argsort(units, axis=1, kind="stable").astype(np.int32)
        nothing = np.zeros(units.shape[1])
        return cls(task=task, units=units, order=order, fixed=nothing if fixed is None else fixed)

    @property
    def draws(self) -> int:
        """N."""
        return int(self.units.shape[1])

    def losses(self, quantity: Floats) -> Floats:
        """(N,) money that making (V,) `quantity` loses in each draw; O(V N)."""
        task = self.task
        position = quantity + task.lots.on_hand
        lost = self.fixed.copy()
        for rows in self._blocks():
            over = position[rows, None] - self.units[rows]  # (B, N)
            lost += task.overage[rows] @ np.maximum(over, 0.0)
            lost += task.underage[rows] @ np.maximum(-over, 0.0)
        return lost

    def curves(self, weights: Floats) -> DemandCurves:
        """Each variant's distribution under the draws' weights (N,), at LEVELS; O(V N)."""
        values = np.zeros((len(self.units), len(LEVELS)), order="F")
        for rows in self._blocks():
            order = self.order[rows]
            below = _below(weights, order)
            place = _places(below, np.broadcast_to(LEVELS[1:], (len(order), len(LEVELS) - 1)))
            draw = np.take_along_axis(order, place, axis=1)
            values[rows, 1:] = np.take_along_axis(self.units[rows], draw, axis=1)
        return DemandCurves(LEVELS, values)

    def bound(self, weights: Floats, prices: Floats, *, continuous: bool = False) -> float:
        """Money: no plan loses less on average under any weights (N,) and prices (R,).

        Both may be any, so long as the prices are not negative: a plan's priced use of the
        resources is at most their priced capacity. Each variant takes its best allowed quantity,
        as in `production.allocation.lattice`, of the draws themselves. O(V N).
        """
        total = float(weights @ self.fixed - prices @ self.task.resources.capacity)
        for rows in self._blocks():
            total += float(self._least(rows, weights, prices, continuous=continuous).sum())
        return total

    def _least(self, rows: slice, weights: Floats, prices: Floats, *, continuous: bool) -> Floats:
        """(B,) the least that some variants can cost, with what they take of the resources."""
        task = self.task.take(np.arange(len(self.units))[rows])
        lots, charge = task.lots, task.resources.usage @ prices
        weighted = _Weighted.of(self.units[rows], self.order[rows], weights)
        both = task.underage + task.overage
        asked = (task.underage - charge) / np.where(both > 0, both, 1.0)
        target = weighted.inverse(asked) - lots.on_hand

        def cost(quantity: Floats) -> Floats:
            position = quantity + lots.on_hand
            over, short = weighted.expected(position)
            return task.overage * over + task.underage * short + charge * quantity

        if continuous:
            most = np.maximum(lots.most, lots.least)
            return cost(np.clip(target, lots.least, most))
        opening = task.resources.setup @ prices
        best = np.where(lots.zero, cost(np.zeros(len(charge))), np.inf)
        below = np.maximum(lots.down(np.maximum(target, 0.0)), lots.smallest)
        for lot in (below, below + lots.multiple):
            made = np.minimum(lot, np.maximum(lots.most, lots.smallest))
            best = np.where(lot <= lots.most, np.minimum(best, cost(made) + opening), best)
        return best

    def _blocks(self) -> Iterator[slice]:
        count, draws = self.units.shape
        size = max(BLOCK_CELLS // draws, 1)
        for start in range(0, count, size):
            yield slice(start, min(start + size, count))


@dataclass(frozen=True, slots=True)
class _Weighted:
    """Draws of B variants, the least first, under weights.

    Attributes:
        units: (B, N) ascending along a row.
        below: (B, N) the weight of the draws up to each.
        demand: (B, N) their weighted units.
    """

    units: Floats
    below: Floats
    demand: Floats

    @classmethod
    def of(cls, units: NDArray[np.int32], order: NDArray[np.int32], weights: Floats) -> Self:
        ascending = np.take_along_axis(units, order, axis=1).astype(np.float64)
        demand = np.cumsum(ascending * weights[order], axis=1)
        return cls(ascending, _below(weights, order), demand)

    def inverse(self, chance: Floats) -> Floats:
        """(B,) the least units that demand stays at or below with that chance; 0 below none."""
        place = _places(self.below, np.maximum(chance, 0.0)[:, None])
        found: Floats = np.take_along_axis(self.units, place, axis=1)[:, 0]
        return np.where(chance > 0, found, 0.0)

    def expected(self, position: Floats) -> tuple[Floats, Floats]:
        """(B,) expected units left over, and short, of having `position` units."""
        passed = (self.units <= position[:, None]).sum(axis=1)
        rows, last = np.arange(len(position)), np.maximum(passed - 1, 0)
        chance = np.where(passed > 0, self.below[rows, last], 0.0)
        met = np.where(passed > 0, self.demand[rows, last], 0.0)
        over = position * chance - met
        short = self.demand[:, -1] - met - position * (self.below[:, -1] - chance)
        return np.maximum(over, 0.0), np.maximum(short, 0.0)


def _below(weights: Floats, order: NDArray[np.int32]) -> Floats:
    """(B, N) the weight of each variant's draws up to each, in its order."""
    below: Floats = np.cumsum(weights[order], axis=1)
    return below


def _places(below: Floats, chances: Floats) -> NDArray[np.intp]:
    """(B, K) the first place of each row whose weight reaches each chance.

    Rows are laid end to end, a distance of two apart, so that one search finds all.
    """
    count, draws = below.shape
    apart = 2.0 * np.arange(count)[:, None]
    # a chance of one is reached by the last draw, whatever the sum's rounding says
    asked = np.minimum(chances * (1.0 - 1e-12), below[:, -1:]) + apart
    place = np.searchsorted((below + apart).ravel(), asked.ravel(), side="left")
    within = place.reshape(chances.shape) - draws * np.arange(count)[:, None]
    found: NDArray[np.intp] = np.clip(within, 0, draws - 1)
    return found
