"""Demand as a distribution: the piecewise-linear inverse through a forecast's quantiles.

The inverse distribution is linear between (0, 0), the given quantiles, and (1, the last
quantile extended with the slope of the last two). Everything that allocation needs of it is
then exact: the inverse, the distribution function, and the expected shortage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from production.errors import BadDemand

Floats = NDArray[np.float64]

BLOCK: Final = 8192
"""Variants that are looked at at once: their arrays then stay in the processor's cache."""


@dataclass(frozen=True)
class DemandCurves:
    """Inverse distributions of V variants over common levels.

    Attributes:
        levels: (K,) float64, ascending from 0 to 1.
        values: (V, K) float64, units at each level; ascending along a row, the first is 0.
    """

    levels: Floats
    values: Floats

    @classmethod
    def from_quantiles(
        cls,
        levels: Sequence[float] | Floats,
        quantiles: Floats,
        variants: Sequence[object] | NDArray[np.object_],
    ) -> Self:
        """Curves through the quantiles of a forecast.

        Args:
            levels: (Q,) at least two levels strictly between 0 and 1, ascending.
            quantiles: (V, Q) units at those levels.
            variants: (V,) ids, to name the one at fault.

        Raises:
            BadDemand: a quantile is not finite, negative or below the one before it.
        """
        inner = np.asarray(levels, dtype=np.float64)
        if len(inner) < 2 or inner[0] <= 0 or inner[-1] >= 1 or np.any(np.diff(inner) <= 0):
            raise BadDemand(
                "Quantile levels must be two or more, ascend, and lie strictly between 0 and 1.",
                fix="Give levels such as 0.05, 0.5 and 0.95.",
            )
        given = np.asarray(quantiles, dtype=np.float64)
        _refuse_bad(given, inner, variants)
        slope = (given[:, -1] - given[:, -2]) / (inner[-1] - inner[-2])
        last = given[:, -1] + slope * (1.0 - inner[-1])
        values = np.column_stack((np.zeros(len(given)), given, last))
        return cls(np.concatenate(([0.0], inner, [1.0])), np.asfortranarray(values))

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[np.integer]) -> DemandCurves:
        """The curves of some variants."""
        return DemandCurves(self.levels, np.asfortranarray(self.values[rows]))

    def scaled(self, factors: Floats) -> DemandCurves:
        """Demand so many times as large, (V,) one a variant."""
        return DemandCurves(self.levels, np.asfortranarray(self.values * factors[:, None]))

    def inverse(self, probability: Floats) -> Floats:
        """(V,) units that demand stays below with that probability, one a variant; O(V log K)."""
        left = np.searchsorted(self.levels[1:-1], probability, side="right")
        low, high = self.levels[left], self.levels[left + 1]
        rows = np.arange(len(self))
        below, above = self.values[rows, left], self.values[rows, left + 1]
        return below + (above - below) * (probability - low) / (high - low)

    @cached_property
    def areas(self) -> Floats:
        """(V, K) units, the integral of the inverse from 0 to each level, kept once computed.

        The last column is expected demand. With it, expected shortage and leftover at any
        quantity follow from one place on the curve.
        """
        areas = np.zeros_like(self.values)
        for k, width in enumerate(np.diff(self.levels)):
            middle = (self.values[:, k] + self.values[:, k + 1]) * (width / 2)
            np.add(areas[:, k], middle, out=areas[:, k + 1])
        return areas

    def below(self, units: Floats) -> Floats:
        """(V,) probability that demand is at most `units`; O(V K)."""
        return self.expected(units)[0]

    def shortage(self, units: Floats) -> Floats:
        """(V,) exact expected units short, E[(D - units)+]; O(V K) time, O(V) memory."""
        return self.expected(units)[1]

    def expected(self, units: Floats) -> tuple[Floats, Floats]:
        """(V,) probability that demand is at most `units`, and expected units short.

        With p that probability, the shortage is the mean less the integral of the inverse up to
        p, less units (1 - p).
        """
        chance, short = np.empty(len(self)), np.empty(len(self))
        for start in range(0, len(self), BLOCK):
            rows = slice(start, min(start + BLOCK, len(self)))
            chance[rows], area = self._at(rows, units[rows])
            short[rows] = self.areas[rows, -1] - area - units[rows] * (1.0 - chance[rows])
            # at or above the highest demand nothing is short, whatever the sum's rounding says
            short[rows][units[rows] >= self.values[rows, -1]] = 0.0
        return chance, np.maximum(short, 0.0, out=short)

    def mean(self) -> Floats:
        """(V,) expected units."""
        return self.areas[:, -1]

    def _at(self, rows: slice, units: Floats) -> tuple[Floats, Floats]:
        """Probability of at most `units` for some variants, and the inverse's integral up to it."""
        last = len(self.levels) - 1
        passed = np.zeros(len(units), dtype=np.uint16)
        for k in range(last + 1):
            passed += self.values[rows, k] <= units
        left = np.clip(passed.astype(np.intp) - 1, 0, last - 1)
        place = np.arange(rows.start, rows.stop)
        low, high = self.values[place, left], self.values[place, left + 1]
        part = (np.clip(units, low, high) - low) / np.where(high > low, high - low, 1.0)
        part = np.where(passed > last, 1.0, part)
        width = np.diff(self.levels)[left] * part
        area = self.areas[place, left] + width * (low + low + part * (high - low)) / 2
        return self.levels[left] + width, area

    def highest(self) -> Floats:
        """(V,) the most that demand can be."""
        return self.values[:, -1]


def _refuse_bad(
    quantiles: Floats, levels: Floats, variants: Sequence[object] | NDArray[np.object_]
) -> None:
    checks = (
        (~np.isfinite(quantiles), "is not a finite number"),
        (quantiles < 0, "is negative"),
        (np.diff(quantiles, axis=1, prepend=0.0) < 0, "lies below the quantile before it"),
    )
    for wrong, what in checks:
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise BadDemand(
                f"Demand of variant '{variants[row]}' {what}: {quantiles[row, column]:g}.",
                where=f"row {row + 1}, column q{levels[column] * 100:02.0f}",
                fix="Give finite, non-negative quantiles that do not cross.",
            )
