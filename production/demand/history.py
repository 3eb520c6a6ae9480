"""The demand panel: order lines laid out by variant and week once, sliced by origin many times.

Demand of a variant in a week is the sum of its positive quantities: a return is no negative
demand, and a row without a customer is demand like any other. Weeks start on Monday.

Only complete weeks count. The week of the last order is complete when the data reach the last
day of the week on which the shop usually sells (in at least half of its weeks), so that a shop
closed on Sundays does not wait for one; else the panel ends with the week before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from data.errors import OutsideData
from data.tables import MARKET, ORDERS, VARIANTS
from data.workspace import Workspace
from production.demand.features import active_at
from production.demand.forecast import ACTIVE_WEEKS, DemandHistory
from production.demand.regressors import (
    KNOWN_REGRESSORS,
    WEEK,
    market_weeks,
    monday,
    mondays,
    regressors_at,
)
from production.errors import TooLittleHistory

LONGEST_HORIZON: Final = 26


class DemandSettings(BaseModel):
    """How demand is read from a workspace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: str = "GB"
    """ISO code whose public holidays count; empty for none."""

    known_regressors: tuple[str, ...] = KNOWN_REGRESSORS
    """Glob patterns of market columns that are decided ahead, so known for the future."""

    group_by: str = "category"
    """Attribute of the catalogue whose values respond to the market each in their own way."""

    preferences: bool = True
    """Whether expected units from preferences are learned and offered to the methods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandPanel:
    """All complete weeks of all variants; `at` cuts out what is known at an origin.

    Attributes:
        variants: (V,) str, ids of the variants that ever sold, ascending.
        style: (V,) int32, position in `styles`.
        styles: (S,) str, style ids, ascending.
        group: (V,) int32, position in `groups`.
        groups: (G,) str, values of the grouping attribute, ascending.
        weeks: (T,) datetime64[D], Mondays, consecutive, from the first order's week.
        units: (V, T) float64, demanded units.
        lines: (V, T) float64, order lines.
        price: (V, T) float64, mean price paid, weighted by units, carried forward; before a
            variant's first sale it is that of the first sale.
        first_week: (V,) int32, position in `weeks` of the first sale.
        market: the market table by week, or None.
        settings: how the workspace was read.
    """

    variants: NDArray[np.object_]
    style: NDArray[np.int32]
    styles: NDArray[np.object_]
    group: NDArray[np.int32]
    groups: NDArray[np.object_]
    weeks: NDArray[np.datetime64]
    units: NDArray[np.float64]
    lines: NDArray[np.float64]
    price: NDArray[np.float64]
    first_week: NDArray[np.int32]
    market: pd.DataFrame | None
    settings: DemandSettings

    @property
    def end(self) -> np.datetime64:
        """The Monday after the last complete week: the latest origin."""
        end: np.datetime64 = self.weeks[-1] + WEEK
        return end

    def week(self, origin: np.datetime64) -> int:
        """Position of an origin among the weeks; T for the latest.

        Raises:
            OutsideData: the data do not reach the origin, or start after it.
        """
        place = int((origin - self.weeks[0]) / WEEK)
        if not 0 < place <= len(self.weeks):
            raise OutsideData(
                f"No demand can be forecast from {origin}: the orders fill the weeks from "
                f"{self.weeks[0]} to {self.end - 1}.",
                where="as-of date",
                fix=f"Choose a date from {self.weeks[0] + WEEK} to {self.end + 6}.",
            )
        return place

    def origin(self, as_of: np.datetime64 | None) -> np.datetime64:
        """The Monday that a forecast made on a day starts from; the latest without a day.

        Raises:
            OutsideData: the data do not reach that day's week.
        """
        origin = self.end if as_of is None else monday(as_of)
        self.week(origin)
        return origin

    def at(
        self,
        origin: np.datetime64,
        *,
        horizon: int,
        expected: NDArray[np.float64] | None = None,
    ) -> DemandHistory:
        """What is known at an origin: views on the weeks before it, regressors beyond.

        Args:
            origin: a Monday.
            horizon: weeks to come, 1 to LONGEST_HORIZON.
            expected: (V, T + 1) over the whole panel (`production.demand.preferences`), or None.

        Raises:
            OutsideData: the data do not reach the origin.
            TooLittleHistory: nothing sold in the weeks before it.
        """
        place = self.week(origin)
        sold = self.first_week < place
        active = active_at(self.units, place)
        if not active.any():
            raise TooLittleHistory(
                f"Nothing was sold in the {ACTIVE_WEEKS} weeks before {origin}.",
                where="orders",
                fix="Choose a date soon after orders, or import the orders that are missing.",
            )
        styles, style = np.unique(self.styles[self.style[sold]], return_inverse=True)
        groups, group = np.unique(self.groups[self.group[sold]], return_inverse=True)
        past, future = regressors_at(
            self.market,
            weeks=self.weeks[:place],
            horizon=horizon,
            data_end=self.end,
            country=self.settings.country,
            known=self.settings.known_regressors,
        )
        return DemandHistory(
            origin=origin,
            variants=self.variants[sold],
            active=active[sold],
            style=style.astype(np.int32),
            styles=styles,
            group=group.astype(np.int32),
            groups=groups,
            weeks=self.weeks[:place],
            units=self.units[sold, :place],
            lines=self.lines[sold, :place],
            price=self.price[sold, :place],
            first_week=self.first_week[sold],
            regressors=past,
            future=future,
            expected=None if expected is None else expected[sold, : place + 1],
        )

    def actual(self, origin: np.datetime64, horizon: int) -> NDArray[np.float64]:
        """(V,) units sold in the `horizon` weeks from an origin on, for every variant."""
        place = self.week(origin)
        if place + horizon > len(self.weeks):
            raise OutsideData(
                f"The {horizon} weeks from {origin} on are not complete in the data.",
                where="origin",
                fix=f"Choose an origin until {self.end - horizon * WEEK}.",
            )
        total: NDArray[np.float64] = self.units[:, place : place + horizon].sum(axis=1)
        return total


def read_panel(workspace: Workspace, settings: DemandSettings | None = None) -> DemandPanel:
    """The panel of a workspace's orders, variants and market tables.

    Raises:
        WorkspaceError: the workspace has no orders.
        TooLittleHistory: its orders fill no week.
    """
    return build_panel(
        workspace.read(ORDERS),
        workspace.read(VARIANTS) if workspace.has(VARIANTS) else None,
        workspace.read(MARKET) if workspace.has(MARKET) else None,
        settings or DemandSettings(),
    )


def build_panel(
    orders: pd.DataFrame,
    variants: pd.DataFrame | None,
    market: pd.DataFrame | None,
    settings: DemandSettings,
) -> DemandPanel:
    """Lay order lines out by variant and week; O(lines log lines) time, O(V T) memory.

    Args:
        orders: the orders table.
        variants: the variants table; without it, or for a variant that it lacks, every variant
            is its own style.
        market: the market table, or None.
        settings: how to read them.

    Raises:
        TooLittleHistory: no complete week holds a sale.
    """
    sales = orders[orders["quantity"] > 0]
    week = mondays(sales["ordered_at"].to_numpy())
    stop = _complete_until(sales["ordered_at"].to_numpy())
    sales, week = sales[week < stop], week[week < stop]
    if sales.empty:
        raise TooLittleHistory(
            "The orders fill no complete week.",
            where="orders",
            fix="Import orders of at least some weeks.",
        )
    weeks = np.arange(week.min(), stop, WEEK)
    ids, row = np.unique(sales["variant_id"].to_numpy(dtype=object), return_inverse=True)
    column = ((week - weeks[0]) / WEEK).astype(np.int64)
    quantity = sales["quantity"].to_numpy(dtype=float)
    shape = (len(ids), len(weeks))
    cell = row * len(weeks) + column
    units = _summed(cell, quantity, shape)
    paid = _summed(cell, quantity * sales["unit_price"].to_numpy(dtype=float), shape)
    styles, style = np.unique(_attribute(ids, variants, "style_id", ids), return_inverse=True)
    unnamed = np.full(len(ids), "", dtype=object)
    groups, group = np.unique(
        _attribute(ids, variants, settings.group_by, unnamed), return_inverse=True
    )
    return DemandPanel(
        variants=ids,
        style=style.astype(np.int32),
        styles=styles,
        group=group.astype(np.int32),
        groups=groups,
        weeks=weeks,
        units=units,
        lines=_summed(cell, np.ones(len(cell)), shape),
        price=_carried(paid, units),
        first_week=np.argmax(units > 0, axis=1).astype(np.int32),
        market=None if market is None or market.empty else market_weeks(market),
        settings=settings,
    )


def _complete_until(ordered_at: NDArray[np.datetime64]) -> np.datetime64:
    """The Monday after the last complete week; long ago where there is no order."""
    if not len(ordered_at):
        return np.datetime64("1970-01-05")
    days = np.unique(ordered_at.astype("datetime64[D]"))
    week = mondays(days)
    weekday = (days - week).astype(np.int64)
    often = np.bincount(weekday, minlength=7) * 2 >= len(np.unique(week))
    closing = int(np.flatnonzero(often).max()) if often.any() else 6
    last: np.datetime64 = week[-1]
    return last + WEEK if weekday[-1] >= closing else last


def _summed(
    cell: NDArray[np.int64], values: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.float64]:
    total = np.bincount(cell, weights=values, minlength=shape[0] * shape[1])
    return total.reshape(shape).astype(float)


def _attribute(
    ids: NDArray[np.object_],
    variants: pd.DataFrame | None,
    column: str,
    otherwise: NDArray[np.object_],
) -> NDArray[np.object_]:
    """(V,) an attribute of each variant, as text; `otherwise` where the catalogue has none."""
    if variants is None or column not in variants:
        return otherwise
    known = variants.drop_duplicates("variant_id").set_index("variant_id")[column]
    found = known.reindex(ids).to_numpy(dtype=object)
    missing = pd.isna(found)
    return np.array(
        [
            other if gone else str(value)
            for value, other, gone in zip(found, otherwise, missing, strict=True)
        ],
        dtype=object,
    )


def _carried(paid: NDArray[np.float64], units: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V, T) mean price paid, carried forward from sale to sale; O(V T)."""
    sold = units > 0
    place = np.where(sold, np.arange(units.shape[1]), 0)
    latest = np.maximum.accumulate(place, axis=1)
    first = np.argmax(sold, axis=1)[:, None]
    source = np.maximum(latest, first)
    price = np.divide(paid, units, out=np.zeros_like(paid), where=sold)
    return np.take_along_axis(price, source, axis=1)
