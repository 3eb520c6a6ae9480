"""One linear regression for every variant and week, mean and quantiles.

Rows are variants at past origins whose horizon has passed; columns are the terms of
`production.demand.features`, each times what the market does to the week
(`production.demand.market.response`). Pooled over all variants, a coefficient is learned from tens
of thousands of rows and can be read: what one unit a week of a term adds to a week's demand.

The quantiles are linear quantile regression on the horizon's sum (Koenker and Bassett 1978;
as a newsvendor's decision Ban and Rudin 2019), sorted so that they never cross. The mean is
the mean of the distribution that they span (an L-estimator, Koenker and Portnoy 1987). Least
squares was tried and left: a handful of bulk orders moves its coefficients, and on past origins
of wholesale orders its errors were larger, squared ones included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.features import MEANINGS, RISING, Terms, active_at, terms
from production.demand.forecast import LEVELS, DemandHistory, Forecast, Forecaster
from production.demand.linear import Sample, quantile, ridge
from production.demand.market.calendar import CALENDAR
from production.demand.market.response import WIDEST, MarketResponse, learn_response
from production.demand.parts import closed, of_linear, of_market, of_terms
from production.demand.periods import word
from production.errors import TooLittleHistory

FIRST_ORIGIN: Final = 8
"""Weeks of history that the earliest training row stands on."""

FEWEST_ORIGINS: Final = 4
MOST_ORIGINS: Final = 78
MOST_ROWS: Final = 100_000
EVEN_POWER: Final = 0.3
"""Rows weigh level to the minus this: big variants count for more, but not by their size."""

PENALTY: Final = 1e-3

MEAN_WEIGHTS: Final = np.array([0.05, 0.10, 0.20, 0.25, 0.20, 0.075, 0.10])
"""The mean of a distribution that runs straight from 0 through the quantiles at LEVELS, and on
with the slope of the last two: what each quantile weighs in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Variants at past origins, with what came.

    Attributes:
        static: (N, F) terms, units a week.
        factor: (N, H) what the market multiplies each week's demand with.
        weekly: (N, H) units that came; zeros where they have not yet.
    """

    static: NDArray[np.float64]
    factor: NDArray[np.float64]
    weekly: NDArray[np.float64]

    def total(self) -> NDArray[np.float64]:
        """(N, F) columns of the horizon's sum: the sum of its weeks' columns."""
        columns: NDArray[np.float64] = self.static * self.factor.sum(axis=1, keepdims=True)
        return columns


class Regression(Forecaster):
    """The explainable member of the default, and a method of its own."""

    name: ClassVar[str] = "linear"

    def forecast(self, history: DemandHistory) -> Forecast:
        """Learn from past origins, then apply to this one; see `Forecaster`.

        About 2 s a 100,000 rows; at most MOST_ROWS rows are used, the latest.
        """
        origins = training_origins(history)
        response = learn_response(history)
        known, factors = terms(history), response.factors()
        rows = past_rows(history, known, factors, origins)
        slopes, scale = quantile_slopes(rows, known)
        now = rows_at(history, known, factors, len(history.periods))
        quantiles = np.sort(np.maximum(now.total() @ slopes.T, 0.0), axis=1)
        mean = quantiles @ MEAN_WEIGHTS
        share = now.factor / now.factor.sum(axis=1, keepdims=True)
        weekly = mean[:, None] * share  # (V, H)
        split = of_terms(now.static, known.names, MEAN_WEIGHTS @ slopes)
        market = of_market(response.logs(), response.names, WIDEST)[history.group[history.active]]
        return Forecast(
            method=self.name,
            origin=history.origin,
            variants=history.variants[history.active],
            weekly=weekly,
            mean=weekly.sum(axis=1),
            quantiles=quantiles,
            parts=closed(of_linear(split, market, history.horizon), weekly.sum(axis=1)),
            effects=_effects(known, slopes, scale, response),
        )


def training_origins(history: DemandHistory) -> NDArray[np.int64]:
    """Positions of the past origins to learn from: the latest whose horizon has passed.

    Every week where rows are few; else further apart, for targets that overlap say little more.

    Raises:
        TooLittleHistory: there are fewer than FEWEST_ORIGINS.
    """
    span, horizon, per_week = len(history.periods), history.horizon, history.per_week
    first, last = FIRST_ORIGIN * per_week, span - horizon
    needed = first + horizon + FEWEST_ORIGINS - 1
    if span < needed:
        raise TooLittleHistory(
            f"The demand regression needs {needed} {word(per_week)}s of orders to forecast "
            f"{horizon}; {span} lie before {history.origin}.",
            where="orders",
            fix="Choose a later date, a shorter horizon or --method exponential_smoothing.",
        )
    count = min(last - first + 1, MOST_ORIGINS)
    affordable = max(FEWEST_ORIGINS, MOST_ROWS // max(1, int(history.active.sum())))
    stride = min(-(-count // affordable), horizon)
    return np.arange(last, first - 1, -stride)[:affordable][::-1]


def past_rows(
    history: DemandHistory,
    known: Terms,
    factors: NDArray[np.float64],
    origins: NDArray[np.int64],
) -> Rows:
    """The rows of all past origins to learn from."""
    past = [rows_at(history, known, factors, int(week)) for week in origins]
    return Rows(
        static=np.concatenate([part.static for part in past]),
        factor=np.concatenate([part.factor for part in past]),
        weekly=np.concatenate([part.weekly for part in past]),
    )


def rows_at(history: DemandHistory, known: Terms, factors: NDArray[np.float64], week: int) -> Rows:
    """The variants active at the start of a week."""
    active = active_at(history.units, week, history.per_week)
    weekly = np.zeros((int(active.sum()), history.horizon))
    if week < len(history.periods):
        weekly = history.units[active, week : week + history.horizon]
    return Rows(
        static=known.at(active, week),
        factor=factors[history.group[active], week],
        weekly=weekly,
    )


def quantile_slopes(
    rows: Rows, known: Terms, levels: Sequence[float] = LEVELS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(Q, F) coefficients of each quantile of the horizon's sum; (F,) usual size of each term."""
    level = rows.static[:, known.names.index("level")]
    weight = (level + 1.0) ** -EVEN_POWER
    sample = Sample.of(rows.total(), rows.weekly.sum(axis=1), weight)
    penalty = np.full(len(known.names), PENALTY)
    lowest = np.array([0.0 if name in RISING else -np.inf for name in known.names])
    start = ridge(sample, penalty)
    fitted = []
    for tau in levels:
        start = quantile(sample, tau, penalty, start, lowest)
        fitted.append(sample.coefficients(start))
    return np.array(fitted), sample.scale / rows.weekly.shape[1]


def _effects(
    known: Terms,
    slopes: NDArray[np.float64],
    scale: NDArray[np.float64],
    response: MarketResponse,
) -> pd.DataFrame:
    """One term or regressor a row: see `Forecast.effects`."""
    mean = MEAN_WEIGHTS @ slopes
    by_term = pd.DataFrame(
        {
            "term": known.names,
            "kind": "term",
            "group": "",
            "meaning": [MEANINGS[name] for name in known.names],
            "median": slopes[LEVELS.index(0.5)],
            "mean": mean,
            "effect": mean * scale,
            "unit": "units a week",
        }
    )
    by_regressor = [
        pd.DataFrame(
            {
                "term": response.names,
                "kind": "regressor",
                "group": group,
                "meaning": [
                    f"{CALENDAR[name]}; one standard deviation above lately"
                    if name in CALENDAR
                    else "one standard deviation above lately"
                    for name in response.names
                ],
                "median": slope,
                "mean": slope,
                "effect": 100 * np.expm1(slope),
                "unit": "%",
            }
        )
        for group, slope in zip(response.groups, response.slopes, strict=True)
    ]
    return pd.concat([by_term, *by_regressor], ignore_index=True)
