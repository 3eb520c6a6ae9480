"""A variant's own past sums, and nothing else: what a table of the last year says."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from production.demand.forecast import LEVELS, DemandHistory, Forecast, Forecaster
from production.demand.periods import YEAR_WEEKS, word
from production.errors import TooLittleHistory

WINDOWS: Final = YEAR_WEEKS
"""Weeks that past sums start in, at most."""


class EmpiricalSums(Forecaster):
    """Quantiles of a variant's sums over past horizons; the mean is theirs.

    The horizons overlap, one starts with each period; they lie behind the variant's first sale,
    but for the newest, which always counts.
    """

    name: ClassVar[str] = "empirical_sums"

    def forecast(self, history: DemandHistory) -> Forecast:
        """See `Forecaster`; O(V T log T)."""
        horizon, span = history.horizon, len(history.periods)
        if span < horizon:
            raise TooLittleHistory(
                f"'{self.name}' needs {horizon} {word(history.per_week)}s of orders to forecast "
                f"{horizon}; {span} lie before {history.origin}.",
                where="orders",
                fix="Choose a later date or a shorter horizon.",
            )
        chosen = history.active
        starts = np.arange(span - horizon + 1)[-WINDOWS * history.per_week :]
        total = np.pad(history.units[chosen].cumsum(axis=1), ((0, 0), (1, 0)))
        sums = total[:, starts + horizon] - total[:, starts]  # (V, windows)
        counted = starts[None, :] >= history.first_period[chosen, None]
        counted[:, -1] = True
        mean = (sums * counted).sum(axis=1) / counted.sum(axis=1)
        return Forecast(
            method=self.name,
            origin=history.origin,
            variants=history.variants[chosen],
            weekly=np.repeat(mean[:, None] / horizon, horizon, axis=1),
            mean=mean,
            quantiles=row_quantiles(sums, counted),
        )


def row_quantiles(values: NDArray[np.float64], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(V, Q) quantiles at LEVELS of each row's counted values, at least one; between two, a line.

    >>> row_quantiles(np.array([[3.0, 9.0, 1.0]]), np.array([[True, False, True]]))[0, 3]
    np.float64(2.0)
    """
    ascending = np.sort(np.where(counted, values, np.inf), axis=1)
    place = np.array(LEVELS) * (counted.sum(axis=1, keepdims=True) - 1)  # (V, Q)
    below = place.astype(np.int64)
    above = np.ceil(place).astype(np.int64)
    low = np.take_along_axis(ascending, below, axis=1)
    high = np.take_along_axis(ascending, above, axis=1)
    result: NDArray[np.float64] = low + (high - low) * (place - below)
    return result
