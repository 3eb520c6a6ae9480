"""Where events come from: a broker's URL with what to read of it.

nats://HOST:4222?subject=shop.events        a JetStream subject, by a durable pull consumer
redis://HOST:6379/0?stream=events           a stream, by a consumer group
amqp://USER:SECRET@HOST:5672/?queue=events  a durable queue
kafka://HOST:9092,HOST:9092?topic=events    a topic, by a consumer group
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from api.errors import SettingsError

SOURCES: Final = {
    "nats": "subject",
    "tls": "subject",
    "redis": "stream",
    "rediss": "stream",
    "amqp": "queue",
    "amqps": "queue",
    "kafka": "topic",
}
"""What is read, by scheme; each is also the parameter that names it."""

NATS: Final = ("nats", "tls")
REDIS: Final = ("redis", "rediss")
RABBIT: Final = ("amqp", "amqps")

GROUP: Final = "atelier"
PREFETCH: Final = 64
MOST_PREFETCH: Final = 1000
_NAME: Final = re.compile(r"[A-Za-z0-9_.:>*-]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsAddress:
    """A broker and what to read of it.

    Attributes:
        scheme: one of SOURCES.
        url: for the broker's client, credentials included; never shown.
        shown: the same without credentials.
        source: subject, stream, queue or topic.
        group: readers of one group share the messages; a durable consumer's name.
        prefetch: messages in hand at once, at most.
        stream: the JetStream stream that holds the subject; made where there is none.
    """

    scheme: str
    url: str = field(repr=False)
    shown: str
    source: str
    group: str = GROUP
    prefetch: int = PREFETCH
    stream: str = GROUP


def parse_address(text: str) -> EventsAddress:
    """An address from its URL.

    Raises:
        SettingsError: no such kind of broker, or a parameter that is missing, unknown or wrong.
    """
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise _refused("The broker's address is no URL.") from None
    if parts.scheme not in SOURCES or not host or parts.fragment:
        raise _refused("The broker's address names no broker that events come from.")
    asked = _parameters(parts)
    name = SOURCES[parts.scheme]
    source = asked.pop(name, "")
    if not source:
        raise _refused(f"The address does not say which {name} to read.")
    prefetch = asked.pop("prefetch", str(PREFETCH))
    if not prefetch.isascii() or not prefetch.isdigit():
        raise _refused("'prefetch' is no whole number.")
    if not 1 <= int(prefetch) <= MOST_PREFETCH:
        raise _refused(f"'prefetch' is not between 1 and {MOST_PREFETCH:,}.")
    known = {key: asked.pop(key) for key in _optional(parts.scheme) if key in asked}
    if asked:
        raise _refused(f"There is no parameter '{min(asked)[:40]}'.")
    return EventsAddress(
        scheme=parts.scheme,
        url=parts._replace(query="").geturl(),
        shown=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}?{name}={source}",
        source=source,
        prefetch=int(prefetch),
        **known,
    )


def _optional(scheme: str) -> tuple[str, ...]:
    if scheme in RABBIT:
        return ()  # the queue itself is what readers share
    return ("group", "stream") if scheme in NATS else ("group",)


def _parameters(parts: SplitResult) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _refused("A parameter is given twice.")
    for name, value in found.items():
        if not _NAME.fullmatch(value):
            raise _refused(f"'{name[:40]}' is no plain name.")
    return found


def _refused(what: str) -> SettingsError:
    """An error that repeats nothing of the address, which may hold a secret."""
    return SettingsError(
        what,
        where="flag --events-from or environment ATELIER_EVENTS_URL",
        fix="Write nats://HOST?subject=…, redis://HOST?stream=…, amqp://HOST?queue=… or "
        "kafka://HOST?topic=…; docs/api.md lists the parameters.",
    )
