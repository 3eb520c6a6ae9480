"""Work that is done once a key, and answered alike however often it is asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection

from data.errors import LedgerError, OutOfCapacity
from data.failpoints import reach
from data.ledger import keys
from data.ledger.terms import Receipt, RequestKey
from data.store.database import Database

Work = Callable[[Connection, datetime], Receipt]


def once(
    database: Database,
    request: RequestKey,
    digest: str,
    *,
    work: Work,
    clock: Callable[[], datetime],
    make_room: Callable[[], object],
) -> Receipt:
    """Do some work and store its answer, or give the answer that the key has already.

    A refusal undoes the work, and is stored in a transaction of its own.

    Args:
        database: where.
        request: by what it is known.
        digest: of all that is asked.
        work: done within the transaction that stores its answer.
        clock: what time it is.
        make_room: gives back what run-out holds have taken.

    Raises:
        LedgerError: the work was refused, now or when the key was sent before.
        KeyReused: the key stands for another request.
        StoreError: the store is away, busy, full or read-only.
    """

    def attempt(connection: Connection) -> keys.Answer:
        now = clock()
        if found := keys.claim(connection, request, digest, now):
            return found
        reach("ledger-claimed")
        receipt = work(connection, now)
        keys.answer(connection, request, receipt)
        reach("ledger-answered")
        return keys.Answer(receipt)

    def attempt_with_room() -> keys.Answer:
        with suppress(OutOfCapacity):
            return database.retried(attempt)
        # Even where nothing was due by now: another process may have just given it back.
        make_room()
        return database.retried(attempt)

    def refuse(connection: Connection, refusal: LedgerError) -> keys.Answer:
        # Another request of the same key may have been answered since.
        if found := keys.claim(connection, request, digest, clock()):
            return found
        keys.answer(connection, request, refusal)
        return keys.Answer(refusal)

    try:
        answer = attempt_with_room()
    except keys.KEPT_REFUSALS as error:
        refusal = error
        answer = database.retried(lambda connection: refuse(connection, refusal))
    reach("ledger-committed")
    return answer.give()
