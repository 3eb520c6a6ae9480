"""Gradient boosting of every quantile, on terms that are relative to a variant's size.

Rows are variants at past origins whose horizon has passed, as in `forecasters.linear`, and so are
the terms. Trees cannot extrapolate, so both sides are made free of size: a column is the
logarithm of a term over the variant's size, and the target that of the horizon's units over size
times what the market does (`production.demand.market.response`). Quantiles of a logarithm are
logarithms of quantiles, so nothing is lost by that, and one bulk order counts for less than its
units: with few weeks of wholesale orders that was better than learning units or ratios. Small
trees were better than large ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from production.demand.features import Terms, active_at, terms
from production.demand.forecast import LEVELS, PARTS, DemandHistory, Forecast, Forecaster
from production.demand.forecasters.linear import MEAN_WEIGHTS, training_origins
from production.demand.forecasters.trees import Trees, contributions, predicted
from production.demand.market.response import WIDEST, MarketResponse, learn_response
from production.demand.parts import closed, of_contributions, of_linear, of_market

MOST_ROWS: Final = 15_000
"""40,000 rows and 150 trees lost .3 % less on early origins, and took four times as long."""

TREES: Final = 60
BINS: Final = 127
SETTINGS: Final[dict[str, Any]] = {
    "num_leaves": 6, "learning_rate": 0.15, "min_data_in_leaf": 60,
    "feature_fraction": 0.4, "bagging_fraction": 0.6, "bagging_freq": 1,
}  # fmt: skip
SIZE_POWER: Final = 0.7
"""Rows weigh size to this: an error counts by its units, but not by all of them."""

SIZES: Final = ("steady", "steady_slow", "usual", "usual_fast")
"""A variant's size is the mean of these terms, which no single bulk order decides."""

APART: Final = frozenset({"constant", "newness", "momentum", "price"})
"""Terms that are no level: the same for all of a week, or said by a column of their own."""

LAGS: Final = 8
LINE_LAGS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What trees see of variants at one origin.

    Attributes:
        names: F names; that of a term where the column is a term's.
        values: (N, F) float32, NaN where not known.
        size: (N,) units a period.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    size: NDArray[np.float64]


class Boosting(Forecaster):
    """LightGBM on the demand terms, for all quantiles."""

    name: ClassVar[str] = "boosting"

    def forecast(self, history: DemandHistory) -> Forecast:
        """Learn from past origins, then apply to this one; see `Forecaster`."""
        response = learn_response(history)
        known, factors = terms(history), response.factors()
        trees = learned_trees(history, known, factors)
        now = columns(history, known, len(history.periods), history.active)
        factor = factors[history.group[history.active], len(history.periods)]
        said = [trees.quantile(level, SETTINGS, TREES) for level in LEVELS]
        logs = np.stack([predicted(each, now.values) for each in said], axis=1)
        units = np.exp(logs) * (now.size * factor.sum(axis=1))[:, None]
        quantiles = np.sort(np.maximum(units - start_of(now.size)[:, None], 0.0), axis=1)
        mean = quantiles @ MEAN_WEIGHTS
        weekly = mean[:, None] * factor / factor.sum(axis=1, keepdims=True)
        shap = contributions(said[LEVELS.index(0.5)], now.values)
        return Forecast(
            method=self.name,
            origin=history.origin,
            variants=history.variants[history.active],
            weekly=weekly,
            mean=weekly.sum(axis=1),
            quantiles=quantiles,
            parts=closed(_parts(history, now, shap, response), weekly.sum(axis=1)),
        )


def columns(history: DemandHistory, known: Terms, place: int, rows: NDArray[np.bool_]) -> Columns:
    """What trees see of some variants at the start of a period.

    Args:
        history: the demand history.
        known: its terms.
        place: position of the period.
        rows: (V,) bool, the variants.
    """
    values = dict(zip(known.names, known.at(rows, place).T, strict=True))
    size = np.mean([values[name] for name in SIZES], axis=0) + 0.25
    table = {
        name: np.log((np.maximum(value, 0.0) + 0.1) / size)
        for name, value in values.items()
        if name not in APART
    }
    table["size"] = np.log(size)
    if "price" in values:
        level = values["level"]
        change = np.divide(values["price"], level, out=np.zeros_like(level), where=level > 0)
        table |= {"price": change, "price_height": np.log(_latest_price(history, place, rows))}
    table |= _rhythm(history, place, rows, size)
    return Columns(
        names=tuple(table),
        values=np.stack(list(table.values()), axis=1).astype(np.float32),
        size=size,
    )


