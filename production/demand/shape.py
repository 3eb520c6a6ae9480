"""The shape of a forecast distribution, as past ratios of actual to forecast correct it.

Each quantile is multiplied with the level's weighted quantile of actual over that forecast: split
conformal quantile regression (Romano, Patterson and Candès 2019) in multiplicative form, with row
weights (Barber, Candès, Ramdas and Tibshirani 2023). It is learned by slice and by size of the
forecast; a cell is shrunk to its slice, the slice to all rows and these to no change, by the rows
that they have.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.demand.forecast import LEVELS

Floats = NDArray[np.float64]

CLASSES: Final = 5
"""Classes of like size, by q95."""

ROW_DOUBT: Final = 2000.0
"""Rows of the whole that a slice or a cell of its own is weighed against."""

ROW_POWER: Final = 0.5
"""Rows count forecast to this power: 0 is coverage of variants, 1 pinball loss."""

LARGEST_SHARE: Final = 20.0
"""A forecast counts for at most so many median forecasts, or else one giant steers all."""

RATIOS: Final = (0.2, 5.0)
"""Bounds of a ratio that a quantile is multiplied with."""


def bounded(forecast: Floats) -> Floats:
    """Positive forecasts, none of them above LARGEST_SHARE medians."""
    return np.minimum(forecast, LARGEST_SHARE * np.median(forecast))


def size_edges(quantiles: Floats) -> Floats:
    """(CLASSES - 1,) q95 that part past forecasts into classes of like size."""
    highest = quantiles[:, -1]
    positive = highest[highest > 0]
    levels = np.arange(1, CLASSES) / CLASSES
    return np.quantile(positive, levels) if len(positive) else np.zeros(CLASSES - 1)


def sizes_of(quantiles: Floats, edges: Floats) -> NDArray[np.int64]:
    """(N,) size class of each forecast by its q95, 0 to CLASSES - 1."""
    return np.searchsorted(edges, quantiles[:, -1]).astype(np.int64)


def shape_changes(
    quantiles: Floats, actual: Floats, weights: Floats, cells: NDArray[np.int64], kinds: int
) -> Floats:
    """(kinds * CLASSES, Q) logarithms that each cell's quantiles are to be moved by.

    Args:
        quantiles: (N, Q) past forecasts at LEVELS.
        actual: (N,) what came.
        weights: (N,) what each row counts.
        cells: (N,) slice times CLASSES plus size class.
        kinds: how many slices there are.
    """
    changes = np.zeros((kinds * CLASSES, len(LEVELS)))
    for column, level in enumerate(LEVELS):
        spoken = np.flatnonzero(quantiles[:, column] > 0)
        if not len(spoken):
            continue
        forecast = quantiles[spoken, column]
        ratio = actual[spoken] / forecast
        order = np.argsort(ratio, kind="stable")
        weight = (weights[spoken] * bounded(forecast) ** ROW_POWER)[order]
        ratio, cell = ratio[order], cells[spoken][order]
        kind = cell // CLASSES
        everyone = _shrunk(ratio, weight, level, 0.0)
        for place in range(kinds):
            mine = kind == place
            theirs = _shrunk(ratio[mine], weight[mine], level, everyone)
            for number in range(place * CLASSES, (place + 1) * CLASSES):
                chosen = cell == number
                changes[number, column] = _shrunk(ratio[chosen], weight[chosen], level, theirs)
    return changes


def _shrunk(ratio: Floats, weight: Floats, level: float, towards: float) -> float:
    """Logarithm of the weighted quantile of ascending ratios, pulled towards another."""
    count = len(ratio)
    if not count:
        return towards
    reached = np.cumsum(weight)
    place = int(np.searchsorted(reached, level * reached[-1]))
    found = float(np.log(np.clip(ratio[min(place, count - 1)], *RATIOS)))
    return towards + (found - towards) * count / (count + ROW_DOUBT)
