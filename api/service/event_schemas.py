"""What customers do, as events that the service takes in."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from api.service.schemas import Answer, Id, Moment, Request, example

MOST_EVENTS: Final = 1000
EventKind = Literal["view", "click", "cart", "rating", "search", "order"]


class Event(Request):
    """One thing that a customer did."""

    event_id: Id = Field(description="Made by the client; sending it again changes nothing.")
    customer_id: Id
    variant_id: Id
    kind: EventKind
    value: float | None = Field(
        default=None,
        ge=-1e6,
        le=1e6,
        description="Units of an order, a rating's value, a view's seconds.",
    )
    at: Moment = Field(
        description="When: the shop's local time, or any time with its offset from UTC."
    )


class Events(Request):
    """A batch of events; all of it is stored, or nothing."""

    model_config = example(
        events=[
            {
                "event_id": "9f1c",
                "customer_id": "10242",
                "variant_id": "SH001-WHI-M-WO",
                "kind": "cart",
                "at": "2025-12-28T10:30:00",
            }
        ]
    )

    events: list[Event] = Field(min_length=1, max_length=MOST_EVENTS)


class Stored(Answer):
    """What became of a batch of events."""

    received: int
    stored: int = Field(description="Those not stored before.")
