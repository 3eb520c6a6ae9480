"""The mean of a forecast distribution, its upper tail included.

Quantiles at LEVELS say nothing of how far demand goes beyond the highest of them, and it is there
that bulk orders lie. The mean is therefore taken in two pieces:

    E[D] = E[min(D, q95)] + E[(D - q95)+]

The first follows from the quantiles: the distribution runs straight from 0 through them. The
second is the share of mass above q95 times the mean excess, in units of q95. Without past
forecasts the excess is that of a straight line on from q90 and q95; with them it is that of a
generalised Pareto distribution of past exceedances (Pickands 1975), fitted by probability-weighted
moments (Hosking and Wallis 1987), which a single giant order moves far less than the plain mean.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.demand.forecast import LEVELS

KNOTS: Final = np.array((0.0, *LEVELS))
BEYOND: Final = 1.0 - LEVELS[-1]
"""Share of the mass above the highest quantile."""

HEAVIEST: Final = 0.3
"""The tail's largest shape. Below 1 a mean exists and below 1/2 a variance; what looks heavier than
this rests on single orders, which do not come again."""

FEWEST: Final = 20
"""Exceedances that a tail is fitted to at least."""


def capped_mean(quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V,) E[min(D, q95)] of distributions that run straight from 0 through (V, Q) quantiles.

    >>> capped_mean(np.array([LEVELS])).round(5)  # uniform on 0..1
    array([0.49875])
    """
    ends = np.pad(quantiles, ((0, 0), (1, 0)))
    body = (ends[:, 1:] + ends[:, :-1]) @ np.diff(KNOTS) / 2
    result: NDArray[np.float64] = body + BEYOND * quantiles[:, -1]
    return result


def straight_excess(quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V,) mean excess over q95, E[D - q95 | D > q95], where the last slope goes on."""
    slope = (quantiles[:, -1] - quantiles[:, -2]) / (LEVELS[-1] - LEVELS[-2])
    result: NDArray[np.float64] = slope * BEYOND / 2
    return result


def mean_exceedance(excess: NDArray[np.float64], weight: NDArray[np.float64]) -> float | None:
    """Mean of a generalised Pareto distribution fitted to weighted exceedances.

    With the weighted moments a0 = E[x] and a1 = E[x (1 - F)] the shape is 2 - a0 / (a0 - 2 a1) and
    the mean a0. Where the shape is above HEAVIEST it is set to it, and the mean is the one that
    belongs to a1, which hardly feels the largest values: 2 a1 (2 - shape) / (1 - shape).

    Args:
        excess: (N,) positive.
        weight: (N,) not negative.

    Returns:
        The mean; None for fewer than FEWEST exceedances.
    """
    if len(excess) < FEWEST or weight.sum() <= 0:
        return None
    order = np.argsort(excess, kind="stable")
    x, share = excess[order], weight[order] / weight.sum()
    above = 1.0 - (np.cumsum(share) - share / 2)
    a0, a1 = float(share @ x), float(share @ (x * above))
    return min(a0, 2 * a1 * (2 - HEAVIEST) / (1 - HEAVIEST))
