"""Live events: what a customer did a moment ago, not yet in the tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from data.errors import EventRefused
from data.tables import EVENT_KINDS

LIVE_KINDS: Final = (*EVENT_KINDS, "order")
"""What a live event can be; an order is not yet in the orders table."""

LONGEST_ID: Final = 200
MOST_VALUE: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEvent:
    """One thing that a customer did.

    Attributes:
        event_id: made by the client; an event sent twice is stored once.
        customer_id: who.
        variant_id: what.
        kind: one of LIVE_KINDS.
        value: units of an order, a rating's value, a view's seconds; None where there is none.
        at: when, the shop's local time, without an offset.

    Raises:
        EventRefused: a blank, long or unprintable id, an unknown kind, a value that is not
            finite or out of bounds, a time with an offset.
    """

    event_id: str
    customer_id: str
    variant_id: str
    kind: str
    value: float | None = None
    at: datetime

    def __post_init__(self) -> None:
        for name in ("event_id", "customer_id", "variant_id"):
            _check_id(name, getattr(self, name))
        if self.kind not in LIVE_KINDS:
            raise EventRefused(
                f"There is no kind of event '{self.kind:.40}'.",
                where="kind",
                fix=f"Use one of {', '.join(LIVE_KINDS)}.",
            )
        if self.value is not None and not abs(self.value) <= MOST_VALUE:
            raise EventRefused(
                f"The value {self.value} is no number between -{MOST_VALUE:,.0f} and "
                f"{MOST_VALUE:,.0f}.",
                where="value",
                fix="Send a finite number, or none.",
            )
        if self.kind == "order" and (self.value is None or not _is_whole(self.value)):
            raise EventRefused(
                "An order needs its units.",
                where="value",
                fix="Send a whole number of units, other than 0.",
            )
        if self.at.tzinfo is not None:
            raise EventRefused(
                "The time carries an offset.",
                where="at",
                fix="Turn it to the shop's local time first.",
            )


def _is_whole(value: float) -> bool:
    """Whether a value is a whole number other than 0."""
    return value != 0 and math.floor(value) == value


def _check_id(name: str, text: str) -> None:
    """Refuse an id that a table or a database could not hold as it is."""
    if not text.strip() or len(text) > LONGEST_ID or not text.isprintable():
        raise EventRefused(
            f"{text[:40]!a} is no id.",
            where=name,
            fix=f"Send 1 to {LONGEST_ID} printable characters, not only blanks.",
        )
