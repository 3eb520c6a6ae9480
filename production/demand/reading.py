"""A workspace's tables read as a demand panel: order lines laid out by variant and period."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import MARKET, ORDERS, STOCK, VARIANTS
from data.workspace import Workspace
from production.demand.censoring.panel import demanded
from production.demand.history import DemandPanel
from production.demand.market.table import market_table, refuse_unknown
from production.demand.periods import DAY, Period, length, starts, word
from production.demand.preferences.lines import Lines
from production.demand.settings import DemandSettings
from production.errors import BadPeriod, TooLittleHistory

MOST_CELLS: Final = 60_000_000
"""Variants times periods that a panel may have: half a gigabyte an array, and a method needs
many."""


def read_panel(
    workspace: Workspace,
    settings: DemandSettings | None = None,
    *,
    scenario: pd.DataFrame | None = None,
) -> DemandPanel:
    """The panel of a workspace's orders, variants and market tables.

    Args:
        workspace: what to read.
        settings: how.
        scenario: what somebody says of market factors to come, laid out as the market table.

    Raises:
        WorkspaceError: the workspace has no orders.
        TooLittleHistory: its orders fill no week.
        BadRegressors: the scenario speaks of factors that the market table does not have.
    """
    return build_panel(
        workspace.read(ORDERS),
        workspace.read(VARIANTS) if workspace.has(VARIANTS) else None,
        workspace.read(MARKET) if workspace.has(MARKET) else None,
        settings or DemandSettings(),
        scenario,
        stock=workspace.read(STOCK) if workspace.has(STOCK) else None,
    )


def build_panel(
    orders: pd.DataFrame,
    variants: pd.DataFrame | None,
    market: pd.DataFrame | None,
    settings: DemandSettings,
    scenario: pd.DataFrame | None = None,
    *,
    stock: pd.DataFrame | None = None,
) -> DemandPanel:
    """Lay order lines out by variant and week; O(lines log lines) time, O(V T) memory.

    Args:
        orders: the orders table.
        variants: the variants table; without it, or for a variant that it lacks, every variant
            is its own style.
        market: the market table, or None.
        settings: how to read them.
        scenario: market factors to come, or None.
        stock: the stock table, which demand is restored from; None takes sales for demand.

    Raises:
        TooLittleHistory: no complete week holds a sale.
        BadPeriod: there are more than MOST_CELLS variants times periods.
        BadRegressors: the scenario speaks of factors that the market table does not have.
    """
    sales = orders[orders["quantity"] > 0]
    per_week = settings.per_week
    week = starts(sales["ordered_at"].to_numpy(), per_week)
    stop = _complete_until(sales["ordered_at"].to_numpy(), per_week)
    sales, week = sales[week < stop], week[week < stop]
    if sales.empty:
        raise TooLittleHistory(
            f"The orders fill no complete {word(per_week)}.",
            where="orders",
            fix="Import orders of at least some weeks.",
        )
    weeks = np.arange(week.min(), stop, length(per_week))
    ids, row = np.unique(sales["variant_id"].to_numpy(dtype=object), return_inverse=True)
    column = ((week - weeks[0]) / length(per_week)).astype(np.int64)
    quantity = sales["quantity"].to_numpy(dtype=float)
    shape = (len(ids), len(weeks))
    _refuse_too_large(shape, settings.period)
    cell = row * len(weeks) + column
    units = _summed(cell, quantity, shape)
    paid = _summed(cell, quantity * sales["unit_price"].to_numpy(dtype=float), shape)
    styles, style = np.unique(_attribute(ids, variants, "style_id", ids), return_inverse=True)
    unnamed = np.full(len(ids), "", dtype=object)
    groups, group = np.unique(
        _attribute(ids, variants, settings.group_by, unnamed), return_inverse=True
    )
    refuse_unknown(scenario, market)
    catalogue = (
        None if variants is None else variants.drop_duplicates("variant_id").set_index("variant_id")
    )
    regions, lines_by_region = _by_region(sales, column, len(weeks))
    panel = DemandPanel(
        variants=ids,
        style=style.astype(np.int32),
        styles=styles,
        group=group.astype(np.int32),
        groups=groups,
        periods=weeks,
        units=units,
        lines=_summed(cell, np.ones(len(cell)), shape),
        price=_carried(paid, units),
        first_period=np.argmax(units > 0, axis=1).astype(np.int32),
        market=None
        if market is None or market.empty
        else market_table(market, per_week, sold=lines_by_region, regions=regions),
        settings=settings,
        scenario=None if scenario is None else market_table(scenario, per_week),
        attributes=None if catalogue is None else catalogue.reindex(ids),
        unsold=None if catalogue is None else catalogue[~catalogue.index.isin(ids)],
        known_lines=Lines.of(sales, ids) if sales["customer_id"].notna().any() else None,
    )
    return panel if stock is None else restored(panel, stock)


def restored(panel: DemandPanel, stock: pd.DataFrame) -> DemandPanel:
    """The panel with demand restored from stock, as its settings say (`censoring`).

    What is restored in a period stands on that period and earlier ones, so no origin sees more
    than was known there.
    """
    found = demanded(panel, stock)
    if found is None:
        return panel
    return replace(panel, units=found.restored.units, lines=found.restored.lines, demanded=found)


def _refuse_too_large(shape: tuple[int, int], period: Period) -> None:
    """Refuse a panel that would not fit into memory."""
    if shape[0] * shape[1] > MOST_CELLS:
        raise BadPeriod(
            f"{shape[0]:,} variants over {shape[1]:,} {period}s are more than the "
            f"{MOST_CELLS:,} cells that a panel may hold.",
            where="orders",
            fix="Read demand by week, or import fewer variants or a shorter past.",
        )


def _complete_until(ordered_at: NDArray[np.datetime64], per_week: int) -> np.datetime64:
    """The first day after the last complete period; long ago where there is no order.

    A period's parts are the days of a week or the hours of a day. Days without a time of the
    day are whole.
    """
    if not len(ordered_at):
        return np.datetime64("1970-01-05")
    part = DAY if per_week == 1 else np.timedelta64(1, "h")
    moments = np.unique(ordered_at.astype("datetime64[D]" if per_week == 1 else "datetime64[h]"))
    start = starts(moments, per_week)
    place = ((moments - start) / part).astype(np.int64)
    often = np.bincount(place) * 2 >= len(np.unique(start))
    closing = int(np.flatnonzero(often).max()) if often.any() else int(length(per_week) / part) - 1
    last: np.datetime64 = start[-1]
    return last + length(per_week) if place[-1] >= closing else last


def _by_region(
    sales: pd.DataFrame, column: NDArray[np.int64], span: int
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """(R,) regions of the orders, ascending, and (R, T) order lines by region and period."""
    if "region" not in sales or not sales["region"].notna().any():
        return np.array([], dtype=object), np.zeros((0, span))
    named = sales["region"].notna().to_numpy()
    regions, row = np.unique(sales["region"].to_numpy(dtype=object)[named], return_inverse=True)
    ones = np.ones(len(row))
    return regions, _summed(row * span + column[named], ones, (len(regions), span))


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
    known = variants.drop_duplicates("variant_id").set_index("variant_id", drop=False)[column]
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
