"""The demand panel: order lines laid out by variant and week once, sliced by origin many times.

Demand of a variant in a week is the sum of its positive quantities: a return is no negative
demand, and a row without a customer is demand like any other. Weeks start on Monday.

Only complete weeks count. The week of the last order is complete when the data reach the last
day of the week on which the shop usually sells (in at least half of its weeks), so that a shop
closed on Sundays does not wait for one; else the panel ends with the week before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from data.errors import OutsideData
from production.demand.backtest import Backtest, Past
from production.demand.censoring.panel import Demanded
from production.demand.features import active_at
from production.demand.forecast import ACTIVE_WEEKS, DemandHistory
from production.demand.launches.expected import launch_rates
from production.demand.market.factors import factors_at
from production.demand.market.table import MarketTable
from production.demand.periods import DAY, length, start_of, word
from production.demand.preferences.buyers import largest_shares
from production.demand.preferences.lines import Lines
from production.demand.settings import DemandSettings
from production.errors import TooLittleHistory

LONGEST_HORIZON: Final = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandPanel:
    """All complete weeks of all variants; `at` cuts out what is known at an origin.

    Attributes:
        variants: (V,) str, ids of the variants that ever sold, ascending.
        style: (V,) int32, position in `styles`.
        styles: (S,) str, style ids, ascending.
        group: (V,) int32, position in `groups`.
        groups: (G,) str, values of the grouping attribute, ascending.
        periods: (T,) datetime64[D], Mondays, consecutive, from the first order's week.
        units: (V, T) float64, demanded units: those sold, where nothing was restored.
        lines: (V, T) float64, order lines, of demand like the units.
        price: (V, T) float64, mean price paid, weighted by units, carried forward; before a
            variant's first sale it is that of the first sale.
        first_period: (V,) int32, position in `weeks` of the first sale.
        market: the market table, or None.
        scenario: what somebody says of market factors to come, or None.
        settings: how the workspace was read.
        attributes: V rows, the catalogue's columns in the order of `variants`; None without one.
        unsold: the catalogue's rows of variants that never sold, by id; None without one.
        known_lines: order lines that name a customer, or None.
        memo: what was computed of this panel already, by name.
        demanded: how demand was restored from sales and stock; None where sales are taken for
            demand.
    """

    variants: NDArray[np.object_]
    style: NDArray[np.int32]
    styles: NDArray[np.object_]
    group: NDArray[np.int32]
    groups: NDArray[np.object_]
    periods: NDArray[np.datetime64]
    units: NDArray[np.float64]
    lines: NDArray[np.float64]
    price: NDArray[np.float64]
    first_period: NDArray[np.int32]
    market: MarketTable | None
    settings: DemandSettings
    scenario: MarketTable | None = None
    attributes: pd.DataFrame | None = None
    unsold: pd.DataFrame | None = None
    known_lines: Lines | None = None
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    demanded: Demanded | None = None

    @property
    def sold(self) -> NDArray[np.float64]:
        """(V, T) units sold, whatever was restored."""
        return self.units if self.demanded is None else self.demanded.stock.units

    @property
    def end(self) -> np.datetime64:
        """The first day after the last complete period: the latest origin."""
        end: np.datetime64 = self.periods[-1] + length(self.per_week)
        return end

    @property
    def per_week(self) -> int:
        """Periods a week: 1, or 7 where demand is read by day."""
        return self.settings.per_week

    @property
    def launch(self) -> NDArray[np.float64] | None:
        """(V, T + 1) see `DemandHistory.launch`; None by day, or without a catalogue."""
        if self.attributes is None or self.per_week != 1:
            return None
        if "launch" not in self.memo:
            self.memo["launch"] = launch_rates(
                self.units, self.lines, self.first_period, self.periods, self.attributes
            )
        found: NDArray[np.float64] = self.memo["launch"]
        return found

    @property
    def few_buyers(self) -> NDArray[np.float64] | None:
        """(V, T + 1) see `DemandHistory.few_buyers`; None by day, or where no customer is known."""
        if self.known_lines is None or self.per_week != 1:
            return None
        if "few_buyers" not in self.memo:
            self.memo["few_buyers"] = largest_shares(
                self.known_lines, self.periods, len(self.variants)
            )
        found: NDArray[np.float64] = self.memo["few_buyers"]
        return found

    def week(self, origin: np.datetime64) -> int:
        """Position of an origin among the periods; T for the latest.

        Raises:
            OutsideData: the data do not reach the origin, or start after it.
        """
        step = length(self.per_week)
        place = int((origin - self.periods[0]) / step)
        if not 0 < place <= len(self.periods):
            raise OutsideData(
                f"No demand can be forecast from {origin}: the orders fill the "
                f"{word(self.per_week)}s from "
                f"{self.periods[0]} to {self.end - 1}.",
                where="as-of date",
                fix=f"Choose a date from {self.periods[0] + step} to {self.end + step - DAY}.",
            )
        return place

    def origin(self, as_of: np.datetime64 | None) -> np.datetime64:
        """The first day of the period that a forecast made on a day starts with.

        Without a day, the latest.

        Raises:
            OutsideData: the data do not reach that day's period.
        """
        origin = self.end if as_of is None else start_of(as_of, self.per_week)
        self.week(origin)
        return origin

    def at(
        self,
        origin: np.datetime64,
        *,
        horizon: int,
        expected: NDArray[np.float64] | None = None,
        without: frozenset[str] = frozenset(),
        book: Backtest | None = None,
    ) -> DemandHistory:
        """What is known at an origin: views on the weeks before it, regressors beyond.

        Args:
            origin: a Monday; any day where demand is read by day.
            horizon: periods to come, 1 to LONGEST_HORIZON.
            expected: (V, T + 1) over the whole panel (`production.demand.preferences`), or None.
            without: groups of features that no method may use.
            book: where past forecasts are kept, shared by the origins of a run (`backtest`).

        Raises:
            OutsideData: the data do not reach the origin.
            TooLittleHistory: nothing sold in the weeks before it.
            LeakedFactor: a scenario of a past horizon is what came.
        """
        place = self.week(origin)
        sold = self.first_period < place
        active = active_at(self.units, place, self.per_week)
        if not active.any():
            raise TooLittleHistory(
                f"Nothing was sold in the {ACTIVE_WEEKS} weeks before {origin}.",
                where="orders",
                fix="Choose a date soon after orders, or import the orders that are missing.",
            )
        styles, style = np.unique(self.styles[self.style[sold]], return_inverse=True)
        groups, group = np.unique(self.groups[self.group[sold]], return_inverse=True)
        totals = None if self.market is None else self._totals(sold, group, len(groups), place)
        factors = factors_at(
            self.market,
            periods=self.periods[:place],
            horizon=horizon,
            data_end=self.end,
            settings=self.settings,
            scenario=self.scenario,
            totals=totals,
            groups=tuple(map(str, groups)),
            per_week=self.per_week,
            without=without,
        )
        history = DemandHistory(
            origin=origin,
            variants=self.variants[sold],
            active=active[sold],
            style=style.astype(np.int32),
            styles=styles,
            group=group.astype(np.int32),
            groups=groups,
            periods=self.periods[:place],
            units=self.units[sold, :place],
            sold=None if self.demanded is None else self.sold[sold, :place],
            restored=None if self.demanded is None else self.demanded.before(place),
            lines=self.lines[sold, :place],
            price=self.price[sold, :place],
            first_period=self.first_period[sold],
            regressors=factors.past,
            future=factors.future,
            factors=factors.report,
            expected=None if expected is None else expected[sold, : place + 1],
            attributes=None if self.attributes is None else self.attributes[sold],
            launch=None if self.launch is None else self.launch[sold, : place + 1],
            few_buyers=None if self.few_buyers is None else self.few_buyers[sold, : place + 1],
            per_week=self.per_week,
            without=without,
        )
        book = book or self.backtest(horizon=horizon, expected=expected, without=without)
        return replace(history, past=Past.of(history, book))

    def _totals(
        self, sold: NDArray[np.bool_], group: NDArray[np.int64], groups: int, place: int
    ) -> NDArray[np.float64]:
        """(G, T) units by group before a place; O(V T)."""
        rows = np.flatnonzero(sold)
        member = csr_array((np.ones(len(rows)), (group, rows)), shape=(groups, len(sold)))
        return np.asarray(member @ self.units[:, :place], dtype=float)

    def backtest(
        self,
        *,
        horizon: int,
        expected: NDArray[np.float64] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> Backtest:
        """A book of past forecasts, empty as yet; the arguments are those of `at`."""

        def cut(origin: np.datetime64) -> DemandHistory:
            return self.at(origin, horizon=horizon, expected=expected, without=without, book=book)

        book = Backtest(cut=cut)
        return book

    def actual(self, origin: np.datetime64, horizon: int) -> NDArray[np.float64]:
        """(V,) units demanded in the `horizon` periods from an origin on, for every variant.

        Restored ones where demand is restored: what was sold understates what was wanted just
        where it was wanted most.
        """
        total: NDArray[np.float64] = self.actual_by_period(origin, horizon).sum(axis=1)
        return total

    def actual_by_period(self, origin: np.datetime64, horizon: int) -> NDArray[np.float64]:
        """(V, H) the same, by period."""
        place = self.week(origin)
        if place + horizon > len(self.periods):
            raise OutsideData(
                f"The {horizon} {word(self.per_week)}s from {origin} on are not complete in the "
                "data.",
                where="origin",
                fix=f"Choose an origin until {self.end - horizon * length(self.per_week)}.",
            )
        return self.units[:, place : place + horizon]
