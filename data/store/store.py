"""Live events in a transactional store: whole batches, once each, durable when acknowledged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Insert, select
from sqlalchemy.dialects import postgresql, sqlite

from data.errors import EventRefused, StoreConflict
from data.sealing import Seals
from data.store.database import Database
from data.store.events import LiveEvent
from data.store.migrating import open_migrated
from data.store.schema import live_events

MOST_EVENTS: Final = 10_000
"""Events of one batch."""

IDS_A_QUERY: Final = 500


@dataclass(frozen=True, slots=True)
class Store:
    """Live events, by event id. Safe to share between threads; each process opens its own."""

    database: Database

    @property
    def engine(self) -> Engine:
        """The connections."""
        return self.database.engine

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
        with self.database.transaction() as connection:
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

    def orders_since(self, moment: datetime) -> list[LiveEvent]:
        """Those of `since` that are orders or returns."""
        return self._read((live_events.c.at >= moment) & (live_events.c.kind == "order"))

    def ping(self) -> None:
        """Return if the store answers.

        Raises:
            StoreError: it does not.
        """
        with self.database.transaction(reads=True) as connection:
            connection.execute(select(live_events.c.event_id).limit(1)).all()

    def check_writable(self) -> None:
        """Return if the store answers and takes writes; nothing is written.

        Raises:
            StoreError: it does not.
        """
        with self.database.transaction() as connection:
            connection.execute(live_events.delete().where(live_events.c.event_id == ""))

    def close(self) -> None:
        """Let go of all connections."""
        self.database.close()

    def _insert(self) -> Insert:
        dialect = postgresql if self.database.is_postgresql else sqlite
        insert: Insert = dialect.insert(live_events).on_conflict_do_nothing()
        return insert

    def _read(self, where: Any) -> list[LiveEvent]:
        query = select(live_events).where(where)
        query = query.order_by(live_events.c.at, live_events.c.event_id)
        with self.database.transaction(reads=True) as connection:
            return [LiveEvent(**row) for row in connection.execute(query).mappings()]


def open_store(url: str, *, patience: float = 5.0, seals: Seals | None = None) -> Store:
    """Open a store; its tables are made, or brought up from an older version, where need be.

    Args:
        url: `sqlite:///FILE` (made where missing) or `postgresql://USER@HOST/DATABASE`.
        patience: seconds to wait for another writer before the store counts as busy.
        seals: the keys of free text; None for the environment's.

    Raises:
        StoreError: the URL is none, or the store is away, busy, full or read-only.
        FieldKeyRefused: free text is sealed under a key that is not given.
        SchemaError: a newer program made the store.
    """
    return Store(open_migrated(url, patience, seals))


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
