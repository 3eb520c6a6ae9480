"""Answers that are known already: lists made ahead, and those given a moment ago.

Both belong to one model and one span of days in which the same variants are on sale: another model
or another span begins with none, so that nothing has to be thrown away in time. Within them an
answer follows from what is asked and from the customer's live events, and events never change once
stored; so their ids are part of an answer's key, and an answer can not be stale.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from typing import Final

from api.service.ready_lists import ReadyLists, Span

MOST_BYTES: Final = 64_000_000
"""Bytes of the bodies that are kept of answers given before; the oldest go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an answer follows from, within one model and span.

    Attributes:
        customer_id: for whom.
        request: all else that the request says; texts of one request are equal to the letter.
        events: ids of the customer's live events, by time.
    """

    customer_id: str
    request: Hashable
    events: tuple[str, ...]


class Answers:
    """Bodies of answers; safe to share between threads.

    Args:
        span: what they hold for.
    """

    def __init__(self, span: Span) -> None:
        self.span = span
        self.ready: ReadyLists | None = None
        self._first, self._after = date.fromisoformat(span.first), date.fromisoformat(span.after)
        self._given: OrderedDict[Asked, bytes] = OrderedDict()
        self._size = 0
        self._changing = threading.Lock()

    def hold(self, model_id: str, today: date) -> bool:
        """Whether they are of that model and hold on that day."""
        return self.span.model_id == model_id and self._first <= today < self._after

    def given(self, asked: Asked) -> bytes | None:
        """The answer given before."""
        with self._changing:
            body = self._given.get(asked)
            if body is not None:
                self._given.move_to_end(asked)
            return body

    def keep(self, asked: Asked, body: bytes) -> None:
        """Remember an answer."""
        with self._changing:
            self._size += len(body) - len(self._given.pop(asked, b""))
            self._given[asked] = body
            while self._size > MOST_BYTES:
                self._size -= len(self._given.popitem(last=False)[1])
