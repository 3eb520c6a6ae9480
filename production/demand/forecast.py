"""The forecast: what every demand method answers, and the contract it honours.

A forecaster sees a `DemandHistory` that ends at the origin, and what is known of the future,
and nothing else. That no actual can leak into a forecast is thus a matter of what is passed,
not of care.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LEVELS: Final = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
"""The quantile levels of every forecast."""

ACTIVE_WEEKS: Final = 26
"""A variant is active at an origin where it sold in so many weeks before it."""


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
        weeks: (T,) datetime64[D], Mondays, ascending, consecutive; the last is origin - 7 days.
        units: (V, T) float64, demanded units, never negative; 0 before a variant's first sale.
        lines: (V, T) float64, order lines that carried those units.
        price: (V, T) float64, mean price paid in the week, carried forward; never NaN.
        first_week: (V,) int32, position in `weeks` of the variant's first sale.
        regressors: T rows by week, calendar and market factors, numeric, no NaN.
        future: H rows by week, the same columns for the weeks to come: factors known for the
            future, or forecast; never their actual values.
        expected: (V, T + 1) float64 or None: expected units in the `horizon` weeks that start
            with that week, from preferences learned before it (NaN where not computed). The
            last column belongs to the origin itself.
    """

    origin: np.datetime64
    variants: NDArray[np.object_]
    active: NDArray[np.bool_]
    style: NDArray[np.int32]
    styles: NDArray[np.object_]
    group: NDArray[np.int32]
    groups: NDArray[np.object_]
    weeks: NDArray[np.datetime64]
    units: NDArray[np.float64]
    lines: NDArray[np.float64]
    price: NDArray[np.float64]
    first_week: NDArray[np.int32]
    regressors: pd.DataFrame
    future: pd.DataFrame
    expected: NDArray[np.float64] | None = None

    @property
    def horizon(self) -> int:
        """Weeks to forecast."""
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
        effects: what the method learned, one term a row, where it has terms to read
            (see `production.demand.forecasters.atelier`); else None.
    """

    method: str
    origin: np.datetime64
    variants: NDArray[np.object_]
    weekly: NDArray[np.float64]
    mean: NDArray[np.float64]
    quantiles: NDArray[np.float64]
    effects: pd.DataFrame | None = None


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
