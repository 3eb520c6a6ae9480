"""Demand as a distribution: the piecewise-linear inverse through a forecast's quantiles.

The inverse distribution is linear between (0, 0), the given quantiles, and (1, the last
quantile extended with the slope of the last two). Everything that allocation needs of it is
then exact: the inverse, the distribution function, and the expected shortage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from production.errors import BadDemand

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
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

    def inverse(self, probability: Floats) -> Floats:
        """(V,) units that demand stays below with that probability, one a variant; O(V log K)."""
        left = np.searchsorted(self.levels, probability, side="right") - 1
        left = np.clip(left, 0, len(self.levels) - 2)
        low, high = self.levels[left], self.levels[left + 1]
        rows = np.arange(len(self))
        below, above = self.values[rows, left], self.values[rows, left + 1]
        return below + (above - below) * (probability - low) / (high - low)

    def below(self, units: Floats) -> Floats:
        """(V,) probability that demand is at most `units`; O(V K)."""
        rows = np.arange(len(self))
        last = len(self.levels) - 1
        left = (self.values <= units[:, None]).sum(axis=1) - 1
        inside = (left >= 0) & (left < last)
        left = np.clip(left, 0, last - 1)
        low, high = self.values[rows, left], self.values[rows, left + 1]
        part = (units - low) / np.where(inside, high - low, 1.0)
        within = self.levels[left] + part * (self.levels[left + 1] - self.levels[left])
        return np.where(inside, within, np.where(units < 0, 0.0, 1.0))

    def shortage(self, units: Floats) -> Floats:
        """(V,) exact expected units short, E[(D - units)+]; O(V K) time, O(V) memory.

        Between two levels demand is uniform, so each segment adds the part of its mass that
        lies above `units` times that part's mean excess.
        """
        total = np.zeros(len(self))
        for k in range(len(self.levels) - 1):
            low, high = self.values[:, k], self.values[:, k + 1]
            mass = self.levels[k + 1] - self.levels[k]
            width = high - low
            cut = np.clip(units, low, high)
            share = np.where(width > 0, (high - cut) / np.where(width > 0, width, 1.0), 1.0)
            total += mass * share * np.maximum((high + cut) / 2 - units, 0.0)
        return total

    def mean(self) -> Floats:
        """(V,) expected units."""
        return self.shortage(np.zeros(len(self)))

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
