"""Work that is done once a key, and answered alike however often it is asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from data.errors import LedgerError, OutOfCapacity
from data.failpoints import reach
from data.ledger import keys
from data.ledger.terms import Receipt, RequestKey
from data.store.database import Database


@dataclass(frozen=True, slots=True)
class Planned:
    """What a request will be answered, and the work that makes the answer true."""

    receipt: Receipt
    work: Callable[[], None]


Plan = Callable[[Connection, datetime], Planned]


def once(
    database: Database,
    request: RequestKey,
    digest: str,
    *,
    plan: Plan,
    clock: Callable[[], datetime],
    make_room: Callable[[], object],
) -> Receipt:
    """Do some work and store its answer, or give the answer that the key has already.

    Work that is refused half-way is undone, and the refusal stored in a transaction of its own.

    Args:
        database: where.
        request: by what it is known.
        digest: of all that is asked.
        plan: reads what it must, and says what will be done within the same transaction.
        clock: what time it is.
        make_room: gives back what run-out holds have taken.

    Raises:
        LedgerError: the work was refused, now or when the key was sent before.
        KeyReused: the key stands for another request.
        StoreError: the store is away, busy, full or read-only.
    """

    def attempt(connection: Connection) -> keys.Answer:
        now = clock()
        try:
            planned = plan(connection, now)
        except keys.KEPT_REFUSALS as refusal:
            return keys.claim(connection, request, digest, refusal, now) or keys.Answer(refusal)
        if found := keys.claim(connection, request, digest, planned.receipt, now):
            return found
        reach("ledger-claimed")
        planned.work()
        reach("ledger-done")
        return keys.Answer(planned.receipt)

    def attempt_with_room() -> keys.Answer:
        with suppress(OutOfCapacity):
            return database.retried(attempt)
        # Even where nothing was due by now: another process may have just given it back.
        make_room()
        return database.retried(attempt)

    def refuse(connection: Connection, refusal: LedgerError) -> keys.Answer:
        # Another request of the same key may have been answered since.
        found = keys.claim(connection, request, digest, refusal, clock())
        return found or keys.Answer(refusal)

    try:
        answer = attempt_with_room()
    except keys.KEPT_REFUSALS as error:
        refusal = error
        answer = database.retried(lambda connection: refuse(connection, refusal))
    reach("ledger-committed")
    return answer.give()
