"""Past forecasts: what a method would have said at earlier origins, made once.

A method that weighs others, or corrects its own errors, learns from forecasts that were made
without knowing what came. A `Backtest` makes them: it cuts the history of an earlier origin out
of the panel and asks the method there. Whatever was made is kept, so that several origins of one
run share their past. `Past` is the view from one origin: it refuses forecasts from that origin
on, and actuals whose horizon has not passed by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from production.demand.forecast import DemandHistory, Forecast, Forecaster
from production.errors import TooLittleHistory

Cut = Callable[[np.datetime64], DemandHistory]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """Forecasts made at any origin of a panel, kept by method and origin.

    Attributes:
        cut: the history known at an origin.
        made: forecasts by method's name and origin; what refused is kept as its error.
        latest: the history cut last, for the next method that asks for it.
    """

    cut: Cut
    made: dict[tuple[str, str], Forecast | TooLittleHistory] = field(default_factory=dict)
    latest: list[DemandHistory] = field(default_factory=list)

    def history(self, origin: np.datetime64) -> DemandHistory:
        """What is known at an origin."""
        if not self.latest or self.latest[0].origin != origin:
            self.latest[:] = [self.cut(origin)]
        return self.latest[0]

    def forecast(self, method: Forecaster, origin: np.datetime64) -> Forecast:
        """What a method says at an origin; made once.

        Raises:
            TooLittleHistory: the method cannot stand on what lies before it.
        """
        key = (method.name, str(origin))
        if key not in self.made:
            try:
                self.made[key] = method.forecast(self.history(origin))
            except TooLittleHistory as error:
                self.made[key] = error
        found = self.made[key]
        if isinstance(found, TooLittleHistory):
            raise found
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The past as one origin sees it; the `PastForecasts` of its history.

    Attributes:
        book: where forecasts are made and kept.
        periods: (T,) datetime64[D], the periods before the origin.
        variants: (V,) str, the variants of the origin's history.
        units: (V, T) their units in those periods.
        horizon: periods that a forecast sums.
    """

    book: Backtest
    periods: NDArray[np.datetime64]
    variants: NDArray[np.object_]
    units: NDArray[np.float64]
    horizon: int

    @classmethod
    def of(cls, history: DemandHistory, book: Backtest) -> Past:
        """The past of a history."""
        return cls(
            book=book,
            periods=history.periods,
            variants=history.variants,
            units=history.units,
            horizon=history.horizon,
        )

    def origins(self, count: int, *, fewest: int = 1) -> tuple[np.datetime64, ...]:
        """Up to `count` earlier origins, ascending, a horizon apart; the last ends at this origin.

        Args:
            count: at most so many.
            fewest: periods that lie before the first of them at least.
        """
        last = len(self.periods) - self.horizon
        places = range(last, max(fewest, 1) - 1, -self.horizon)[:count]
        return tuple(self.periods[place] for place in reversed(places))

    def history(self, origin: np.datetime64) -> DemandHistory:
        """What was known at an earlier origin."""
        self._passed(origin, 1)
        return self.book.history(origin)

    def forecast(self, method: Forecaster, origin: np.datetime64) -> Forecast:
        """What a method would have said at an earlier origin.

        Raises:
            TooLittleHistory: it could not have stood on what lay before.
        """
        self._passed(origin, 1)
        return self.book.forecast(method, origin)

    def actual(self, forecast: Forecast) -> NDArray[np.float64]:
        """(V,) units that came over the horizon of an earlier forecast."""
        place = self._passed(forecast.origin, self.horizon)
        row = np.searchsorted(self.variants, forecast.variants)
        known = row < len(self.variants)
        known[known] = self.variants[row[known]] == forecast.variants[known]
        came = np.zeros(len(row))
        came[known] = self.units[row[known], place : place + self.horizon].sum(axis=1)
        return came

    def _passed(self, origin: np.datetime64, periods: int) -> int:
        """Position of an earlier origin; that it is one is the caller's promise."""
        place = int(np.searchsorted(self.periods, origin))
        if place + periods > len(self.periods):
            raise AssertionError(f"{origin} with {periods} periods has not passed")
        return place
