"""What a message says: one event, or a batch, in the very form of `POST /v1/events`."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from api.errors import Invalid, Malformed, TooLarge
from api.service.event_schemas import Event, Events
from api.service.limits import MOST_BYTES
from api.service.strict_json import parse


def read_message(body: bytes) -> Sequence[Event]:
    """The events of a message.

    Raises:
        TooLarge: it is above the limit of a request's body.
        Malformed: it is no plain, unambiguous JSON.
        Invalid: a field is missing, unknown or out of bounds.
    """
    if len(body) > MOST_BYTES:
        raise TooLarge(
            f"The message is larger than {MOST_BYTES:,} bytes.",
            where="message",
            fix="Send its events in several messages.",
        )
    value = parse(body)
    if not isinstance(value, dict):
        raise Malformed(
            "The message is no JSON object.", where="message", fix="Send an event, or a batch."
        )
    try:
        if "events" in value:
            return Events.model_validate(value).events
        return [Event.model_validate(value)]
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise Invalid(
            f"The message does not fit: {first['msg'].removeprefix('Value error, ')}.",
            where=".".join(str(part)[:80] for part in first["loc"]),
            fix="Send what POST /v1/events takes: {'events': […]}, or one event.",
        ) from None
