"""Messages that no event can be read from: set aside with the reason, so that none comes for ever.

A letter's id is made from its source and body, so that a message which is delivered again is set
aside once. Bodies hold what customers did: whoever has put a letter right removes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Index,
    Table,
    Text,
    delete,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from data.errors import AtelierError, LetterRefused
from data.store.database import Database
from data.store.naming import names_customer
from data.store.schema import metadata
from data.store.sealed import SealedBytes, SealedText
from data.store.store import IDS_A_QUERY, Store

MOST_LETTERS: Final = 10_000
"""Letters that are kept; above, the oldest go."""

LONGEST_BODY: Final = 64_000
"""Bytes of a body that are kept."""

LETTERS_A_LOOK: Final = 50
"""Letters whose bodies are in memory at once while one that names a customer is looked for."""

dead_letters: Final = Table(
    "dead_letters",
    metadata,
    Column("letter_id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason", SealedText, nullable=False),
    Column("body", SealedBytes, nullable=False),
    Column("set_aside_at", DateTime, nullable=False),
    Index("dead_letters_by_time", "set_aside_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One message that was set aside.

    Attributes:
        letter_id: made from source and body.
        source: where it came from.
        code: of the error that it met.
        reason: that error in words: where, what, what to do.
        body: its bytes, LONGEST_BODY at most.
        set_aside_at: when; UTC, without an offset.
    """

    letter_id: str
    source: str
    code: str
    reason: str
    body: bytes = field(repr=False)
    set_aside_at: datetime

    @property
    def whole(self) -> bool:
        """Whether all of its body is kept."""
        return len(self.body) < LONGEST_BODY


def set_aside(store: Store, source: str, body: bytes, error: AtelierError, *, now: datetime) -> str:
    """Keep a message with its reason; durable when this returns, once however often it comes.

    Args:
        store: where to.
        source: where it came from, without a secret.
        body: its bytes.
        error: why it cannot be taken.
        now: UTC, without an offset.

    Returns:
        The letter's id.

    Raises:
        StoreError: see `Store.append`.
    """
    letter_id = hashlib.sha256(source.encode() + b"\0" + body).hexdigest()[:16]
    row = {
        "letter_id": letter_id,
        "source": source,
        "code": error.code,
        "reason": str(error),
        "body": body[:LONGEST_BODY],
        "set_aside_at": now,
    }
    dialect = postgresql if store.database.is_postgresql else sqlite
    insert: Any = dialect.insert(dead_letters).on_conflict_do_nothing()
    newest = dead_letters.c.set_aside_at.desc(), dead_letters.c.letter_id
    oldest = select(dead_letters.c.letter_id).order_by(*newest).offset(MOST_LETTERS)
    with store.database.transaction() as connection:
        connection.execute(insert, row)
        connection.execute(delete(dead_letters).where(dead_letters.c.letter_id.in_(oldest)))
    return letter_id


def letters_of(store: Store, letter_id: str | None = None) -> list[DeadLetter]:
    """The letters that are kept, the oldest first; or the one of an id.

    Raises:
        LetterRefused: there is none of that id.
        StoreError: the store does not answer.
    """
    query = select(dead_letters).order_by(dead_letters.c.set_aside_at, dead_letters.c.letter_id)
    if letter_id is not None:
        query = query.where(dead_letters.c.letter_id == letter_id)
    with store.database.transaction(reads=True) as connection:
        found = [DeadLetter(**row) for row in connection.execute(query).mappings()]
    if letter_id is not None and not found:
        raise LetterRefused(
            f"No message '{letter_id:.40}' is set aside.",
            where="letter",
            fix="'atelier dead-letters list' names them.",
        )
    return found


def letters_waiting(database: Database) -> int:
    """How many letters are kept.

    Raises:
        StoreError: the store does not answer.
    """
    with database.transaction(reads=True) as connection:
        return connection.scalar(select(func.count()).select_from(dead_letters)) or 0


def letters_naming(database: Database, ids: Collection[str]) -> list[dict[str, Any]]:
    """The letters whose body names a customer by one of some ids, without their bodies.

    Bodies are read a few at a time, and outside of any transaction that writes: parsing them keeps
    nobody waiting. O(all bodies).

    Returns:
        letter_id, source, code and set_aside_at of each, by letter_id.

    Raises:
        StoreError: the store does not answer.
    """
    told, last = ("letter_id", "source", "code", "set_aside_at"), ""
    found: list[dict[str, Any]] = []
    columns = [dead_letters.c[name] for name in (*told, "body")]
    query = select(*columns).order_by(dead_letters.c.letter_id).limit(LETTERS_A_LOOK)
    while True:
        with database.transaction(reads=True) as connection:
            some = connection.execute(query.where(dead_letters.c.letter_id > last)).mappings().all()
        found += [
            {name: row[name] for name in told}
            for row in some
            if any(names_customer(row["body"], one) for one in ids)
        ]
        if len(some) < LETTERS_A_LOOK:
            return found
        last = some[-1]["letter_id"]


def forget_letters(database: Database, ids: Collection[str]) -> int:
    """Remove the letters whose body names a customer by one of some ids; how many there were.

    Raises:
        StoreError: the store is away, busy, full or read-only.
    """
    named = [row["letter_id"] for row in letters_naming(database, ids)]

    def work(connection: Connection) -> int:
        for start in range(0, len(named), IDS_A_QUERY):
            some = dead_letters.c.letter_id.in_(named[start : start + IDS_A_QUERY])
            connection.execute(delete(dead_letters).where(some))
        return len(named)

    return database.retried(work) if named else 0


def remove_letter(store: Store, letter_id: str) -> None:
    """Forget a letter.

    Raises:
        LetterRefused: there is none of that id.
        StoreError: the store does not answer.
    """
    letters_of(store, letter_id)
    with store.database.transaction() as connection:
        connection.execute(delete(dead_letters).where(dead_letters.c.letter_id == letter_id))
