"""One customer's live events by id, read so fast that an event loop may wait for it.

A read through the pool costs a thread and half a millisecond, more than all the rest of a request
whose answer is known. In SQLite's write-ahead log a reader waits for nobody, and the rows of one
customer lie together in an index, so that one prepared statement on a connection of its own takes
some ten microseconds. PostgreSQL lies behind a network: there is no such read of it.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from data.store.store import Store

_QUERY: Final = "SELECT event_id FROM live_events WHERE customer_id = ? ORDER BY at, event_id"


class CustomerReads:
    """Reads a SQLite store; for one thread at a time.

    Args:
        store: the store; of one that is no SQLite file nothing is read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: sqlite3.Connection | None = None
        self.quick = store.database.engine.dialect.name == "sqlite"

    def event_ids(self, customer_id: str) -> tuple[str, ...] | None:
        """The ids of what `Store.of_customer` answers; None where only that can tell.

        Events never change once stored, so that equal ids are equal events.
        """
        if not self.quick:
            return None
        try:
            if self._connection is None:
                self._connection = self._opened()
            found = self._connection.execute(_QUERY, (customer_id,)).fetchall()
        except (sqlite3.Error, SQLAlchemyError):
            self.close()  # busy, damaged or away: the store's own read says which
            return None
        return tuple([row[0] for row in found])

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        """A connection beside the pool, as durable as its others, that never waits for a lock."""
        pooled = self._store.database.engine.raw_connection()
        connection = pooled.driver_connection
        pooled.detach()
        assert isinstance(connection, sqlite3.Connection)  # noqa: S101  # the dialect's driver
        connection.execute("PRAGMA busy_timeout = 0")
        return connection
