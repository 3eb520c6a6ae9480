"""One answer a key: what a request was answered is stored in the transaction that did its work."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from data.errors import (
    IllegalStep,
    KeyReused,
    LedgerError,
    NoCapacity,
    OutOfCapacity,
    StaleVersion,
    UnknownOrder,
)
from data.ledger.schema import keys
from data.ledger.terms import Receipt, RequestKey
from data.ledger.times import aware, naive
from data.store.together import together

KEPT_REFUSALS: Final = (IllegalStep, NoCapacity, OutOfCapacity, StaleVersion, UnknownOrder)
"""What the state of the ledger can refuse a request for: kept like any other answer."""

_BY_CODE: Final[dict[str, type[LedgerError]]] = {kind.code: kind for kind in KEPT_REFUSALS}
_CLAIM: Final = {
    "postgresql": postgresql.insert(keys).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(keys).on_conflict_do_nothing(),
}
_SAME: Final = (keys.c.scope == bindparam("s"), keys.c.key == bindparam("k"))
_READ: Final = select(keys.c.digest, keys.c.answer).where(*_SAME)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered: a receipt, or a refusal."""

    outcome: Receipt | LedgerError

    def give(self) -> Receipt:
        """The receipt; raises the refusal."""
        if isinstance(self.outcome, LedgerError):
            raise self.outcome
        return self.outcome


def claim(
    connection: Connection,
    request: RequestKey,
    digest: str,
    outcome: Receipt | LedgerError,
    at: datetime,
) -> Answer | None:
    """Store what a key is answered, or find what it was answered before.

    On PostgreSQL a second request of the key waits here until the first is done.

    Raises:
        KeyReused: the key stands for another request.
    """
    row = {
        "scope": request.scope,
        "key": request.key,
        "digest": digest,
        "answer": _written(outcome),
        "at": naive(at),
    }
    if together(connection, [(_CLAIM[connection.dialect.name], row)]) == [1]:
        return None
    return find(connection, request, digest)


def find(connection: Connection, request: RequestKey, digest: str) -> Answer | None:
    """What a key was answered before; None where it was not asked yet.

    Raises:
        KeyReused: the key stands for another request.
    """
    asked = {"s": request.scope, "k": request.key}
    found = connection.execute(_READ, asked).one_or_none()
    if found is None:
        return None
    if found.digest != digest:
        raise KeyReused(
            "The Idempotency-Key stands for another request.",
            where="Idempotency-Key",
            fix="Send a new key with a new request, or the first request unchanged.",
        )
    return Answer(_outcome(found.answer))


def any_older(connection: Connection, before: datetime) -> bool:
    """Whether an answer was given before a moment."""
    query = select(keys.c.key).where(keys.c.at < naive(before)).limit(1)
    return connection.execute(query).first() is not None


def forget(connection: Connection, before: datetime, most: int) -> int:
    """Drop answers given before a moment, at most so many; how many it were."""
    its = tuple_(keys.c.scope, keys.c.key)
    some = select(keys.c.scope, keys.c.key).where(keys.c.at < naive(before)).limit(most)
    return connection.execute(delete(keys).where(its.in_(some))).rowcount


def _written(outcome: Receipt | LedgerError) -> str:
    if isinstance(outcome, LedgerError):
        found = {"refused": outcome.code, "what": outcome.what, "where": outcome.where}
        return json.dumps({**found, "fix": outcome.fix})
    return json.dumps(
        {
            "order_id": outcome.order_id,
            "state": outcome.state,
            "version": outcome.version,
            "expires_at": naive(outcome.expires_at).isoformat(),
        }
    )


def _outcome(text: str) -> Receipt | LedgerError:
    found = json.loads(text)
    if "refused" in found:
        kind = _BY_CODE[found["refused"]]
        return kind(found["what"], where=found["where"], fix=found["fix"])
    expires_at = aware(datetime.fromisoformat(found.pop("expires_at")))
    return Receipt(**found, expires_at=expires_at, replayed=True)
