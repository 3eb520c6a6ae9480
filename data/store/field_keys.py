"""The ids of the field keys that a store's text is sealed under.

A store remembers them, so that a program with another key, or none, is refused as it opens the
store rather than found out text by text.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Connection, Table, Text, insert, select, text

from data.store.database import Database
from data.store.schema import metadata

FIELD_KEYS_LOCK: Final = 0x4A7EF1E1
"""Advisory lock under which PostgreSQL's store takes up a key, by one process at a time."""

field_keys: Final = Table("field_keys", metadata, Column("key_id", Text, primary_key=True))


def known_keys(connection: Connection) -> set[str]:
    """The ids that the store remembers."""
    return set(connection.scalars(select(field_keys.c.key_id)))


def check_field_key(database: Database) -> None:
    """Return if all sealed text of a store can be opened.

    Raises:
        FieldKeyRefused: a key that text is sealed under is not given.
        StoreError: the store is away or busy.
    """
    with database.transaction(reads=True) as connection:
        database.seals.check(known_keys(connection))


def take_up_field_key(database: Database) -> None:
    """`check_field_key`; then let a store remember the key that new text is sealed under.

    Raises:
        FieldKeyRefused: a key that text is sealed under is not given.
        StoreError: the store is away, busy, full or read-only.
    """
    newest = database.seals.newest
    with database.transaction(reads=True) as connection:
        known = known_keys(connection)
    database.seals.check(known)
    if newest is None or newest in known:
        return
    with database.transaction() as connection:
        if database.is_postgresql:
            lock = {"lock": FIELD_KEYS_LOCK}
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), lock)
        known = known_keys(connection)  # another program may have come first, with another key
        database.seals.check(known)
        if newest not in known:
            connection.execute(insert(field_keys), {"key_id": newest})
