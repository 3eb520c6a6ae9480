"""Connections to SQLite and PostgreSQL, set so that what is committed stays."""

from __future__ import annotations

import sqlite3
import time
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from data.errors import StoreError
from data.sealing import Seals
from data.store.sealed import give_seals

READS: Final = "atelier_reads"
"""Execution option of a connection that only reads, and so need not wait for writers."""

FULL: Final = 2
CONNECT_SECONDS: Final = 5
RESTED_SECONDS: Final = 1.0
"""After so long unused a connection is tried before it is handed out: under load that would cost a
journey for every transaction, and a server that goes away is noticed by the next statement."""


def connect(url: str, patience: float, seals: Seals) -> Engine:
    """An engine for a store's URL.

    Args:
        url: `sqlite:///FILE`, or `postgresql://…`.
        patience: seconds to wait for a lock that another holds.
        seals: the keys of free text.

    Raises:
        StoreError: no such URL, or no such kind of store.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError(
            "The store's address is no database URL.",
            where="database_url",
            fix="Write sqlite:///FILE or postgresql://USER@HOST/DATABASE.",
        ) from error
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return give_seals(_sqlite(parsed, patience), seals)
    if kind in {"postgresql", "postgres"}:
        return give_seals(_postgresql(parsed, patience), seals)
    raise StoreError(
        f"Atelier keeps no store in {kind}.",
        where="database_url",
        fix="Write sqlite:///FILE or postgresql://USER@HOST/DATABASE.",
    )


def _sqlite(url: URL, patience: float) -> Engine:
    """SQLite in a file: write-ahead log, synced at every commit, writers one at a time."""
    if url.database in {None, "", ":memory:"}:
        raise StoreError(
            "A store in memory keeps nothing.",
            where="database_url",
            fix="Name a file: sqlite:///FILE.",
        )
    engine = create_engine(url.set(drivername="sqlite"), connect_args={"timeout": patience})

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where `_begin` says, not by guess
        if _pragma(connection, "journal_mode") != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        held = {name: _pragma(connection, name) for name in ("journal_mode", "synchronous")}
        if held != {"journal_mode": "wal", "synchronous": FULL}:
            raise sqlite3.OperationalError(f"the file system refuses a durable store: {held}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(READS, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _pragma(connection: sqlite3.Connection, name: str) -> object:
    """What a setting is at."""
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _postgresql(url: URL, patience: float) -> Engine:
    """PostgreSQL through psycopg 3, with bounded waits and commits that are synced."""
    from psycopg import IsolationLevel  # noqa: PLC0415  # a store in a file does without it

    milliseconds = int(patience * 1000)
    asked = url.query.get("options", "")
    options = " ".join(
        (
            asked if isinstance(asked, str) else " ".join(asked),
            f"-c lock_timeout={milliseconds}",
            "-c synchronous_commit=on",
        )
    )
    engine = create_engine(
        url.set(drivername="postgresql+psycopg").difference_update_query(["options"]),
        connect_args={"options": options.strip(), "connect_timeout": CONNECT_SECONDS},
    )

    @event.listens_for(engine, "checkin")
    def _rest(_: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _wake(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
        rested = time.monotonic() - record.info.get("rests_since", time.monotonic())
        if connection.closed or (rested > RESTED_SECONDS and not _answers(connection)):
            raise DisconnectionError  # the pool makes a new one

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        """All statements of a transaction that only reads see the store at one moment.

        Between two of them orders go on. It writes nothing, so the server never undoes it for the
        sake of another; and the level goes with the BEGIN, so it costs no journey.
        """
        reads = connection.get_execution_options().get(READS, False)
        driver: Any = connection.connection.driver_connection
        if bool(driver.read_only) != reads:
            driver.isolation_level = IsolationLevel.REPEATABLE_READ if reads else None
            driver.read_only = True if reads else None

    return engine


def _answers(connection: Any) -> bool:
    """Whether a connection of psycopg's still is one; the server may have gone while it rested."""
    import psycopg  # noqa: PLC0415  # a store in a file does without it

    try:
        connection.execute("")
        connection.rollback()
    except psycopg.Error:
        return False
    return True
