"""Retention: rows older than a limit lose their customer, as if each had asked to be erased.

What is a customer's is of three kinds: events, orders, and the log of lists that were served. A row
is as old as its own time says, a custom order as old as its last step; while that is still to be
made, or younger than the limit, its lines in the tables keep their customer too. Rows of the store
go in batches, each a transaction with its record in the audit, so that nobody waits long and a run
that is cut off is finished by the next.

Which rows are past a limit: `data.retention_limits`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Column, ColumnElement, Connection, Table, func, or_, select

from data.erasing import Changed, personal_tables, take_from, unnamed_tables
from data.failpoints import reach
from data.ledger.audit import Record, append
from data.ledger.schema import orders
from data.ledger.states import FINISHED
from data.ledger.typed import NumberOptions
from data.retention_limits import Kind, Limit, Moment
from data.store.database import Database
from data.store.dead_letters import dead_letters
from data.store.schema import live_events
from data.store.served import served_lists
from data.tables import CANCELLED, CONFIGURATIONS, CUSTOMER, EVENTS, ORDERS
from data.tables import Table as CanonicalTable
from data.workspace import Workspace

ROWS_A_BATCH: Final = 5_000
ORDERED: Final = ("order",)
"""Kinds of live events that are orders."""


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
    Dated(kind="orders", table=orders, key=orders.c.order_id, at=orders.c.changed_at, local=False,
          which=orders.c.state.in_(FINISHED)),
    Dated(kind="served", table=served_lists, key=served_lists.c.list_id, at=served_lists.c.at),
)  # fmt: skip
"""The store's tables; a message set aside holds an event, under the shop's own id."""


def newest_row(workspace: Workspace, database: Database) -> datetime | None:
    """The shop's local time of the newest row that was dated elsewhere; None where there is none.

    These are the imported orders and events, and the live events: rows that this machine dates say
    nothing of its clock.

    Raises:
        WorkspaceError: a table is damaged.
        StoreError: the store is away or busy.
    """
    found: list[datetime] = []
    for table in (ORDERS, EVENTS):
        if workspace.has(table):
            latest = workspace.read(table)[IN_TABLES[table.name][1]].max()
            if not pd.isna(latest):
                found.append(latest.to_pydatetime())
    with database.transaction(reads=True) as connection:
        last = connection.scalar(select(func.max(live_events.c.at)))
    return max([*found, last] if last is not None else found, default=None)


def named_customers(workspace: Workspace, database: Database) -> set[str]:
    """All whom a table or a live event names; O(rows).

    Raises:
        WorkspaceError: a table is damaged.
        StoreError: the store is away or busy.
    """
    found: set[str] = set()
    for table in personal_tables():
        if workspace.has(table):
            found.update(workspace.read(table)[CUSTOMER].dropna().unique().tolist())
    with database.transaction(reads=True) as connection:
        found.update(connection.scalars(select(live_events.c.customer_id).distinct()))
    return found


def held_orders(database: Database, limits: Mapping[Kind, Limit]) -> frozenset[str]:
    """Custom orders that keep their customer: still to be made, or younger than the limit.

    Raises:
        StoreError: the store is away or busy.
    """
    if "orders" not in limits:
        return frozenset()
    recent = orders.c.changed_at >= limits["orders"].moment.utc
    query = select(orders.c.order_id).where(or_(orders.c.state.not_in(FINISHED), recent))
    with database.transaction(reads=True) as connection:
        return frozenset(connection.scalars(query))


def past_tables(
    workspace: Workspace,
    limits: Mapping[Kind, Limit],
    held: frozenset[str] = frozenset(),
    numbers: NumberOptions = frozenset(),
) -> dict[str, tuple[pd.DataFrame, Changed]]:
    """The workspace's tables without the customers of rows past a limit, where any is; O(rows).

    Args:
        workspace: whose tables; whoever puts the answer in their place holds `locked`.
        limits: by kind of row; a kind without one stays.
        held: orders whose lines keep their customer, see `held_orders`.
        numbers: options whose values are no texts that customers typed, and stay.
    """

    def older(table: CanonicalTable, frame: pd.DataFrame) -> NDArray[np.bool_] | None:
        kind, at = IN_TABLES[table.name]
        if kind not in limits:
            return None
        rows = (frame[at] < limits[kind].moment.local) & frame[CUSTOMER].notna()
        if held and "order_id" in frame:
            rows &= ~frame["order_id"].isin(held)
        return rows.fillna(value=False).to_numpy(dtype=bool)

    return unnamed_tables(workspace, older, numbers)


def note_tables(
    database: Database, changed: Mapping[str, Changed], *, actor: str, now: datetime
) -> None:
    """Note in the audit what is about to change in the tables, a record for each.

    A run that is cut off between the note and the change notes it again: rather twice than never.

    Raises:
        StoreError: the store is away, busy, full or read-only.
    """
    records = [_record(f"table {name}", one, actor, now) for name, one in changed.items()]

    def write(connection: Connection) -> None:
        append(connection, records)

    if records:
        database.retried(write)


def count_past(database: Database, limits: Mapping[Kind, Limit]) -> dict[str, Changed]:
    """What `take_past` would change, by table of the store, where anything.

    Raises:
        StoreError: the store is away or busy.
    """
    found: dict[str, Changed] = {}
    with database.transaction(reads=True) as connection:
        for dated in IN_STORE:
            if dated.kind in limits:
                query = select(func.count()).select_from(dated.table)
                count = connection.scalar(query.where(dated.older(limits[dated.kind].moment))) or 0
                if count:
                    found[dated.name] = found.get(dated.name, Changed()) + _changed(dated, count)
    return found


def take_past(
    database: Database,
    limits: Mapping[Kind, Limit],
    *,
    actor: str,
    now: datetime,
    numbers: NumberOptions = frozenset(),
) -> dict[str, Changed]:
    """Take the customers out of all rows of the store past a limit; by table, where any was.

    Args:
        database: the store.
        limits: by kind of row; a kind without one stays.
        actor: who asks, for the audit, which names no customer and no order.
        now: when (UTC), for the audit.
        numbers: options whose values are no texts that customers typed, and stay.

    Raises:
        StoreError: the store is away, busy, full or read-only; what was done so far stays done.
    """
    found: dict[str, Changed] = {}
    for dated in IN_STORE:
        if dated.kind not in limits:
            continue
        taking = _Taking(dated, limits[dated.kind].moment, numbers, actor, now)
        for changed in _batches(database, taking):
            found[dated.name] = found.get(dated.name, Changed()) + changed
            reach("batch-taken")
    return found


@dataclass(frozen=True, slots=True)
class _Taking:
    """Rows that go, and what is noted of it."""

    dated: Dated
    moment: Moment
    numbers: NumberOptions
    actor: str
    now: datetime


def _batches(database: Database, taking: _Taking) -> Iterator[Changed]:
    dated = taking.dated
    rows = dated.older(taking.moment)
    some = select(dated.key).where(rows).order_by(dated.at, dated.key).limit(ROWS_A_BATCH)

    def work(connection: Connection) -> Changed:
        keys = connection.scalars(some).all()
        if not keys:
            return Changed()
        these = dated.key.in_(keys) & rows  # an order may have gone on meanwhile
        if CUSTOMER in dated.table.c:
            changed = take_from(connection, dated.table, these, taking.numbers)
        else:
            gone = connection.execute(dated.table.delete().where(these)).rowcount
            changed = Changed(removed=gone)
        append(connection, [_record(dated.name, changed, taking.actor, taking.now)])
        return changed

    while (changed := database.retried(work)) != Changed():
        yield changed


def _changed(dated: Dated, count: int) -> Changed:
    named = CUSTOMER in dated.table.c and dated.table.c[CUSTOMER].nullable
    return Changed(unnamed=count) if named else Changed(removed=count)


def _record(subject: str, changed: Changed, actor: str, now: datetime) -> Record:
    """What the audit keeps: how many rows of what, and neither whose nor of which order."""
    after = {"unnamed": changed.unnamed, "removed": changed.removed}
    return Record(at=now, actor=actor, step="retain", subject=subject, before={}, after=after)
