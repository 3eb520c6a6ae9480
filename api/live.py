"""Live events as recommender and report take them: what customers did since the tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd

from data.store import LiveEvent
from data.tables import CANCELLED, ORDERS, Table
from data.workspace import Workspace


def live_lines(events: Sequence[LiveEvent]) -> pd.DataFrame | None:
    """Lines for `Recommender.recommend(extra=…)`; None where nothing has happened."""
    if not events:
        return None
    names = ("customer_id", "variant_id", "kind", "value", "at")
    frame = pd.DataFrame({name: [getattr(event, name) for event in events] for name in names})
    frame["value"] = frame["value"].astype("float64")
    frame["at"] = frame["at"].astype("datetime64[us]")
    return frame


LINE: Final = ("customer_id", "variant_id", "ordered_at")
"""What an order line and the live event of it have in common."""


def order_lines(workspace: Workspace, events: Sequence[LiveEvent], since: datetime) -> pd.DataFrame:
    """Order lines from a moment on, imported or live: LINE and quantity.

    A live order that is imported too, or was before a cancellation took units off it, counts once:
    as the tables have it.

    Args:
        workspace: its tables.
        events: live orders and returns from that moment on.
        since: the shop's local time.
    """
    imported = _lines(workspace, ORDERS, since)
    live = pd.DataFrame(
        {
            "customer_id": [event.customer_id for event in events],
            "variant_id": [event.variant_id for event in events],
            "ordered_at": pd.Series([event.at for event in events], dtype="datetime64[us]"),
            "quantity": pd.Series([event.value for event in events], dtype="float64"),
        }
    )
    known = pd.concat([imported, _lines(workspace, CANCELLED, since)])
    twice = pd.MultiIndex.from_frame(live[list(LINE)].astype(object)).isin(
        pd.MultiIndex.from_frame(known[list(LINE)].astype(object))
    )
    fresh = live[~twice]
    return fresh if imported.empty else pd.concat([imported, fresh], ignore_index=True)


def _lines(workspace: Workspace, table: Table, since: datetime) -> pd.DataFrame:
    if not workspace.has(table):
        return pd.DataFrame({name: [] for name in (*LINE, "quantity")})
    lines = workspace.read(table)
    return lines.loc[lines["ordered_at"] >= since, [*LINE, "quantity"]]


def local_time(moment: datetime, timezone: str) -> datetime:
    """A moment as the shop's clock shows it; one without an offset already is."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
