"""Quotes in the tables: kept until they end, so that whichever process is asked knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, insert, select

from data.errors import UnknownQuote
from data.ledger.schema import quotes
from data.ledger.times import aware, naive
from data.store.database import Database
from data.store.together import together

_INSERT: Final = insert(quotes).values(
    {name: bindparam(name) for name in ("quote_id", "expires_at", "body")}
)
_ENDED: Final = delete(quotes).where(quotes.c.expires_at <= bindparam("now"))
_READ: Final = select(quotes).where(quotes.c.quote_id == bindparam("q"))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptQuote:
    """A quote as it was given.

    Attributes:
        quote_id: random.
        expires_at: until when it counts (UTC).
        body: what was offered, as JSON; opaque here.
    """

    quote_id: str
    expires_at: datetime
    body: str


def keep(database: Database, quote: KeptQuote, now: datetime) -> None:
    """Keep a quote, and forget those that have ended.

    Raises:
        StoreError: the store is away, busy, full or read-only.
    """
    row = {"quote_id": quote.quote_id, "expires_at": naive(quote.expires_at), "body": quote.body}
    database.retried(
        lambda connection: together(connection, [(_ENDED, {"now": naive(now)}), (_INSERT, row)])
    )


def read(database: Database, quote_id: str, now: datetime) -> KeptQuote:
    """A quote that still counts.

    Raises:
        UnknownQuote: there is none of that id, or it has ended.
        StoreError: the store is away, busy, full or read-only.
    """
    with database.transaction(reads=True) as connection:
        row = connection.execute(_READ, {"q": quote_id}).mappings().one_or_none()
    if row is None or aware(row["expires_at"]) <= now:
        raise UnknownQuote(
            "There is no such quote, or it has ended.",
            where="quote_id",
            fix="Ask for a quote anew, and order within its time.",
        )
    return KeptQuote(
        quote_id=row["quote_id"], expires_at=aware(row["expires_at"]), body=row["body"]
    )
