"""Forgetting the answers of Idempotency-Keys that nobody sends again, daily while serving."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from data.ledger import Ledger

ANSWERS_KEPT: Final = timedelta(days=90)
"""How long a request may be sent again and get its first answer: three times the longest hold, so
none of an order that is still held is forgotten."""

DAY: Final = timedelta(days=1)


class DailyForgetting:
    """Forgets old answers once a day; of several processes the first finds some. For one thread.

    Args:
        ledger: whose, and what time it is.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._last: datetime | None = None

    def look(self) -> int:
        """Forget old answers where that is due; how many.

        Raises:
            StoreError: the store is away, busy, full or read-only; look again later.
        """
        now = self._ledger.clock()
        if self._last is not None and abs(now - self._last) < DAY:
            return 0
        forgotten = self._ledger.forget_keys(older_than=ANSWERS_KEPT)
        self._last = now
        return forgotten
