"""Plain lists in the log of served lists: put aside as they are sent, written a moment later.

A list that explores must be on disk before it is shown (`api.service.exploring`). A plain one need
not: it tells what was shown to whom, and that stays true of the lists that come through. So what
makes an answer pays for one append, and one thread writes what has come together. Where the store
is away or too slow, lists are lost and counted, and no request fails or waits for it.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from api.live import local_time
from api.service.counters import LOGGED
from api.service.request_log import crashed, say
from api.settings import Settings
from data.errors import StoreError
from data.store.database import Database
from data.store.served import NO_FALLBACK, RANKING, ServedList, log_lists

MOST_WAITING: Final = 4_096
"""Lists that wait at once, some 40 MB of them; more are dropped."""

A_BATCH: Final = 512
SECONDS_BETWEEN_BATCHES: Final = 0.25


class Sent(NamedTuple):
    """A list that was sent: its id, the customer's pseudonym, when, and the body as it was made."""

    list_id: str
    customer: str
    at: datetime
    body: bytes


class PlainLog:
    """Logs a share of the plain lists; safe to share between threads.

    Args:
        database: where.
        settings: name the share, and the shop's time zone.
        clock: what time it is, with an offset.
    """

    def __init__(
        self, database: Database, settings: Settings, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._share = settings.log_lists
        self._timezone = settings.timezone
        self._clock = clock
        self._waiting: deque[Sent] = deque()
        self._writing = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._failing = False

    def put(self, customer: str, body: bytes) -> None:
        """Have a list that was sent logged, if it is one of the share; never waits, never fails.

        Args:
            customer: to whom, the pseudonym.
            body: the answer as it was made, under the pseudonym.
        """
        if not self._share:
            return
        list_id = os.urandom(16).hex()
        if not drawn(list_id, self._share):
            return
        if len(self._waiting) >= MOST_WAITING:
            LOGGED.labels("dropped").inc()
            return
        self._waiting.append(Sent(list_id, customer, self._clock(), body))

    def start(self) -> None:
        """Write what comes together until `close`."""
        if self._share and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="lists", daemon=True)
            self._thread.start()

    def flush(self) -> None:
        """Write what waits; up to the first batch that the store refuses."""
        with self._writing:
            while self._waiting and self._write():
                pass

    def close(self) -> None:
        """End, and write what still waits; what cannot be written is lost."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()
        if self._waiting:
            LOGGED.labels("lost").inc(len(self._waiting))
            self._waiting.clear()

    def _run(self) -> None:
        while not self._ending.wait(SECONDS_BETWEEN_BATCHES):
            self.flush()

    def _write(self) -> bool:
        """Write a batch; whether that went well."""
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), A_BATCH))]
        try:
            log_lists(self._database, [_served(sent, self._timezone) for sent in batch])
        except StoreError as error:
            if not self._failing:  # once, not four times a second for as long as it is away
                say("lists not logged", code=error.code, what=error.what, lists=len(batch))
        except Exception as error:  # the thread's last wall: one bad list must not end the log
            crashed(error, task="lists")
        else:
            LOGGED.labels("logged").inc(len(batch))
            self._failing = False
            return True
        LOGGED.labels("lost").inc(len(batch))
        self._failing = True
        return False


def drawn(list_id: str, share: float) -> bool:
    """Whether a list is one of the share that is logged: by the first 32 bits of its id.

    >>> drawn("3fffffff" + 24 * "0", 0.25), drawn("40000000" + 24 * "0", 0.25)
    (True, False)
    """
    return int(list_id[:8], 16) < share * 2**32


def _served(sent: Sent, timezone: str) -> ServedList:
    """The row of a list, read off the body as it was made."""
    answer = json.loads(sent.body)
    variants = [one["variant_id"] for one in answer["recommendations"]]
    return ServedList(
        list_id=sent.list_id,
        customer_id=sent.customer,
        at=local_time(sent.at, timezone),
        model_id=answer["model_id"],
        policy=RANKING,
        experiment=None,
        arm=None,
        variants=variants,
        propensities=[1.0] * len(variants),
        fallback=answer["fallback"] or NO_FALLBACK,
    )
