"""Demand of a part: how many of a variant's units fall into its first weeks, or into a region.

Each unit falls into the part by itself with the part's share, so that of d units the part takes
s d on average with a variance of s (1 - s) d (a binomial thinning, here by its normal limit).
A part of uncertain demand is thus relatively less certain than the whole, as it should be.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from production.allocation.quantiles import DemandCurves

Floats = NDArray[np.float64]

POINTS: Final = 256
"""Evenly spread draws of the whole, each with a draw of its part."""

BLOCK: Final = 4096
"""Variants that are looked at at once."""

GOLDEN: Final = (5**0.5 - 1) / 2
"""Steps by it spread as evenly as any over the unit interval, whichever the order."""


def thinned(curves: DemandCurves, share: Floats) -> DemandCurves:
    """Demand of a part of each variant's units, at the same levels; O(V POINTS log POINTS).

    Args:
        curves: demand of the whole.
        share: (V,) from 0 to 1; the part's expected units are that share of the whole's exactly,
            and a share of 1 is the whole itself.
    """
    values = np.zeros_like(curves.values)
    for start in range(0, len(curves), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(curves)))
        values[rows] = _part(curves.levels, curves.values[rows], share[rows])
    part = DemandCurves(curves.levels, np.asfortranarray(values))
    mean, asked = part.mean(), share * curves.mean()
    values = values * np.divide(asked, mean, out=np.zeros(len(mean)), where=mean > 0)[:, None]
    whole = share >= 1
    return DemandCurves(
        curves.levels, np.asfortranarray(np.where(whole[:, None], curves.values, values))
    )


def _part(levels: Floats, values: Floats, share: Floats) -> Floats:
    """(N, K) units of the part at each level, from 0 to the last one extended."""
    place = np.arange(POINTS)
    chance = (place + 0.5) / POINTS
    left = np.searchsorted(levels[1:-1], chance, side="right")
    part = (chance - levels[left]) / np.diff(levels)[left]
    whole = values[:, left] + part * (values[:, left + 1] - values[:, left])  # (N, POINTS)
    spread = np.sqrt(share * (1 - share))[:, None] * np.sqrt(whole)
    drawn = share[:, None] * whole + spread * ndtri((0.5 + place * GOLDEN) % 1.0)
    drawn = np.sort(np.clip(drawn, 0.0, whole), axis=1)
    inner = np.quantile(drawn, levels[1:-1], axis=1).T
    slope = (inner[:, -1] - inner[:, -2]) / (levels[-2] - levels[-3])
    last = inner[:, -1] + slope * (1.0 - levels[-2])
    return np.column_stack((np.zeros(len(inner)), inner, last))
