"""The best supply of every variant over the weeks when each unit is charged for its week.

A variant's supply never falls from one week to the next, for nothing is taken back. With charges
c_t on S(t) its best supply is an isotonic regression under the weeks' own convex costs: weeks whose
own best quantities would fall are pooled, and pools whose common best quantities would fall are
pooled again (pool adjacent violators for convex functions: Best, Chakravarti and Ubhaya 2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsvendors:
    """N variants with H weeks of demand each, as far as their best supply needs it.

    Attributes:
        levels: (K,) from 0 to 1.
        values: (N, H, K) units of demand up to the end of each week, at each level.
        under, over: (N, H) money a unit owed and a unit in stock; together positive.
        low: (N, H) least supply; never falls along a row.
        high: (N,) most supply, never below `low`.
        fixed: (N, H) bool, weeks before which nothing can come in: supply is `low`.
    """

    levels: Floats
    values: Floats
    under: Floats
    over: Floats
    low: Floats
    high: Floats
    fixed: NDArray[np.bool_]

    def take(self, rows: NDArray[np.integer]) -> Newsvendors:
        """Some of the variants."""
        return Newsvendors(
            levels=self.levels,
            values=self.values[rows],
            under=self.under[rows],
            over=self.over[rows],
            low=self.low[rows],
            high=self.high[rows],
            fixed=self.fixed[rows],
        )

    def best(self, charge: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
        """Supply (N, H) that costs least with (N, H) charges on it.

        Returns:
            The supply; (N, H) how fast it falls when its pool's charges rise; (N, H) the pool of
            each week, by its first week.
        """
        supply, fall = self._alone(charge)
        pool = np.broadcast_to(np.arange(supply.shape[1]), supply.shape).copy()
        falling = np.flatnonzero((np.diff(supply, axis=1) < 0).any(axis=1))
        if len(falling):
            pooled = self.take(falling)._pooled(charge[falling], supply[falling], fall[falling])
            supply[falling], fall[falling], pool[falling] = pooled
        return supply, fall, pool

    def _alone(self, charge: Floats) -> tuple[Floats, Floats]:
        """Each week's own best quantity, and how fast it falls with its charge."""
        both = self.under + self.over
        asked = (self.under - charge) / both
        chance = np.clip(asked, 0.0, 1.0)
        left = np.searchsorted(self.levels[1:-1], chance, side="right")
        below = np.take_along_axis(self.values, left[..., None], axis=2)[..., 0]
        above = np.take_along_axis(self.values, left[..., None] + 1, axis=2)[..., 0]
        steep = (above - below) / np.diff(self.levels)[left]
        free = below + steep * (chance - self.levels[left])
        high = self.high[:, None]
        supply = np.where(self.fixed, self.low, np.clip(free, self.low, high))
        inner = (chance == asked) & (free > self.low) & (free < high) & ~self.fixed
        return supply, np.where(inner, steep / both, 0.0)

    def _pooled(
        self, charge: Floats, supply: Floats, fall: Floats
    ) -> tuple[Floats, Floats, NDArray[np.int64]]:
        """Neighbouring weeks whose quantities fall, pooled until none does."""
        count, weeks = supply.shape
        pool = np.broadcast_to(np.arange(weeks), supply.shape).copy()
        for _ in range(weeks):
            joined = np.zeros((count, weeks), dtype=bool)
            joined[:, 1:] = pool[:, 1:] == pool[:, :-1]
            violated = joined.copy()
            violated[:, 1:] |= np.diff(supply, axis=1) < 0
            if (violated == joined).all():
                break
            first = np.where(violated, 0, np.arange(weeks))
            pool = np.maximum.accumulate(first, axis=1)
            for start in range(weeks):
                inside = pool == start
                rows = np.flatnonzero(inside.sum(axis=1) > 1)
                if len(rows):
                    units, slope = self.take(rows)._together(charge[rows], inside[rows])
                    supply[rows] = np.where(inside[rows], units[:, None], supply[rows])
                    fall[rows] = np.where(inside[rows], slope[:, None], fall[rows])
        return supply, fall, pool

    def _together(self, charge: Floats, inside: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """(N,) the common quantity of the weeks in `inside` (N, H), and how fast it falls.

        The marginal cost of the pool is linear between the knots of its weeks' curves, so the
        last knot below its root is found by halving and the root by a straight line.
        """
        both = np.where(inside, self.under + self.over, 0.0)
        pull = np.where(inside, charge - self.under, 0.0).sum(axis=1)
        knots = np.where(inside[..., None], self.values, 0.0).reshape(len(charge), -1)
        knots.sort(axis=1)

        def marginal(units: Floats, *, at: bool) -> Floats:
            cost: Floats = (both * self._chance(units, at=at)).sum(axis=1) + pull
            return cost

        low = np.full(len(charge), -1)  # marginal cost below nought at this knot
        high = np.full(len(charge), knots.shape[1])  # and not below it from this one on
        while (high - low > 1).any():
            middle = np.clip((low + high) // 2, 0, knots.shape[1] - 1)
            units = np.take_along_axis(knots, middle[:, None], axis=1)[:, 0]
            negative = marginal(units, at=True) < 0
            moving = high - low > 1
            low = np.where(moving & negative, middle, low)
            high = np.where(moving & ~negative, middle, high)
        left = np.take_along_axis(knots, np.clip(low, 0, None)[:, None], axis=1)[:, 0]
        last = np.minimum(high, knots.shape[1] - 1)
        right = np.take_along_axis(knots, last[:, None], axis=1)[:, 0]
        before, after = marginal(left, at=True), marginal(right, at=False)
        rises = after - before
        sloping = (low >= 0) & (high < knots.shape[1]) & (after >= 0) & (rises > 0)
        part = np.divide(-before, rises, out=np.ones(len(left)), where=sloping)
        free = left + np.clip(part, 0.0, 1.0) * (right - left)
        free = np.where(low < 0, 0.0, np.where(high >= knots.shape[1], np.inf, free))
        least = np.where(inside, self.low, -np.inf).max(axis=1)
        fixed = (inside & self.fixed).any(axis=1)
        units = np.where(fixed, least, np.clip(free, least, np.maximum(self.high, least)))
        inner = sloping & (units == free) & ~fixed & (right > left)
        return units, np.divide(right - left, rises, out=np.zeros(len(left)), where=inner)

    def _chance(self, units: Floats, *, at: bool) -> Floats:
        """(N, H) probability that demand is at most `units` (N,), or below it."""
        asked = units[:, None, None]
        passed = (self.values <= asked if at else self.values < asked).sum(axis=2)
        last = len(self.levels) - 1
        left = np.clip(passed - 1, 0, last - 1)[..., None]
        below = np.take_along_axis(self.values, left, axis=2)[..., 0]
        above = np.take_along_axis(self.values, left + 1, axis=2)[..., 0]
        part = (units[:, None] - below) / np.where(above > below, above - below, 1.0)
        part = np.where(passed == 0, 0.0, np.where(passed > last, 1.0, part))
        return self.levels[left[..., 0]] + np.diff(self.levels)[left[..., 0]] * part
