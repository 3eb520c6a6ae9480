"""Level times market effects, by period: the default where demand is read by day.

A variant's units are its level times what the market does to its group
(`production.demand.market.effects`). The level is smoothed from units cleared of those effects:
Σ k u / Σ k f over past periods, with k falling geometrically, u units and f the effects' factor.
So a variant that is on sale on rainy Sundays only is not taken for a small one. How fast it is
smoothed is chosen by the errors at past origins, where level and effects were learned before
each. Those errors are the spread as well (split conformal): each variant's own of the last weeks
where there are few variants, those of variants of like size where there are many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.features import active_at
from production.demand.forecast import LEVELS, DemandHistory, Forecast, Forecaster
from production.demand.forecasters.conformal import spread
from production.demand.market.calendar import CALENDAR
from production.demand.market.effects import FIRST_WEEKS, MarketEffects, Span, learn_effects
from production.demand.parts import closed, of_linear, of_market, of_mean
from production.demand.periods import word
from production.demand.poisson import WIDEST
from production.errors import TooLittleHistory

ALPHAS: Final = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Weights of the newest period tried for the variants' levels."""

FEW_VARIANTS: Final = 20
OWN_ORIGINS: Final = 13
"""Of a variant's own past errors, those of the last so many weekly origins count, if they are
FEWEST_OWN; their quantiles are taken further out, as a small sample needs."""

FEWEST_OWN: Final = 10
MORE_ORIGINS: Final = 3
"""Weeks beyond the first past origin, so that there are errors to learn from."""


