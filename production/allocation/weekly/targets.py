"""The best supply of every variant over the weeks when each unit is charged for its week.

A variant's supply never falls from one week to the next, for nothing is taken back. With charges
c_t on S(t) its best supply is an isotonic regression under the weeks' own convex costs: weeks whose
own best quantities would fall are pooled, and pools whose common best quantities would fall are
pooled again (pool adjacent violators for convex functions: Best, Chakravarti and Ubhaya 2000).

What is sure to be held costs the same a unit whether one variant holds it or another, so that the
cheapest plan is seldom the only one and the best supply may jump with the charges. A small square
pull towards a plan at hand makes it answer smoothly (the proximal point method: Rockafellar 1976).
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
        toward: (N, H) units of supply that the pull goes to.
        pull: (N, H) money a squared unit, half of which a distance from there costs.
    """

    levels: Floats
    values: Floats
    under: Floats
    over: Floats
    low: Floats
    high: Floats
    fixed: NDArray[np.bool_]
    toward: Floats
    pull: Floats

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
            toward=self.toward[rows],
            pull=self.pull[rows],
        )

    def pulled(self, supply: Floats) -> Floats:
        """(N, H) what the pull costs."""
        cost: Floats = self.pull / 2 * (supply - self.toward) ** 2
        return cost

    def best(self, charge: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
        """Supply (N, H) that costs least with (N, H) charges on it.

        Returns:
            The supply; (N, H) how fast it falls when its pool's charges rise; (N, H) the pool of
            each week, by its first week.
        """
        supply, fall = self._alone(charge)
        pool = np.broadcast_to(np.arange(supply.shape[1]), supply.shape).copy()
        falling = np.flatnonzero((supply[:, 1:] < supply[:, :-1]).any(axis=1))
        if len(falling):
            pooled = self.take(falling)._pooled(charge[falling], supply[falling], fall[falling])
            supply[falling], fall[falling], pool[falling] = pooled
        return supply, fall, pool

    def _alone(self, charge: Floats) -> tuple[Floats, Floats]:
        """Each week's own best quantity, and how fast it falls with its charge."""
        both = self.under + self.over
        slope = both[..., None] * self.levels + self.pull[..., None] * self.values  # (N, H, K)
        slope += (charge - self.under - self.pull * self.toward)[..., None]
        passed = (slope < 0).sum(axis=2)
        last = len(self.levels) - 1
        left = np.clip(passed - 1, 0, last - 1)[..., None]
        low, high = (np.take_along_axis(self.values, left + one, axis=2)[..., 0] for one in (0, 1))
        before, after = (np.take_along_axis(slope, left + one, axis=2)[..., 0] for one in (0, 1))
        falls = (high - low) / (after - before)
        beyond = np.divide(1.0, self.pull, out=np.full(both.shape, np.inf), where=self.pull > 0)
        falls = np.where(passed > last, beyond, falls)
        free = np.where(passed > last, high, low)
        np.subtract(free, np.where(passed > last, after, before) * falls, out=free, where=falls > 0)
        free = np.where(passed == 0, 0.0, free)
        supply = np.where(self.fixed, self.low, np.clip(free, self.low, self.high[:, None]))
        inner = (passed > 0) & (free == supply) & ~self.fixed & np.isfinite(free)
        return supply, np.where(inner, falls, 0.0)

    def _pooled(
        self, charge: Floats, supply: Floats, fall: Floats
    ) -> tuple[Floats, Floats, NDArray[np.int64]]:
        """Neighbouring weeks whose quantities fall, pooled until none does."""
        weeks = supply.shape[1]
        pool = np.broadcast_to(np.arange(weeks), supply.shape).copy()
        rows = np.arange(len(supply))
        for _ in range(weeks):
            joined = np.zeros((len(rows), weeks), dtype=bool)
            joined[:, 1:] = pool[rows, 1:] == pool[rows, :-1]
            violated = joined.copy()
            violated[:, 1:] |= supply[rows, 1:] < supply[rows, :-1]
            changed = (violated != joined).any(axis=1)
            if not changed.any():
                break
            rows, first = rows[changed], np.where(violated[changed], 0, np.arange(weeks))
            before, pool[rows] = pool[rows], np.maximum.accumulate(first, axis=1)
            for start in range(weeks):
                inside = pool[rows] == start
                grown = (inside != (before == start)).any(axis=1) & inside.any(axis=1)
                there, inside = rows[grown], inside[grown]
                if len(there):
                    units, slope = self.take(there)._together(charge[there], inside)
                    supply[there] = np.where(inside, units[:, None], supply[there])
                    fall[there] = np.where(inside, slope[:, None], fall[there])
        return supply, fall, pool

    def _together(self, charge: Floats, inside: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """(N,) the common quantity of the weeks in `inside` (N, H), and how fast it falls.

        The marginal cost of the pool is linear between the knots of its weeks' curves, so the
        last knot below its root is found by halving and the root by a straight line.
        """
        both, pull = (np.where(inside, one, 0.0) for one in (self.under + self.over, self.pull))
        drift = np.where(inside, charge - self.under - self.pull * self.toward, 0.0).sum(axis=1)
        stiff = pull.sum(axis=1)
        knots = np.where(inside[..., None], self.values, 0.0).reshape(len(charge), -1)
        knots.sort(axis=1)

        def marginal(units: Floats, *, at: bool) -> Floats:
            cost: Floats = (both * self._chance(units, at=at)).sum(axis=1) + drift + stiff * units
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
        beyond = high >= knots.shape[1]
        sloping = (low >= 0) & ~beyond & (after >= 0) & (rises > 0)
        part = np.divide(-before, rises, out=np.ones(len(left)), where=sloping)
        falls = np.divide(right - left, rises, out=np.zeros(len(left)), where=sloping)
        loose = np.divide(1.0, stiff, out=np.full(len(left), np.inf), where=stiff > 0)
        free = left + np.clip(part, 0.0, 1.0) * (right - left)
        free = np.where(low < 0, 0.0, free)
        np.multiply(before, loose, out=free, where=beyond)
        free = np.where(beyond, left - free, free)
        least = np.where(inside, self.low, -np.inf).max(axis=1)
        fixed = (inside & self.fixed).any(axis=1)
        units = np.where(fixed, least, np.clip(free, least, np.maximum(self.high, least)))
        inner = (sloping | beyond) & (units == free) & ~fixed & np.isfinite(free)
        return units, np.where(inner, np.where(beyond, loose, falls), 0.0)

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
        chance: Floats = self.levels[left[..., 0]] + np.diff(self.levels)[left[..., 0]] * part
        return chance
