"""Demand methods, one a file, and the registry that commands and evaluations pick from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from data.nearest import hint
from production.demand.forecast import Forecaster
from production.demand.forecasters.atelier import Atelier
from production.demand.forecasters.boosting import Boosting
from production.demand.forecasters.croston_sba import CrostonSBA
from production.demand.forecasters.empirical_sums import EmpiricalSums
from production.demand.forecasters.exponential_smoothing import ExponentialSmoothing
from production.demand.forecasters.last_4_weeks import Last4Weeks
from production.demand.forecasters.lightgbm_lags import LightGBMLags
from production.demand.forecasters.linear import Regression
from production.demand.forecasters.log_linear import LogLinear
from production.demand.forecasters.mean_8_weeks import Mean8Weeks
from production.demand.forecasters.newsvendor import Newsvendor
from production.demand.forecasters.same_weekday_last_week import SameWeekdayLastWeek
from production.demand.forecasters.same_weeks_last_year import SameWeeksLastYear
from production.demand.forecasters.tsb import TSB
from production.errors import UnknownMethod

DEFAULT: Final = Atelier.name

_METHODS: Final[dict[str, Callable[[], Forecaster]]] = {
    method.name: method
    for method in (
        Atelier,
        Regression,
        Boosting,
        Newsvendor,
        LogLinear,
        LightGBMLags,
        ExponentialSmoothing,
        CrostonSBA,
        TSB,
        EmpiricalSums,
        Mean8Weeks,
        Last4Weeks,
        SameWeekdayLastWeek,
        SameWeeksLastYear,
    )
}


BY_DAY: Final = (
    Atelier.name,
    ExponentialSmoothing.name,
    Mean8Weeks.name,
    Last4Weeks.name,
    SameWeekdayLastWeek.name,
    SameWeeksLastYear.name,
)
"""Methods that are meant for demand by day; the others can be asked for by name."""


BY_NAME: Final = (Newsvendor.name,)
"""Methods that are asked for by name alone: what this one says is meant for decisions
(`production.plans.policies`), and learning it takes as long as all the others together."""


def method_names(per_week: int = 1) -> tuple[str, ...]:
    """Methods that are compared unless some are named, the default first."""
    if per_week > 1:
        return BY_DAY
    return tuple(name for name in _METHODS if name not in BY_NAME)


def make_forecaster(name: str) -> Forecaster:
    """The method of that name with its default settings.

    Raises:
        UnknownMethod: there is none; names the nearest.
    """
    if name not in _METHODS:
        raise UnknownMethod(
            f"There is no demand method '{name}'.",
            where="method",
            fix=f"{hint(name, _METHODS)}Choose among {', '.join(_METHODS)}.",
        )
    return _METHODS[name]()
