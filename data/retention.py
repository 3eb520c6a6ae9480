"""Retention: rows older than a limit lose their customer, as if each had asked to be erased.

What is a customer's is of three kinds: events, orders, and the log of lists that were served. A row
is as old as its own time says. Orders that are not finished are never touched. Rows go in batches,
each a transaction with its record in the audit, so that nobody waits long and a run that is cut off
is finished by the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Column, ColumnElement, Connection, Table, func, select

from data.erasing import Changed, take_from, unnamed_tables
from data.failpoints import reach
from data.ledger.audit import Record, append
from data.ledger.schema import orders
from data.ledger.states import FINISHED
from data.store.database import Database
from data.store.dead_letters import dead_letters
from data.store.schema import live_events
from data.store.served import served_lists
from data.tables import CANCELLED, CONFIGURATIONS, CUSTOMER, EVENTS, ORDERS
from data.tables import Table as CanonicalTable
from data.workspace import Workspace

Kind = Literal["events", "orders", "served"]
KINDS: Final[tuple[Kind, ...]] = ("events", "orders", "served")

ROWS_A_BATCH: Final = 5_000
ORDERED: Final = ("order",)
"""Kinds of live events that are orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment on both clocks that rows are dated by, without an offset."""

    local: datetime
    utc: datetime

    def before(self, days: int) -> Moment:
        """The moment so many days earlier."""
        earlier = timedelta(days=days)
        return Moment(local=self.local - earlier, utc=self.utc - earlier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Rows of a store's table that fall under a limit.

    Attributes:
        kind: which limit.
        table: where they lie.
        key: the column that names a row.
        at: the column of their time.
        local: whether that is the shop's local time; else UTC.
        which: the rows of that kind which may go; None for all.
    """

    kind: Kind
    table: Table
    key: Column[str]
    at: Column[datetime]
    local: bool = True
    which: ColumnElement[bool] | None = None

    @property
    def name(self) -> str:
        """As reports call it."""
        return self.table.name

    def older(self, moment: Moment) -> ColumnElement[bool]:
        """Rows from before a moment that may go and have not gone yet."""
        found = self.at < (moment.local if self.local else moment.utc)
        if self.which is not None:
            found = found & self.which
        if CUSTOMER in self.table.c:
            found = found & self.table.c[CUSTOMER].is_not(None)
        return found


IN_TABLES: Final[dict[str, tuple[Kind, str]]] = {
    ORDERS.name: ("orders", "ordered_at"),
    CANCELLED.name: ("orders", "ordered_at"),
    CONFIGURATIONS.name: ("orders", "ordered_at"),
    EVENTS.name: ("events", "at"),
}
"""The workspace's tables: which limit, and the column of their rows' time."""

_EVENT: Final = live_events.c
_VIEWS: Final = Dated(
    kind="events", table=live_events, key=_EVENT.event_id, at=_EVENT.at,
    which=_EVENT.kind.not_in(ORDERED),
)  # fmt: skip
IN_STORE: Final = (
    _VIEWS,
    replace(_VIEWS, kind="orders", which=_EVENT.kind.in_(ORDERED)),
    Dated(kind="events", table=dead_letters, key=dead_letters.c.letter_id,
          at=dead_letters.c.set_aside_at, local=False),
    Dated(kind="orders", table=orders, key=orders.c.order_id, at=orders.c.made_at, local=False,
          which=orders.c.state.in_(FINISHED)),
    Dated(kind="served", table=served_lists, key=served_lists.c.list_id, at=served_lists.c.at),
)  # fmt: skip
"""The store's tables; a message set aside holds an event, under the shop's own id."""


def newest(workspace: Workspace, database: Database) -> dict[Kind, datetime]:
    """The time of the newest row of each kind, as it is dated; kinds without a row are left out.

    Raises:
        WorkspaceError: a table is damaged.
        StoreError: the store is away or busy.
    """
    found: dict[Kind, datetime] = {}
    for table, (kind, at) in _tables(workspace):
        latest = workspace.read(table)[at].max()
        if not pd.isna(latest):
            found[kind] = max(found.get(kind, latest), latest.to_pydatetime())
    with database.transaction(reads=True) as connection:
        for dated in IN_STORE:
            query = select(func.max(dated.at))
            last = connection.scalar(query if dated.which is None else query.where(dated.which))
            if last is not None:
                found[dated.kind] = max(found.get(dated.kind, last), last)
    return found


