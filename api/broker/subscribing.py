"""A FastStream broker for each kind of address, its subscriber acknowledging by hand.

Each is loaded only when its kind is asked for, for it brings the client of its broker.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final

from faststream import AckPolicy

from api.broker.address import NATS, RABBIT, REDIS, EventsAddress

SECONDS_TO_ACKNOWLEDGE: Final = 10.0
"""JetStream hands a message that is not acknowledged in this time to another reader."""

MILLISECONDS_IDLE: Final = 5_000
"""A Redis entry that its reader has had so long is claimed: the reader is dead, or gave it back."""

MILLISECONDS_BETWEEN_CLAIMS: Final = 500

SECONDS_CLOSED: Final = 0.5

QUIET: Final[dict[str, Any]] = {"logger": None, "apply_types": False}
"""A broker's own log would repeat what customers sent."""

Handle = Callable[[Any], Awaitable[None]]
"""What is done with a message, as FastStream wraps it."""


def broker_of(address: EventsAddress, handle: Handle) -> Any:
    """A broker, not started, that hands each message of an address to `handle`."""
    if address.scheme in NATS:
        return _nats(address, handle)
    if address.scheme in REDIS:
        return _redis(address, handle)
    if address.scheme in RABBIT:
        return _rabbit(address, handle)
    return _kafka(address, handle)


async def prepare(address: EventsAddress) -> None:
    """Make what a broker cannot make itself: a Redis group that begins with the oldest entry."""
    if address.scheme not in REDIS:
        return
    from redis.asyncio import Redis
    from redis.exceptions import ResponseError

    async with Redis.from_url(address.url) as client:
        try:
            await client.xgroup_create(address.source, address.group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise


def calm(address: EventsAddress, broker: Any) -> None:
    """Keep a started broker from spinning where its connection is closed.

    FastStream asks JetStream again at once, without ever giving way to other tasks.
    """
    if address.scheme not in NATS:
        return
    for subscriber in broker.subscribers:
        subscriber.subscription.fetch = _patient(subscriber.subscription.fetch)


def _patient(fetch: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    from nats.errors import ConnectionClosedError

    async def fetched(*arguments: Any, **options: Any) -> Any:
        try:
            return await fetch(*arguments, **options)
        except ConnectionClosedError:
            await asyncio.sleep(SECONDS_CLOSED)
            raise

    return fetched


async def _whole(message: Any) -> Any:
    """In place of a decoder: the handler reads the body itself, strictly."""
    return message


def _nats(address: EventsAddress, handle: Handle) -> Any:
    from faststream.nats import JStream, NatsBroker, PullSub
    from nats.js.api import ConsumerConfig

    # a connection that is lost is made anew by `listening`, with its own back-off
    broker = NatsBroker(address.url, **QUIET, allow_reconnect=False, connect_timeout=5)
    broker.subscriber(
        address.source,
        stream=JStream(address.stream),
        durable=address.group,
        pull_sub=PullSub(batch_size=address.prefetch, timeout=1.0),
        config=ConsumerConfig(
            ack_wait=SECONDS_TO_ACKNOWLEDGE, max_ack_pending=4 * address.prefetch, max_deliver=-1
        ),
        decoder=_whole,
        ack_policy=AckPolicy.MANUAL,
    )(handle)
    return broker


def _redis(address: EventsAddress, handle: Handle) -> Any:
    """One subscriber for new entries, one that claims those of readers that died."""
    from faststream.redis import RedisBroker, StreamSub

    broker = RedisBroker(address.url, **QUIET)
    for idle in (None, MILLISECONDS_IDLE):
        broker.subscriber(
            stream=StreamSub(
                address.source,
                group=address.group,
                consumer=socket.gethostname(),
                max_records=address.prefetch,
                min_idle_time=idle,
                polling_interval=MILLISECONDS_BETWEEN_CLAIMS,
            ),
            parser=_entry,
            decoder=_whole,
            ack_policy=AckPolicy.MANUAL,
        )(handle)
    return broker


async def _entry(raw: dict[str, Any], parse: Callable[[Any], Awaitable[Any]]) -> Any:
    """A Redis entry, its body the field `data`, or what FastStream itself has written."""
    fields = raw["data"]
    message = await parse({**raw, "data": {b"__data__": fields.get(b"__data__", b"-")}})
    if b"__data__" not in fields:
        message.body = fields.get(b"data", b"")
    return message


def _rabbit(address: EventsAddress, handle: Handle) -> Any:
    from faststream.rabbit import Channel, RabbitBroker, RabbitQueue

    broker = RabbitBroker(
        address.url,
        **QUIET,
        default_channel=Channel(prefetch_count=address.prefetch),
    )
    broker.subscriber(
        RabbitQueue(address.source, durable=True), decoder=_whole, ack_policy=AckPolicy.MANUAL
    )(handle)
    return broker


def _kafka(address: EventsAddress, handle: Handle) -> Any:
    """One at a time: what is acknowledged is a place in the partition, not a message."""
    from faststream.kafka import KafkaBroker

    broker = KafkaBroker(address.url.removeprefix("kafka://").rstrip("/"), **QUIET)
    broker.subscriber(
        address.source,
        group_id=address.group,
        auto_offset_reset="earliest",
        max_poll_records=address.prefetch,
        decoder=_whole,
        ack_policy=AckPolicy.MANUAL,
    )(handle)
    return broker
