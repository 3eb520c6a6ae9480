"""Taking customers out of the tables and the store: one customer, or whoever rows are too old.

Where a row can do without a customer it stays as a guest's, since the units were wanted whoever
wanted them; every other row goes. Each step can be done again: what a crash cut off is finished by
asking once more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Column, ColumnElement, Connection, MetaData, inspect, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import SQLAlchemyError

from data.errors import StoreError
from data.failpoints import reach
from data.ledger.audit import Record, append
from data.ledger.schema import orders
from data.ledger.typed import NumberOptions, forget_typed, is_number
from data.store.database import Database, explained
from data.tables import CANCELLED, CONFIGURATIONS, CUSTOMER, FREE_TEXT, TABLES, Table
from data.workspace import Workspace

TYPED: Final = "value"
"""The column of configurations in which customers may have written."""

_TRIES: Final = 50
_PAUSE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Changed:
    """How many rows lost their customer, and how many went altogether."""

    unnamed: int = 0
    removed: int = 0

    def __add__(self, other: Changed) -> Changed:
        return Changed(self.unnamed + other.unnamed, self.removed + other.removed)


def personal_tables() -> Sequence[Table]:
    """The tables that name customers."""
    every = (*TABLES.values(), CANCELLED)
    return [one for one in every if any(column.kind == "customer" for column in one.columns)]


Chosen = Callable[[Table, pd.DataFrame], NDArray[np.bool_] | None]
"""(N,) bool: which rows of a table lose their customer; None where the table is not concerned."""


def erase_from_tables(
    workspace: Workspace, customer: str, numbers: NumberOptions = frozenset()
) -> Changed:
    """Take a customer out of the tables, all of them or none; O(rows).

    Args:
        workspace: whose `locked` the caller holds.
        customer: the pseudonym.
        numbers: options whose values are no texts, and stay.
    """

    def theirs(_: Table, frame: pd.DataFrame) -> NDArray[np.bool_]:
        return (frame[CUSTOMER] == customer).fillna(value=False).to_numpy(dtype=bool)

    found = unnamed_tables(workspace, theirs, numbers)
    if found:
        workspace.swap({name: frame for name, (frame, _) in found.items()})
    return sum((changed for _, changed in found.values()), Changed())


def unnamed_tables(
    workspace: Workspace, chosen: Chosen, numbers: NumberOptions = frozenset()
) -> dict[str, tuple[pd.DataFrame, Changed]]:
    """The tables that change where some rows lose their customer, and what changes; by name."""
    found = {}
    for table in personal_tables():
        if not workspace.has(table):
            continue
        frame = workspace.read(table)
        rows = chosen(table, frame)
        if rows is None or not rows.any():
            continue
        count = int(rows.sum())
        if table.column(CUSTOMER).nullable:
            blank = [CUSTOMER, *(name for name in FREE_TEXT if name in frame)]
            frame.loc[rows, blank] = pd.NA
            if table is CONFIGURATIONS and TYPED in frame:
                frame.loc[_typed(frame, rows, numbers), TYPED] = pd.NA
            found[table.name] = frame, Changed(unnamed=count)
        else:
            found[table.name] = frame[~rows].reset_index(drop=True), Changed(removed=count)
    return found


def _typed(
    frame: pd.DataFrame, rows: NDArray[np.bool_], numbers: NumberOptions
) -> NDArray[np.bool_]:
    """(N,) which of some rows of the configurations table hold a text that somebody typed."""
    typed = rows & frame[TYPED].notna().to_numpy(dtype=bool)
    some = frame.loc[typed]
    values = zip(some["style_id"], some["option"], some[TYPED], strict=True)
    typed[typed] = [
        (style, option) not in numbers or not is_number(str(value))
        for style, option, value in values
    ]
    return typed


def erase_from_store(
    database: Database,
    customer: str,
    *,
    actor: str,
    now: datetime,
    numbers: NumberOptions = frozenset(),
) -> Changed:
    """Take a customer out of every table of the store, in one transaction with its audit record.

    The record says how much was erased, and neither whose nor of which order.

    Args:
        database: the store.
        customer: the pseudonym.
        actor: who asks, for the audit.
        now: when (UTC).
        numbers: options whose values are no texts, and stay.

    Raises:
        StoreError: the store is away, busy, full or read-only.
    """

    def work(connection: Connection) -> Changed:
        changed = Changed()
        for table in tables_naming_customers(connection):
            changed += take_from(connection, table, table.c[CUSTOMER] == customer, numbers)
        reach("customer-erased")
        if changed != Changed():
            after = {"unnamed": changed.unnamed, "removed": changed.removed}
            record = Record(
                at=now, actor=actor, step="erase_customer", subject="customer", before={},
                after=after,
            )  # fmt: skip
            append(connection, [record])
        return changed

    return database.retried(work)


def rename_in_store(database: Database, pseudonym: Callable[[str], str]) -> None:
    """Put pseudonyms in the place of all customers' ids, in one transaction.

    Raises:
        StoreError: the store is away, busy, full or read-only.
    """

    def work(connection: Connection) -> None:
        for table in tables_naming_customers(connection):
            column = table.c[CUSTOMER]
            named = connection.scalars(select(column).where(column.is_not(None)).distinct()).all()
            for one in named:
                anew = {CUSTOMER: pseudonym(one)}
                connection.execute(table.update().where(column == one).values(anew))

    database.retried(work)


def tables_naming_customers(connection: Connection) -> list[SqlTable]:
    """The store's tables that have a column of customers, as they stand in the database.

    They are asked for there, so that a table of tomorrow is not forgotten.
    """
    seen, found = inspect(connection), []
    for name in sorted(seen.get_table_names()):
        columns = seen.get_columns(name)
        if any(one["name"] == CUSTOMER for one in columns):
            made = [Column(one["name"], one["type"], nullable=one["nullable"]) for one in columns]
            found.append(SqlTable(name, MetaData(), *made))
    return found


def scrub(database: Database) -> None:
    """Leave nothing of deleted rows in the store's files: pages rewritten, the log emptied.

    Raises:
        StoreError: others kept reading or writing all the while; ask again.
    """
    try:
        with database.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            if database.is_postgresql:
                for name in inspect(connection).get_table_names():
                    connection.exec_driver_sql(f'VACUUM "{name}"')
                return
    except (SQLAlchemyError, OSError) as error:
        raise explained(database.engine, error) from error
    _scrub_sqlite(database)


def _scrub_sqlite(database: Database) -> None:
    raw = database.engine.raw_connection()
    try:
        for _ in range(_TRIES):
            cursor = raw.cursor()
            try:
                cursor.execute("VACUUM")
                busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except Exception as error:  # the driver's, in a connection that SQLAlchemy only lent
                if "locked" not in str(error):
                    raise explained(database.engine, OSError(str(error))) from error
                busy = 1
            finally:
                cursor.close()
            if not busy:
                return
            time.sleep(_PAUSE)
    finally:
        raw.close()
    raise StoreError(
        "The rows are erased, but others kept the store busy: its files may still hold them.",
        where=database.engine.url.render_as_string(hide_password=True),
        fix="Erase the customer again when less is going on; it goes on where it was cut off.",
    )


def take_from(
    connection: Connection,
    table: SqlTable,
    rows: ColumnElement[bool],
    numbers: NumberOptions = frozenset(),
) -> Changed:
    """Take the customers out of some rows of a store's table, as its column allows."""
    if not table.c[CUSTOMER].nullable:
        return Changed(removed=connection.execute(table.delete().where(rows)).rowcount)
    if table.name == orders.name:
        theirs = connection.scalars(select(table.c.order_id).where(rows)).all()
        forget_typed(connection, theirs, numbers)
    blanks = {name: "" for name in FREE_TEXT if name in table.c}
    values = {CUSTOMER: None, **blanks}
    return Changed(unnamed=connection.execute(table.update().where(rows).values(values)).rowcount)