def named_customers(workspace: Workspace, database: Database) -> set[str]:
    """All whom a table or a live event names; O(rows).

    Raises:
        WorkspaceError: a table is damaged.
        StoreError: the store is away or busy.
    """
    found: set[str] = set()
    for table, _ in _tables(workspace):
        found.update(workspace.read(table)[CUSTOMER].dropna().unique().tolist())
    with database.transaction(reads=True) as connection:
        found.update(connection.scalars(select(live_events.c.customer_id).distinct()))
    return found


def past_tables(
    workspace: Workspace, limits: Mapping[Kind, Moment]
) -> dict[str, tuple[pd.DataFrame, Changed]]:
    """The workspace's tables without the customers of rows past a limit, where any is; O(rows).

    Args:
        workspace: whose tables; whoever puts the answer in their place holds `locked`.
        limits: the moment before which rows of a kind are past it; a kind without one stays.
    """

    def older(table: CanonicalTable, frame: pd.DataFrame) -> NDArray[np.bool_] | None:
        kind, at = IN_TABLES[table.name]
        if kind not in limits:
            return None
        rows = (frame[at] < limits[kind].local) & frame[CUSTOMER].notna()
        return rows.fillna(value=False).to_numpy(dtype=bool)

    return unnamed_tables(workspace, older)


def count_past(database: Database, limits: Mapping[Kind, Moment]) -> dict[str, Changed]:
    """What `take_past` would change, by table of the store, where anything.

    Raises:
        StoreError: the store is away or busy.
    """
    found: dict[str, Changed] = {}
    with database.transaction(reads=True) as connection:
        for dated in IN_STORE:
            if dated.kind in limits:
                query = select(func.count()).select_from(dated.table)
                count = connection.scalar(query.where(dated.older(limits[dated.kind]))) or 0
                if count:
                    found[dated.name] = found.get(dated.name, Changed()) + _changed(dated, count)
    return found


def take_past(
    database: Database, limits: Mapping[Kind, Moment], *, actor: str, now: datetime
) -> dict[str, Changed]:
    """Take the customers out of all rows of the store past a limit; by table, where any was.

    Args:
        database: the store.
        limits: the moment before which rows of a kind are past it; a kind without one stays.
        actor: who asks, for the audit, which names no customer and no order.
        now: when (UTC), for the audit.

    Raises:
        StoreError: the store is away, busy, full or read-only; what was done so far stays done.
    """
    found: dict[str, Changed] = {}
    for dated in IN_STORE:
        if dated.kind not in limits:
            continue
        for changed in _batches(database, dated, limits[dated.kind], actor, now):
            found[dated.name] = found.get(dated.name, Changed()) + changed
            reach("batch-taken")
    return found


def _batches(
    database: Database, dated: Dated, moment: Moment, actor: str, now: datetime
) -> Iterator[Changed]:
    rows = dated.older(moment)
    some = select(dated.key).where(rows).order_by(dated.at, dated.key).limit(ROWS_A_BATCH)

    def work(connection: Connection) -> Changed:
        keys = connection.scalars(some).all()
        if not keys:
            return Changed()
        these = dated.key.in_(keys) & rows  # an order may have gone on meanwhile
        if CUSTOMER in dated.table.c:
            changed = take_from(connection, dated.table, these)
        else:
            gone = connection.execute(dated.table.delete().where(these)).rowcount
            changed = Changed(removed=gone)
        after = {"unnamed": changed.unnamed, "removed": changed.removed}
        append(connection, [Record(at=now, actor=actor, step="retain", subject=dated.name,
                                   before={}, after=after)])  # fmt: skip
        return changed

    while (changed := database.retried(work)) != Changed():
        yield changed


def _changed(dated: Dated, count: int) -> Changed:
    named = CUSTOMER in dated.table.c and dated.table.c[CUSTOMER].nullable
    return Changed(unnamed=count) if named else Changed(removed=count)


def _tables(workspace: Workspace) -> Iterator[tuple[CanonicalTable, tuple[Kind, str]]]:
    for table in (ORDERS, CANCELLED, CONFIGURATIONS, EVENTS):
        if workspace.has(table):
            yield table, IN_TABLES[table.name]
