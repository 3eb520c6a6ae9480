"""Sample average approximation: a variant's own past sums taken for its distribution.

The decision that costs least on average over the sums of past horizons (Kleywegt, Shapiro and
Homem-de-Mello 2002): without limits their quantile at c_u / (c_u + c_o), and under shared
resources the allocation on their empirical distribution. It knows no feature, and is what the
coefficient of prescriptiveness counts from (Bertsimas and Kallus 2020).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.allocate import allocate
from production.plans.policies.situation import Situation

SAMPLE_WEEKS: Final = 26

FRACTILES: Final = np.arange(1, 20) / 20
"""The levels at which the empirical distribution is taken; a straight line between two."""

Floats = NDArray[np.float64]


def sample_average(situation: Situation) -> Floats:
    """(V,) whole units of least average cost over the last SAMPLE_WEEKS."""
    history = situation.history
    sums, counted = past_sums(
        history.units[history.active], history.first_period[history.active], history.horizon
    )
    quantiles = sample_quantiles(sums, counted, FRACTILES)
    return allocate(situation.expecting(FRACTILES, quantiles)).quantity


def past_sums(
    units: Floats, first_period: NDArray[np.int32], horizon: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """Sums over all horizons that lie in the last SAMPLE_WEEKS, and which of them count.

    Horizons overlap: one starts with each week. Those before a variant's first sale do not count,
    for then it was not on sale; the newest always does. Counting them as sums of nothing makes
    the reference weaker, by a twentieth of its cost on Online Retail II.

    Args:
        units: (V, T) units before the origin; T at least the horizon.
        first_period: (V,) week of the first sale.
        horizon: weeks of a sum.

    Returns:
        (V, windows) sums; (V, windows) bool.
    """
    span = units.shape[1]
    starts = np.arange(max(0, span - SAMPLE_WEEKS), span - horizon + 1)
    total = np.pad(units.cumsum(axis=1), ((0, 0), (1, 0)))
    counted = starts[None, :] >= first_period[:, None]
    counted[:, -1] = True
    return total[:, starts + horizon] - total[:, starts], counted


def sample_quantiles(values: Floats, counted: NDArray[np.bool_], levels: Floats) -> Floats:
    """(V, K) quantiles of each row's counted values, at least one; between two, a line.

    >>> values, counted = np.array([[3.0, 9.0, 1.0]]), np.array([[True, False, True]])
    >>> sample_quantiles(values, counted, np.array([0.5, 0.75]))
    array([[2. , 2.5]])
    """
    found: Floats = np.nanquantile(np.where(counted, values, np.nan), levels, axis=1).T
    return found
