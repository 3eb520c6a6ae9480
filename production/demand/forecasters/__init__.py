"""Demand methods, one a file, and the registry that commands and evaluations pick from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from data.nearest import hint
from production.demand.forecast import Forecaster
from production.demand.forecasters.atelier import Regression
from production.demand.forecasters.exponential_smoothing import ExponentialSmoothing
from production.demand.forecasters.last_4_weeks import Last4Weeks
from production.demand.forecasters.mean_8_weeks import Mean8Weeks
from production.demand.forecasters.same_weeks_last_year import SameWeeksLastYear
from production.errors import UnknownMethod

DEFAULT: Final = Regression.name

_METHODS: Final[dict[str, Callable[[], Forecaster]]] = {
    Regression.name: Regression,
    ExponentialSmoothing.name: ExponentialSmoothing,
    Mean8Weeks.name: Mean8Weeks,
    Last4Weeks.name: Last4Weeks,
    SameWeeksLastYear.name: SameWeeksLastYear,
}


def method_names() -> tuple[str, ...]:
    """All methods' names, the default first."""
    return tuple(_METHODS)


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
