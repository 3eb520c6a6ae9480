"""Answers that are known already: lists made ahead, and those given a moment ago.

Both belong to one model and one span of days in which the same variants are on sale: another model
or another span begins with none, so that nothing has to be thrown away in time. Within them an
answer follows from what is asked and from the customer's live events, and events never change once
stored; so an answer is known only where the ids of the events it was made from are those of now,
and can not be stale. One made from later events takes its place, or memory would fill with what
nobody can be answered any more.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from sys import getsizeof
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from api.service.ready_lists import ReadyLists, Span

MOST_BYTES: Final = 64_000_000
"""Bytes that are kept of answers given before; those not asked for the longest go first."""


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

    @property
    def place(self) -> tuple[str, Hashable]:
        """Where its answer is kept."""
        return self.customer_id, self.request


class Known(NamedTuple):
    """An answer: its body as it is sent, and what stood in for the model, if anything did."""

    body: bytes
    fallback: str | None


class Given(NamedTuple):
    """An answer given before, and the ids of the events that it was made from."""

    events: tuple[str, ...]
    known: Known

    @property
    def size(self) -> int:
        """Bytes, about."""
        return len(self.known.body) + sum(map(getsizeof, self.events))


class Answers:
    """Bodies of answers; safe to share between threads.

    Args:
        span: what they hold for.
    """

    def __init__(self, span: Span) -> None:
        self.span = span
        self.ready: ReadyLists | None = None
        self._first, self._after = date.fromisoformat(span.first), date.fromisoformat(span.after)
        self._given: OrderedDict[tuple[str, Hashable], Given] = OrderedDict()
        self._size = 0
        self._seen: set[int] = set()  # positions of variants in lists that the model made here
        self._served: set[int] = set()  # positions of customers whose list made ahead was sent
        self._changing = threading.Lock()

    def hold(self, model_id: str, today: date) -> bool:
        """Whether they are of that model and hold on that day."""
        return self.span.model_id == model_id and self._first <= today < self._after

    def given(self, asked: Asked) -> Known | None:
        """The answer given before, if it was made from the same events."""
        with self._changing:
            found = self._given.get(asked.place)
            if found is None or found.events != asked.events:
                return None
            self._given.move_to_end(asked.place)
            return found.known

    def keep(self, asked: Asked, known: Known) -> None:
        """Remember an answer, in place of the one made from other events."""
        given = Given(asked.events, known)
        with self._changing:
            before = self._given.pop(asked.place, None)
            self._size += given.size - (0 if before is None else before.size)
            self._given[asked.place] = given
            while self._size > MOST_BYTES:
                self._size -= self._given.popitem(last=False)[1].size

    def ahead(self, customer_id: str) -> Known | None:
        """The plain list made ahead for a customer of whom no event is known."""
        ready = self.ready
        place = None if ready is None else ready.place(customer_id)
        if ready is None or place is None:
            return None
        body = ready.body(place)
        if body is None:
            return None
        self._served.add(place)
        return Known(body, ready.fallback(place))

    def see(self, variants: Iterable[int]) -> None:
        """Remember that a list shows the variants at these positions."""
        self._seen.update(variants)

    def shown(self, variants: int) -> NDArray[np.bool_]:
        """(V,) bool: which of so many variants a list has shown."""
        found = np.zeros(variants, dtype=bool)
        found[np.fromiter(self._seen.copy(), dtype=np.int64)] = True
        if self.ready is not None:
            rows = self.ready.shown[np.fromiter(self._served.copy(), dtype=np.int64)]
            found[rows[rows >= 0]] = True
        return found
