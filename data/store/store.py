"""Live events in a transactional store: whole batches, once each, durable when acknowledged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from data.errors import EventRefused, StoreConflict, StoreError
from data.store.engine import READS, connect
from data.store.events import LiveEvent
from data.store.schema import live_events, metadata

MOST_EVENTS: Final = 10_000
"""Events of one batch."""

IDS_A_QUERY: Final = 500
SCHEMA_LOCK: Final = 0x4A7E11E5
"""Advisory lock under which PostgreSQL's tables are made, by one process at a time."""

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
)


@dataclass(frozen=True, slots=True)
class Store:
    """Live events, by event id. Safe to share between threads; each process opens its own."""

    engine: Engine

    def append(self, events: Sequence[LiveEvent]) -> int:
        """Store a batch, all of it or nothing; when this returns it survives a crash.

        An event that the store holds already is left as it is, so that a batch may be sent
        again until it is acknowledged. O(events log stored events).

        Returns:
            How many of the events were not there before.

        Raises:
            StoreConflict: the store, or the batch itself, holds an event of the same id with
                another content.
            EventRefused: more than MOST_EVENTS.
            StoreError: the store is away, busy, full or read-only.
        """
        if len(events) > MOST_EVENTS:
            raise EventRefused(
                f"{len(events):,} events are too many for one batch.",
                where="events",
                fix=f"Send at most {MOST_EVENTS:,} at once.",
            )
        if not events:
            return 0
        batch = _by_id(events)
        with self.transaction() as connection:
            rows = [asdict(event) for event in batch.values()]
            new = connection.scalars(self._insert().returning(live_events.c.event_id), rows).all()
            for stored in _read_ids(connection, sorted(batch.keys() - set(new))):
                if batch[stored.event_id] != stored:
                    raise _conflict(stored.event_id)
        return len(new)

    def of_customer(self, customer_id: str) -> list[LiveEvent]:
        """A customer's live events, by time, then id; O(their number)."""
        return self._read(live_events.c.customer_id == customer_id)

    def since(self, moment: datetime) -> list[LiveEvent]:
        """The live events at or after a moment of the shop's local time, by time, then id."""
        return self._read(live_events.c.at >= moment)

    def ping(self) -> None:
        """Return if the store answers.

        Raises:
            StoreError: it does not.
        """
        with self.transaction(reads=True) as connection:
            connection.execute(select(live_events.c.event_id).limit(1)).all()

    def check_writable(self) -> None:
        """Return if the store answers and takes writes; nothing is written.

        Raises:
            StoreError: it does not.
        """
        with self.transaction() as connection:
            connection.execute(live_events.delete().where(live_events.c.event_id == ""))

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    def _insert(self) -> Insert:
        dialect = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        insert: Insert = dialect.insert(live_events).on_conflict_do_nothing()
        return insert

    def _read(self, where: Any) -> list[LiveEvent]:
        query = select(live_events).where(where)
        query = query.order_by(live_events.c.at, live_events.c.event_id)
        with self.transaction(reads=True) as connection:
            return [LiveEvent(**row) for row in connection.execute(query).mappings()]

    @contextmanager
    def transaction(self, *, reads: bool = False) -> Iterator[Connection]:
        """A transaction that commits at the end, or undoes all of it; errors are StoreErrors."""
        try:
            with (
                self.engine.connect().execution_options(**{READS: reads}) as connection,
                connection.begin(),
            ):
                yield connection
        except SQLAlchemyError as error:
            raise _explained(self.engine, error) from error


def open_store(url: str, *, patience: float = 5.0) -> Store:
    """Open a store, and make its tables where they are missing.

    Args:
        url: `sqlite:///FILE` (made where missing) or `postgresql://USER@HOST/DATABASE`.
        patience: seconds to wait for another writer before the store counts as busy.

    Raises:
        StoreError: the URL is none, or the store is away, busy, full or read-only.
    """
    store = Store(connect(url, patience))
    try:
        with store.transaction() as connection:
            if store.engine.dialect.name == "postgresql":
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SCHEMA_LOCK}
                )
            metadata.create_all(connection)
    except StoreError:
        store.close()
        raise
    return store


def _by_id(events: Sequence[LiveEvent]) -> dict[str, LiveEvent]:
    """The batch by ascending id, so that two batches never wait for each other in a ring."""
    batch: dict[str, LiveEvent] = {}
    for event in sorted(events, key=lambda event: event.event_id):
        if batch.setdefault(event.event_id, event) != event:
            raise _conflict(event.event_id)
    return batch


def _read_ids(connection: Connection, ids: Sequence[str]) -> Iterator[LiveEvent]:
    """The stored events of some ids."""
    for start in range(0, len(ids), IDS_A_QUERY):
        some = ids[start : start + IDS_A_QUERY]
        query = select(live_events).where(live_events.c.event_id.in_(some))
        for row in connection.execute(query).mappings():
            yield LiveEvent(**row)


def _conflict(event_id: str) -> StoreConflict:
    return StoreConflict(
        f"Event '{event_id}' is known with another content.",
        where="event_id",
        fix="Give a new event a new id, or send the old one unchanged.",
    )


def _explained(engine: Engine, error: SQLAlchemyError) -> StoreError:
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
