"""Real brokers on their standard local ports, each behind the same few calls."""

from __future__ import annotations

import socket
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

PORTS = {"nats": 4222, "redis": 6379, "rabbit": 5672}


def answers(port: int) -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5):
            return True
    except OSError:
        return False


class Broker(Protocol):
    """One source of events on a broker."""

    def url(self, port: int | None = None) -> str: ...
    async def publish(self, bodies: Sequence[bytes]) -> None: ...
    async def unacknowledged(self) -> int: ...


@asynccontextmanager
async def broker(kind: str) -> AsyncIterator[Broker]:
    """A source of its own, removed at the end."""
    name = f"atelier-test-{uuid.uuid4().hex[:12]}"
    made = Nats(name) if kind == "nats" else Redis(name) if kind == "redis" else Rabbit(name)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


class Nats:
    def __init__(self, name: str) -> None:
        self.name = name

    def url(self, port: int | None = None) -> str:
        where = f"127.0.0.1:{port or PORTS['nats']}"
        return f"nats://{where}?subject={self.name}&stream={self.name}"

    async def open(self) -> None:
        import nats

        self.client = await nats.connect(f"nats://127.0.0.1:{PORTS['nats']}")
        self.stream = self.client.jetstream()
        await self.stream.add_stream(name=self.name, subjects=[self.name])

    async def publish(self, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            await self.stream.publish(self.name, body)

    async def unacknowledged(self) -> int:
        info = await self.stream.consumer_info(self.name, "atelier")
        return (info.num_ack_pending or 0) + (info.num_pending or 0)

    async def close(self) -> None:
        await self.stream.delete_stream(self.name)
        await self.client.close()


class Redis:
    def __init__(self, name: str) -> None:
        self.name = name

    def url(self, port: int | None = None) -> str:
        return f"redis://127.0.0.1:{port or PORTS['redis']}/0?stream={self.name}"

    async def open(self) -> None:
        from redis.asyncio import Redis as Client

        self.client = Client(port=PORTS["redis"])

    async def publish(self, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            await self.client.xadd(self.name, {"data": body})

    async def unacknowledged(self) -> int:
        (group,) = await self.client.xinfo_groups(self.name)
        return int(group["pending"]) + int(group["lag"] or 0)

    async def close(self) -> None:
        await self.client.delete(self.name)
        await self.client.aclose()


class Rabbit:
    def __init__(self, name: str) -> None:
        self.name = name

    def url(self, port: int | None = None) -> str:
        return f"amqp://guest:guest@127.0.0.1:{port or PORTS['rabbit']}/?queue={self.name}"

    async def open(self) -> None:
        import aio_pika

        self.client = await aio_pika.connect(f"amqp://guest:guest@127.0.0.1:{PORTS['rabbit']}/")
        self.channel = await self.client.channel()
        await self.channel.declare_queue(self.name, durable=True)

    async def publish(self, bodies: Sequence[bytes]) -> None:
        from aio_pika import DeliveryMode, Message

        for body in bodies:
            message = Message(body, delivery_mode=DeliveryMode.PERSISTENT)
            await self.channel.default_exchange.publish(message, self.name)

    async def unacknowledged(self) -> int:
        """Those ready, counted when nobody reads: RabbitMQ gives back what was not acknowledged."""
        queue = await self.channel.declare_queue(self.name, durable=True, passive=True)
        return queue.declaration_result.message_count or 0

    async def close(self) -> None:
        await self.channel.queue_delete(self.name)
        await self.client.close()