def _rhythm(
    history: DemandHistory, place: int, rows: NDArray[np.bool_], size: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """When and how much the variants sold lately, by week."""
    per_week = history.per_week
    reach = min(place // per_week, 26)
    recent = slice(place - reach * per_week, place)
    shape = (len(size), reach, per_week)
    units = history.units[rows, recent].reshape(shape).sum(axis=2)[:, ::-1]  # the newest first
    lines = history.lines[rows, recent].reshape(shape).sum(axis=2)[:, ::-1]
    sold = units > 0
    unknown = np.full(len(size), np.nan)
    table = {
        f"lag_{lag + 1}": np.log((units[:, lag] + 0.1) / size) if lag < reach else unknown
        for lag in range(LAGS)
    }
    table |= {
        f"lines_{lag + 1}": lines[:, lag] if lag < reach else unknown for lag in range(LINE_LAGS)
    }
    table["sold_4"] = sold[:, :4].sum(axis=1).astype(float)
    table["sold_13"] = sold[:, :13].sum(axis=1).astype(float)
    table["largest_13"] = np.log((units[:, :13].max(axis=1, initial=0.0) + 0.1) / size)
    table["quiet"] = np.where(sold.any(axis=1), sold.argmax(axis=1), reach).astype(float)
    table["age"] = np.minimum((place - history.first_period[rows]) / per_week, 40.0)
    siblings = np.bincount(history.style, minlength=len(history.styles))
    table["style_size"] = siblings[history.style[rows]].astype(float)
    return table


def _latest_price(
    history: DemandHistory, place: int, rows: NDArray[np.bool_]
) -> NDArray[np.float64]:
    price = history.price[rows, place - 1]
    return np.where(price > 0, price, 1.0)


def start_of(size: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) what is added to units before their logarithm: of the order of a Poisson error."""
    start: NDArray[np.float64] = 0.5 * np.sqrt(size) + 0.5
    return start


def learned_trees(
    history: DemandHistory,
    known: Terms,
    factors: NDArray[np.float64],
    most_rows: int = MOST_ROWS,
) -> Trees:
    """Rows of past origins, at most so many of them by chance, binned."""
    parts, targets, weights = [], [], []
    for place in training_origins(history):
        active = active_at(history.units, int(place), history.per_week)
        seen = columns(history, known, int(place), active)
        factor = factors[history.group[active], place].sum(axis=1)
        came = history.units[active, place : place + history.horizon].sum(axis=1)
        parts.append(seen.values)
        targets.append(np.log((came + start_of(seen.size)) / (seen.size * factor)))
        weights.append(seen.size**SIZE_POWER)
    rows, target, weight = (np.concatenate(each) for each in (parts, targets, weights))
    if len(rows) > most_rows:
        some = np.sort(np.random.default_rng(0).permutation(len(rows))[:most_rows])
        rows, target, weight = rows[some], target[some], weight[some]
    return Trees(rows, target, weight, bins=BINS)


def _parts(
    history: DemandHistory, now: Columns, shap: NDArray[np.float64], response: MarketResponse
) -> NDArray[np.float64]:
    """(V, P) of the median: SHAP values of its logarithm made a sum by the logarithmic mean.

    With base b and contributions c, exp(b + Σ c) = exp(b) + Σ c L, where L is the logarithmic
    mean of both sides (see `production.demand.parts`). The market comes on top.
    """
    base, moved = shap[:, -1], shap[:, :-1].sum(axis=1)
    mean = np.divide(np.expm1(moved), moved, out=np.ones_like(moved), where=moved != 0)
    amounts = shap * (np.exp(base) * mean)[:, None]
    amounts[:, -1] = np.exp(base)
    split = of_contributions(amounts, now.names, now.size)
    market = of_market(response.logs(), response.names, WIDEST)[history.group[history.active]]
    parts = of_linear(split, market, history.horizon)
    parts[:, PARTS.index("level")] -= start_of(now.size)
    return parts
