"""Point forecasts made into distributions by their own past errors.

At each past origin whose horizon has since passed, the point forecast is compared with what
came; the ratios of the two, among variants of like size, are the distribution that a new point
forecast is multiplied with (split conformal prediction on relative errors).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.demand.features import active_at
from production.demand.forecast import LEVELS, DemandHistory, Forecast, Forecaster
from production.demand.periods import word
from production.errors import TooLittleHistory

PAST_ORIGINS: Final = 26
ROWS_A_CLASS: Final = 200
CLASSES: Final = 10
SILENT: Final = 1e-3
"""Units over the horizon; a forecast of less is one of none, and no ratio to it says anything."""


class ConformalForecaster(Forecaster):
    """A method that says one number a week; its quantiles come from its past errors."""

    weeks_needed: int
    """Weeks before an origin that one point forecast stands on."""

    @abstractmethod
    def rates(self, history: DemandHistory) -> NDArray[np.float64]:
        """(V, T + 1) expected units in the `horizon` periods from each one on, from before it."""

    def forecast(self, history: DemandHistory) -> Forecast:
        """The point forecast as the mean, past errors as the spread; see `Forecaster`."""
        horizon, span, per_week = history.horizon, len(history.periods), history.per_week
        needed = self.weeks_needed * per_week
        first = max(needed, span - horizon - PAST_ORIGINS + 1)
        if span - horizon < first:
            raise TooLittleHistory(
                f"'{self.name}' needs {needed + horizon} {word(per_week)}s of orders to forecast "
                f"{horizon}; {span} lie before {history.origin}.",
                where="orders",
                fix="Choose a later date, a shorter horizon or a method that needs fewer weeks.",
            )
        rates = self.rates(history)
        points, actuals = [], []
        for week in range(first, span - horizon + 1):
            active = active_at(history.units, week, per_week)
            points.append(rates[active, week])
            actuals.append(history.units[active, week : week + horizon].sum(axis=1))
        point = rates[history.active, span]
        quantiles = spread(point, np.concatenate(points), np.concatenate(actuals))
        return Forecast(
            method=self.name,
            origin=history.origin,
            variants=history.variants[history.active],
            weekly=np.repeat(point[:, None] / horizon, horizon, axis=1),
            mean=point,
            quantiles=quantiles,
        )


def spread(
    point: NDArray[np.float64], points: NDArray[np.float64], actuals: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(V, Q) quantiles of new forecasts from past ones and what came of them.

    Past forecasts fall into classes of like size, forecasts of nothing apart. In a class the
    quantiles are the forecast times those of actual over forecast; after a forecast of nothing,
    those of what came.
    """
    result = np.zeros((len(point), len(LEVELS)))
    silent = points <= SILENT
    if silent.any():
        result[point <= SILENT] = np.quantile(actuals[silent], LEVELS)
    if silent.all():
        result[point > SILENT] = point[point > SILENT, None]
        return result
    spoken = points[~silent]
    ratios = actuals[~silent] / spoken
    classes = int(np.clip(len(spoken) // ROWS_A_CLASS, 1, CLASSES))
    edges = np.quantile(spoken, np.arange(1, classes) / classes)
    theirs = np.searchsorted(edges, spoken, side="right")
    mine = np.searchsorted(edges, point, side="right")
    for size in range(classes):
        members = ratios[theirs == size] if np.any(theirs == size) else ratios
        chosen = (mine == size) & (point > SILENT)
        result[chosen] = point[chosen, None] * np.quantile(members, LEVELS)
    return result
