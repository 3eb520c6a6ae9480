"""Transactions: all or nothing, in turn where SQLite allows one writer, errors in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from data.errors import StoreError
from data.sealing import Seals
from data.store.combining import Combiner
from data.store.engine import READS, connect
from data.store.sealed import seals_of
from data.store.together import commit, forget

MOST_TRIES: Final = 5
AGAIN: Final = frozenset({"40001", "40P01"})
"""PostgreSQL's codes for what succeeds when it is tried again: serialization, deadlock."""

Result = TypeVar("Result")

_CAUSES: Final = (
    ("locked", "The store is busy.", "Try again in a moment."),
    ("lock timeout", "The store is busy.", "Try again in a moment."),
    ("deadlock", "The store is busy.", "Try again in a moment."),
    ("readonly", "The store cannot be written.", "Make its file and folder writable."),
    ("read-only", "The store cannot be written.", "Make the database writable."),
    ("full", "The store's disk is full.", "Free some space, then try again."),
    ("disk i/o", "The store's disk refuses to write.", "Check the disk and its free space."),
    ("no space", "The store's disk is full.", "Free some space, then try again."),
    ("not a database", "This file is no store.", "Name another file, or restore a backup."),
    ("malformed", "The store's file is damaged.", "Restore a backup."),
    ("unable to open", "The store's file cannot be opened.", "Check that its folder exists."),
    ("durable", "The file system refuses a durable store.", "Put the file on a local disk."),
    ("input/output", "The store's disk refuses to write.", "Check the disk and its free space."),
)


@dataclass(frozen=True, slots=True)
class Database:
    """A store's connections. Safe to share between threads; each process opens its own.

    Attributes:
        engine: the connections.
        patience: seconds to wait for another writer before the store counts as busy.
    """

    engine: Engine
    patience: float
    _writers: Combiner = field(default_factory=Combiner)

    @property
    def is_postgresql(self) -> bool:
        """Whether it is PostgreSQL; SQLite otherwise."""
        return self.engine.dialect.name == "postgresql"

    @property
    def seals(self) -> Seals:
        """The keys of free text."""
        return seals_of(self.engine.dialect)

    @contextmanager
    def transaction(self, *, reads: bool = False) -> Iterator[Connection]:
        """A transaction that commits at the end, or undoes all of it.

        Raises:
            StoreError: the store is away, busy, full or read-only.
        """
        with self._in_turn(reads=reads), self._begun(reads=reads) as connection:
            yield connection

    def retried(self, work: Callable[[Connection], Result]) -> Result:
        """What some work in a transaction gives, once that is committed.

        On SQLite those who wait at once share a transaction. Where PostgreSQL undoes one for the
        sake of another, it is done anew, a few times at most.

        Raises:
            StoreError: the store is away, busy, full or read-only.
        """
        if not self.is_postgresql:
            done: Result = self._writers.run(
                work, transaction=self._begun, patience=self.patience, busy=self._busy
            )
            return done
        for _ in range(MOST_TRIES - 1):
            try:
                with self.transaction() as connection:
                    return work(connection)
            except StoreError as error:
                if not _worth_another_try(error.__cause__):
                    raise
        with self.transaction() as connection:
            return work(connection)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def _begun(self, *, reads: bool = False) -> Iterator[Connection]:
        try:
            with self.engine.connect().execution_options(**{READS: reads}) as connection:
                connection.begin()
                try:
                    yield connection
                    commit(connection)
                finally:  # what is not committed by now is undone as the connection goes back
                    forget(connection)
        except (SQLAlchemyError, OSError) as error:
            raise explained(self.engine, error) from error

    @contextmanager
    def _in_turn(self, *, reads: bool) -> Iterator[None]:
        """SQLite's writers of one process queue here: its own waiting sleeps and is not fair."""
        if reads or self.is_postgresql:
            yield
            return
        if not self._writers.turn.acquire(timeout=self.patience):
            raise self._busy()
        try:
            yield
        finally:
            self._writers.turn.release()

    def _busy(self) -> StoreError:
        return StoreError(
            "The store is busy.",
            where=self.engine.url.render_as_string(hide_password=True),
            fix="Try again in a moment.",
        )


def open_database(url: str, patience: float, seals: Seals | None = None) -> Database:
    """A database by URL, its tables as they are.

    Args:
        url: `sqlite:///FILE` or `postgresql://USER@HOST/DATABASE`.
        patience: seconds to wait for another writer before the store counts as busy.
        seals: the keys of free text; None for the environment's.

    Raises:
        StoreError: the URL is none, or of no such kind.
        FieldKeyRefused: the environment's key is none.
    """
    return Database(connect(url, patience, Seals.given() if seals is None else seals), patience)


def explained(engine: Engine, error: SQLAlchemyError | OSError) -> StoreError:
    """What a driver's error means; its own words may carry values, so they are not repeated."""
    said = str(getattr(error, "orig", None) or error).lower()
    where = engine.url.render_as_string(hide_password=True)
    for sign, what, fix in _CAUSES:
        if sign in said:
            return StoreError(what, where=where, fix=fix)
    return StoreError(
        "The store does not answer.",
        where=where,
        fix="Check its address and that it is running, then try again.",
    )


def _worth_another_try(cause: BaseException | None) -> bool:
    return isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", None) in AGAIN
