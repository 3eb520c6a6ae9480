"""Custom orders in the loop: lines of the tables, and capacity that plans leave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
import pandas as pd

from api.composed import has_composed, with_composed
from api.live import local_time
from api.settings import Settings
from data.cleaning.finish import completed, conform
from data.ledger import MILLI, Order, open_ledger
from data.ledger.states import State
from data.tables import CONFIGURATIONS, ORDERS, VARIANTS
from data.workspace import Workspace
from production.configuration.nearest_variant import NearestVariant
from recsys.catalogue import Catalogue
from recsys.returns import plain_reason

CHANNEL: Final = "custom"
"""How order lines of the ledger came in."""

LEDGER_ID: Final = "[0-9a-f]{32}"
"""What the ledger's ids of orders look like."""

COUNTED: Final[tuple[State, ...]] = ("confirmed", "in_production", "shipped", "returned")
"""States of an order that somebody has committed to."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What was taken into the orders table.

    Attributes:
        lines: lines of custom orders that stand in it now, returns among them.
        waiting: orders that wait until the imported tables reach their day.
        changed: whether a table was written.
    """

    lines: int
    waiting: int
    changed: bool


def join_orders(
    workspace: Workspace, settings: Settings, *, patience: float | None = None
) -> Joined:
    """Take the custom orders that were committed to into the tables; see `Joined`.

    Their lines go into the orders table, what was chosen into the configurations table: where free
    text is sealed, without the texts that customers typed. Trainings, forecasts and plans begin
    with it, whoever asks for them.

    Nothing is done where there is no store yet; where there are no custom orders the tables are
    neither locked nor read whole.

    Args:
        workspace: whose tables.
        settings: name the store.
        patience: seconds to wait for another who is changing the tables, see `Workspace.locked`.

    Raises:
        WorkspaceError: another process is changing the tables.
        StoreError: the store is away, busy, full or read-only.
    """
    if not has_store(workspace, settings):
        return Joined(0, 0, changed=False)
    ledger = open_ledger(settings.store_url(workspace.root))
    try:
        found, _ = ledger.list_orders(COUNTED, limit=0)
        if not found and not _has_custom(workspace) and not has_composed(workspace):
            return Joined(0, 0, changed=False)
        sealed = ledger.database.seals.newest is not None
        with workspace.locked(patience):
            # read once nobody else joins: what was read before another did is older than the tables
            _, committed = ledger.list_orders(COUNTED, limit=None)
            return _join(workspace, settings, committed, texts=not sealed)
    finally:
        ledger.close()


def taken_by_orders(workspace: Workspace, settings: Settings) -> pd.DataFrame | None:
    """What custom orders have committed: resource_id, day and amount; None where nothing.

    Raises:
        StoreError: the store is away, busy, full or read-only.
    """
    if not has_store(workspace, settings):
        return None
    ledger = open_ledger(settings.store_url(workspace.root))
    try:
        rows = ledger.committed()
    finally:
        ledger.close()
    if not rows:
        return None
    return pd.DataFrame(
        {
            "resource_id": [row.resource_id for row in rows],
            "day": pd.Series([row.day for row in rows], dtype="datetime64[s]"),
            "amount": [row.committed / MILLI for row in rows],
        }
    )


def has_store(workspace: Workspace, settings: Settings) -> bool:
    """Whether there is a store that may hold orders: a database, or the workspace's own file."""
    return settings.database_url is not None or (workspace.root / "atelier.db").is_file()


def order_lines(
    workspace: Workspace, orders: Sequence[Order], others: pd.DataFrame, timezone: str
) -> pd.DataFrame:
    """Orders as rows of the orders table: what was ordered and, of those sent back, the returns.

    A composed line is one of the variant of its style that is most like it, see
    `production.configuration.nearest_variant`.

    Args:
        workspace: its catalogue.
        orders: of the ledger.
        others: the other rows of the table: of variants as near, the one that sold most counts.
        timezone: the shop's.
    """
    table = workspace.read(VARIANTS) if workspace.has(VARIANTS) else None
    catalogue = Catalogue.of((), table)
    units = others[others["quantity"] > 0].groupby("variant_id")["quantity"].sum()
    sold = dict(zip(units.index.astype(str), units.tolist(), strict=True))
    nearest = NearestVariant(catalogue, sold)
    rows = [
        (
            order.order_id,
            order.customer_id,
            line.variant_id or nearest.of(line.style_id or "", line.configuration),
            sign * line.quantity,
            float(Decimal(line.price) / line.quantity),
            local_time(order.made_at if sign > 0 else order.changed_at, timezone),
            None,
            CHANNEL,
            None if sign > 0 else plain_reason(order.reason),
        )
        for order in orders
        for line in order.lines
        for sign in ((1, -1) if order.state == "returned" else (1,))
    ]
    return conform(pd.DataFrame(rows, columns=list(ORDERS.names)), ORDERS, ())


def _join(
    workspace: Workspace, settings: Settings, committed: Sequence[Order], *, texts: bool
) -> Joined:
    before = workspace.read(ORDERS) if workspace.has(ORDERS) else pd.DataFrame()
    held = completed(before, ORDERS)
    others = held[~_custom(held)]
    lines = order_lines(workspace, committed, others, settings.timezone)
    late = np.zeros(len(lines), dtype=bool)
    if settings.custom_orders == "in_step" and len(others):
        # a week of which only custom orders were known would look like one of hardly any demand
        ends = others["ordered_at"].max().normalize() + pd.Timedelta(days=1)
        late = (lines["ordered_at"] >= ends).to_numpy()
    counted, waiting = lines[~late], int(lines.loc[late, "order_id"].nunique())
    tables = {}
    if len(counted) or len(others) != len(held):
        some = [frame for frame in (others, counted) if len(frame)]
        together = pd.concat(some, ignore_index=True) if some else held[:0]
        together = together.sort_values(
            ["ordered_at", "order_id", "customer_id", "variant_id"],
            kind="stable",
            ignore_index=True,
        )
        if not together.equals(before):
            tables[ORDERS.name] = together
    # what is chosen does not wait: a choice of yesterday says as much as one of last year
    composed = with_composed(workspace, committed, settings.timezone, texts=texts)
    if composed is not None:
        tables[CONFIGURATIONS.name] = composed
    if tables:
        workspace.swap(tables)
    return Joined(len(counted), waiting, changed=bool(tables))


def _custom(lines: pd.DataFrame) -> pd.Series:
    """Which rows of the orders table came from the ledger: by their channel and kind of id."""
    found = lines["channel"].eq(CHANNEL) & lines["order_id"].str.fullmatch(LEDGER_ID)
    return found.fillna(value=False).astype(bool)


def _has_custom(workspace: Workspace) -> bool:
    if not workspace.has(ORDERS):
        return False
    came = workspace.read(ORDERS, ("channel",))
    if "channel" not in came or not came["channel"].eq(CHANNEL).any():
        return False
    return bool(_custom(workspace.read(ORDERS, ("channel", "order_id"))).any())
