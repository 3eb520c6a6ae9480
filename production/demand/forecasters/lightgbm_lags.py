"""Plain gradient boosting on lags: what a data scientist would try first, as the reference to beat.

One LightGBM of all variants on a variant's last 13 weeks and its rolling means, absolute error as
the loss, usual settings. It says one number; its past errors, of the same method fitted a horizon
earlier, give the spread (split conformal prediction).
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from production.demand.features import active_at, moving_mean
from production.demand.forecast import LEVELS, DemandHistory, Forecast, Forecaster
from production.demand.forecasters.conformal import spread
from production.demand.forecasters.trees import Trees, predicted
from production.demand.periods import word
from production.errors import TooLittleHistory

LAGS: Final = 13
MEANS: Final = (4, 8, 13, 26)
FIRST_ORIGIN: Final = 8
"""Weeks before the earliest row."""

FEWEST_ORIGINS: Final = 4
MOST_ROWS: Final = 100_000
TREES: Final = 300
SETTINGS: Final[dict[str, Any]] = {
    "num_leaves": 31, "learning_rate": 0.05, "min_data_in_leaf": 20,
}  # fmt: skip


class LightGBMLags(Forecaster):
    """LightGBM on lags with absolute error."""

    name: ClassVar[str] = "lightgbm_lags"

    def forecast(self, history: DemandHistory) -> Forecast:
        """See `Forecaster`; the mean is the one number that it says."""
        horizon, span, per_week = history.horizon, len(history.periods), history.per_week
        first = FIRST_ORIGIN * per_week
        needed = first + FEWEST_ORIGINS - 1 + 2 * horizon
        if span < needed:
            raise TooLittleHistory(
                f"'{self.name}' needs {needed} {word(per_week)}s of orders to forecast "
                f"{horizon}; {span} lie before {history.origin}.",
                where="orders",
                fix="Choose a later date, a shorter horizon or a method that needs fewer weeks.",
            )
        means = tuple(moving_mean(history.units, weeks * per_week) for weeks in MEANS)
        before, came = _learned(history, means, span - horizon)
        point, _ = _learned(history, means, span)
        return Forecast(
            method=self.name,
            origin=history.origin,
            variants=history.variants[history.active],
            weekly=np.repeat(point[:, None] / horizon, horizon, axis=1),
            mean=point,
            quantiles=_around(point, spread(point, before, came)),
        )


def _around(point: NDArray[np.float64], quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V, Q) the same quantiles with the point as their median, which is what absolute error is
    least at; the others give way.
    """  # noqa: D205  # one sentence
    middle = LEVELS.index(0.5)
    result = quantiles.copy()
    result[:, :middle] = np.minimum(result[:, :middle], point[:, None])
    result[:, middle:] = np.maximum(result[:, middle:], point[:, None])
    result[:, middle] = point
    return result


def _learned(
    history: DemandHistory, means: tuple[NDArray[np.float64], ...], origin: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the method says of the variants active at an origin; what came, zeros if not yet."""
    horizon, per_week = history.horizon, history.per_week
    active = active_at(history.units, origin, per_week)
    last, first = origin - horizon, FIRST_ORIGIN * per_week
    affordable = max(FEWEST_ORIGINS, MOST_ROWS // max(1, int(active.sum())))
    rows, target = [], []
    for place in range(last, first - 1, -1)[:affordable]:
        chosen = active_at(history.units, place, per_week)
        rows.append(_lags(history, means, chosen, place))
        target.append(history.units[chosen, place : place + horizon].sum(axis=1))
    came = np.concatenate(target)
    trees = Trees(np.concatenate(rows), came, np.ones(len(came))).median(SETTINGS, TREES)
    said = np.maximum(predicted(trees, _lags(history, means, active, origin)), 0.0)
    return said, history.units[active, origin : origin + horizon].sum(axis=1)


def _lags(
    history: DemandHistory,
    means: tuple[NDArray[np.float64], ...],
    rows: NDArray[np.bool_],
    place: int,
) -> NDArray[np.float32]:
    """(rows, LAGS + MEANS) units of the periods before an origin, the newest first."""
    reach = LAGS * history.per_week
    lags = np.full((int(rows.sum()), reach), np.nan)
    known = min(place, reach)
    lags[:, :known] = history.units[rows, place - known : place][:, ::-1]
    rolling = np.stack([mean[rows, place] for mean in means], axis=1)
    return np.hstack([lags, rolling]).astype(np.float32)
