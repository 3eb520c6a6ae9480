"""The forecast: what every demand method answers, and the contract it honours.

A forecaster sees a `DemandHistory` that ends at the origin, and what is known of the future,
and nothing else. That no actual can leak into a forecast is thus a matter of what is passed,
not of care.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.censoring.panel import Restoration
from production.demand.market.report import FactorUse

LEVELS: Final = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
"""The quantile levels of every forecast."""

ACTIVE_WEEKS: Final = 26
"""A variant is active at an origin where it sold in so many weeks before it."""

PARTS: Final = (
    "level", "trend", "season", "price", "promotion", "holiday", "weather", "market",
    "preference", "style",
)  # fmt: skip
"""What a forecast's mean splits into: the variant's own level, and what moved it from there."""

GROUPS: Final = ("season", "price", "promotion", "holiday", "weather", "market", "preference",
                 "attribute", "style")  # fmt: skip
"""Groups of features that an ablation can leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandHistory:
    """Units by variant and week up to the origin, and what went with them.

    Variants that have gone quiet stay in the arrays: a method that learns from past origins
    must see what became of variants that were active then.

    Attributes:
        origin: a Monday; the first day of the first week to forecast.
        variants: (V,) str, variant ids that sold before the origin, ascending.
        active: (V,) bool, sold in the ACTIVE_WEEKS before the origin: what to forecast.
        style: (V,) int32, position in `styles`.
        styles: (S,) str, style ids, ascending.
        group: (V,) int32, position in `groups`; variants of a group share a market response.
        groups: (G,) str, values of the grouping attribute, ascending; one where there is none.
        periods: (T,) datetime64[D], Mondays, ascending, consecutive; the last is origin - 7 days.
        units: (V, T) float64, demanded units, never negative; 0 before a variant's first sale.
        lines: (V, T) float64, order lines that carried those units.
        price: (V, T) float64, mean price paid in the week, carried forward; never NaN.
        first_period: (V,) int32, position in `weeks` of the variant's first sale.
        regressors: T rows by week, calendar and market factors, numeric, no NaN.
        future: H rows by week, the same columns for the weeks to come: factors known for the
            future, or forecast; never their actual values.
        expected: (V, T + 1) float64 or None: expected units in the `horizon` weeks that start
            with that week, from preferences learned before it (NaN where not computed). The
            last column belongs to the origin itself.
        attributes: V rows, the catalogue's columns (title, price, and any attributes), or None.
        launch: (V, T + 1) float64 or None: expected units a week of variants that were new at
            that week, from launch curves (`production.demand.launches`); NaN for all others.
        few_buyers: (V, T + 1) float64 or None: share of a variant's units that its largest
            customer took (`production.demand.preferences.buyers`).
        per_week: periods a week: 1, or 7 where demand is read by day.
        factors: what became of every market factor on the way to `regressors` and `future`.
        without: of GROUPS, the features that no method may use.
        past: forecasts at earlier origins, made from what was known then; None where a history
            stands alone.
        sold: (V, T) float64, units sold, where `units` are restored demand; else None.
        restored: what restoring added to what was sold; None where sales are taken for demand.
        memo: what was computed of this history already, by name, for the methods that share it.
    """

    origin: np.datetime64
    variants: NDArray[np.object_]
    active: NDArray[np.bool_]
    style: NDArray[np.int32]
    styles: NDArray[np.object_]
    group: NDArray[np.int32]
    groups: NDArray[np.object_]
    periods: NDArray[np.datetime64]
    units: NDArray[np.float64]
    lines: NDArray[np.float64]
    price: NDArray[np.float64]
    first_period: NDArray[np.int32]
    regressors: pd.DataFrame
    future: pd.DataFrame
    expected: NDArray[np.float64] | None = None
    attributes: pd.DataFrame | None = None
    launch: NDArray[np.float64] | None = None
    few_buyers: NDArray[np.float64] | None = None
    per_week: int = 1
    factors: tuple[FactorUse, ...] = ()
    without: frozenset[str] = frozenset()
    past: PastForecasts | None = field(default=None, repr=False, compare=False)
    sold: NDArray[np.float64] | None = None
    restored: Restoration | None = None
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def horizon(self) -> int:
        """Periods to forecast."""
        return len(self.future)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Demand of every active variant over the horizon, as a distribution.

    Attributes:
        method: the forecaster's name.
        origin: a Monday; the first day of the horizon.
        variants: (V,) str, variant ids, ascending.
        weekly: (V, H) float64, expected units by week.
        mean: (V,) float64, expected units over the horizon; the sum of `weekly`.
        quantiles: (V, Q) float64, units over the horizon at LEVELS; not negative, not crossing.
        parts: (V, P) float64, what PARTS add to the mean, summing to it exactly; None where the
            method does not say.
        effects: what the method learned, one term a row, where it has terms to read
            (see `production.demand.forecasters.linear`); else None.
        factors: what became of every market factor, and what each did, where that is known.
    """

    method: str
    origin: np.datetime64
    variants: NDArray[np.object_]
    weekly: NDArray[np.float64]
    mean: NDArray[np.float64]
    quantiles: NDArray[np.float64]
    parts: NDArray[np.float64] | None = None
    effects: pd.DataFrame | None = None
    factors: tuple[FactorUse, ...] = ()


class PastForecasts(Protocol):
    """What methods would have said at origins before a history's own, and what came."""

    def origins(self, count: int, *, fewest: int = 1) -> tuple[np.datetime64, ...]:
        """Up to `count` earlier origins, ascending, a horizon apart; the last ends at the origin.

        Args:
            count: at most so many.
            fewest: periods that lie before the first of them at least.
        """

    def history(self, origin: np.datetime64) -> DemandHistory:
        """What was known at an earlier origin."""

    def forecast(self, method: Forecaster, origin: np.datetime64) -> Forecast:
        """What a method would have said at an earlier origin; made once.

        Raises:
            TooLittleHistory: it could not have stood on what lay before.
        """

    def actual(self, forecast: Forecast) -> NDArray[np.float64]:
        """(V,) units that came over the horizon of an earlier forecast."""


class Forecaster(ABC):
    """One demand method."""

    name: ClassVar[str]
    """Its name in commands and evaluation tables."""

    @abstractmethod
    def forecast(self, history: DemandHistory) -> Forecast:
        """Demand over the weeks of `history.future`, from `history` alone.

        Raises:
            TooLittleHistory: the method cannot stand on so few weeks; says how many it needs.
        """