class LogLinear(Forecaster):
    """Smoothed level times learned effects of calendar and market."""

    name: ClassVar[str] = "log_linear"

    def forecast(self, history: DemandHistory) -> Forecast:
        """See `Forecaster`."""
        span, horizon, per_week = len(history.periods), history.horizon, history.per_week
        needed = (FIRST_WEEKS + MORE_ORIGINS) * per_week + horizon
        if span < needed:
            raise TooLittleHistory(
                f"'{self.name}' needs {needed} {word(per_week)}s of orders to forecast {horizon}; "
                f"{span} lie before {history.origin}.",
                where="orders",
                fix="Choose a later date, a shorter horizon or --method exponential_smoothing.",
            )
        learned = learn_effects(history)
        past, alpha = _past_points(history, learned.trials)
        level = _levels(history, learned.now, alpha)[history.active]  # (V, 1)
        factor = learned.now.ahead[history.group[history.active], 0]  # (V, H)
        weekly = level * factor
        mean = weekly.sum(axis=1)
        return Forecast(
            method=self.name,
            origin=history.origin,
            variants=history.variants[history.active],
            weekly=weekly,
            mean=mean,
            quantiles=_quantiles(history, mean, past),
            parts=_parts(history, learned, weekly),
            effects=_effects(history, learned),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _PastPoints:
    """Sums over the horizon at O past origins, ascending.

    Attributes:
        point: (V, O) forecast.
        actual: (V, O) what came.
        active: (V, O) bool, whether the variant was active.
    """

    point: NDArray[np.float64]
    actual: NDArray[np.float64]
    active: NDArray[np.bool_]


def _past_points(history: DemandHistory, trials: tuple[Span, ...]) -> tuple[_PastPoints, float]:
    """Forecasts at past origins of the variants active there, and the smoothing chosen."""
    ends = np.pad(history.units.cumsum(axis=1), ((0, 0), (1, 0)))
    came, used = [], []
    for trial in trials:
        came.append(ends[:, trial.origins + history.horizon] - ends[:, trial.origins])
        used.append(
            np.stack(
                [active_at(history.units, place, history.per_week) for place in trial.origins], 1
            )
        )

    def points(alpha: float) -> list[NDArray[np.float64]]:
        return [
            _levels(history, trial, alpha) * trial.ahead.sum(axis=2)[history.group]
            for trial in trials
        ]

    def missed(alpha: float) -> float:
        return sum(
            float(np.abs(point - actual)[seen].sum())
            for point, actual, seen in zip(points(alpha), came, used, strict=True)
        )

    best = min(ALPHAS, key=missed)
    past = _PastPoints(
        point=np.hstack(points(best)), actual=np.hstack(came), active=np.hstack(used)
    )
    return past, best


def _quantiles(
    history: DemandHistory, mean: NDArray[np.float64], past: _PastPoints
) -> NDArray[np.float64]:
    """(active V, Q) quantiles of forecasts from past ones and what came of them."""
    told, came = past.point[past.active], past.actual[past.active]
    quantiles = spread(mean, told, came)
    if len(mean) > FEW_VARIANTS:
        return quantiles
    for place, row in enumerate(np.flatnonzero(history.active)):
        recent = past.active[row] & (past.point[row] > 0)
        recent[:-OWN_ORIGINS] = False
        ratios = past.actual[row, recent] / past.point[row, recent]
        count = len(ratios)
        if count >= FEWEST_OWN:
            levels = 0.5 + (np.array(LEVELS) - 0.5) * (count + 1) / (count - 1)
            quantiles[place] = mean[place] * np.quantile(ratios, np.clip(levels, 0, 1))
    return quantiles


def _levels(history: DemandHistory, span: Span, alpha: float) -> NDArray[np.float64]:
    """(V, O) units a period without the market's say, from before each origin.

    A variant's periods count from its first sale on. O(V T O) time, O(G T O) memory.
    """
    periods = np.arange(len(history.periods))
    age = span.origins[None, :] - 1 - periods[:, None]  # (T, O)
    weight = np.where(age >= 0, (1 - alpha) ** np.maximum(age, 0), 0.0)
    sold = history.units @ weight  # (V, O)
    behind = span.past[:, :, None] * weight  # (G, T, O)
    since = behind[:, ::-1].cumsum(axis=1)[:, ::-1]
    expected = since[history.group, history.first_period]  # (V, O)
    level: NDArray[np.float64] = np.divide(
        sold, expected, out=np.zeros_like(sold), where=expected > 0
    )
    return level


def _contributions(learned: MarketEffects, factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(G, N, C) what each of (N, C) factors adds to the logarithm of a group's demand."""
    columns = learned.shapes.columns(factors)  # (N, K)
    each = learned.now.effects[:, None, 1:] * columns[None]  # (G, N, K)
    result: NDArray[np.float64] = each @ np.eye(len(learned.names))[learned.shapes.owner]
    return result


def _lately(history: DemandHistory, learned: MarketEffects) -> NDArray[np.float64]:
    """(G, C) what each factor added over the periods that the level stands on, by their weight."""
    past = _contributions(learned, history.regressors.to_numpy(float))  # (G, T, C)
    age = np.arange(past.shape[1])[::-1]
    weight = (1 - learned.alpha) ** age
    lately: NDArray[np.float64] = np.einsum("gtc,t->gc", past, weight / weight.sum())
    return lately


def _parts(
    history: DemandHistory, learned: MarketEffects, weekly: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(V, P) the level as it was lately, and what each factor's change adds to it."""
    ahead = _contributions(learned, history.future.to_numpy(float))  # (G, H, C)
    logs = ahead - _lately(history, learned)[:, None, :]
    market = of_market(logs, learned.names, 2 * WIDEST)  # (G, P)
    horizon = history.horizon
    group = history.group[history.active]
    mean = weekly.sum(axis=1)
    usual = mean / np.maximum(horizon + market.sum(axis=1)[group], 1e-9)  # units a period, lately
    return closed(of_linear(of_mean(usual), market[group], horizon), mean)


def _effects(history: DemandHistory, learned: MarketEffects) -> pd.DataFrame:
    """One factor and group a row: see `Forecast.effects`."""
    past = history.regressors.to_numpy(float)
    usual = np.tile(past.mean(axis=0), (1 + len(learned.names), 1))  # (1 + C, C)
    usual[np.arange(1, len(usual)), np.arange(len(learned.names))] += past.std(axis=0)
    added = _contributions(learned, usual)  # (G, 1 + C, C)
    change = np.diagonal(added[:, 1:] - added[:, :1], axis1=1, axis2=2)  # (G, C)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "term": learned.names,
                    "kind": "regressor",
                    "group": group,
                    "meaning": [
                        f"{CALENDAR.get(name, 'market factor')}; one standard deviation above usual"
                        for name in learned.names
                    ],
                    "median": slope,
                    "mean": slope,
                    "effect": 100 * np.expm1(slope),
                    "unit": "%",
                }
            )
            for group, slope in zip(learned.groups, change, strict=True)
        ],
        ignore_index=True,
    )
