"""Events from real brokers: stored exactly once, whatever dies on the way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from api.broker import subscribing
from api.broker.address import parse_address
from api.broker.listening import listen
from api.service.engine import Engine
from data.errors import StoreError
from data.store import open_store
from data.store.dead_letters import letters_of
from data.tables import ORDERS
from data.workspace import Workspace
from tests.api.broker.brokers import PORTS, Broker, Rabbit, answers, broker
from tests.api.broker.proxy import Proxy

KINDS = [
    pytest.param(
        kind, marks=pytest.mark.skipif(not answers(port), reason=f"no {kind} at port {port}")
    )
    for kind, port in PORTS.items()
]
PATIENCE = 120.0


@pytest.fixture
def variant(market: Path) -> str:
    return str(Workspace.open(market).read(ORDERS)["variant_id"].iloc[0])


def event(number: int, variant_id: str, **other: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number:05d}",
        "customer_id": f"c{number % 7}",
        "variant_id": variant_id,
        "kind": "click",
        "at": "2024-09-02T10:00:00",
        **other,
    }


def bodies(numbers: range, variant_id: str) -> list[bytes]:
    return [json.dumps(event(number, variant_id)).encode() for number in numbers]


def stored(workspace: Path) -> list[str]:
    """Ids of the stored events, as they stand in the database."""
    store = open_store(f"sqlite:///{workspace / 'atelier.db'}")
    try:
        found = [one.event_id for one in store.since(datetime(1970, 1, 1))]  # noqa: DTZ001
    finally:
        store.close()
    return sorted(found)


async def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not await asyncio.to_thread(true):
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def listening(url: str, engine: Engine) -> AsyncIterator[None]:
    task = asyncio.create_task(listen(parse_address(url), engine))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def all_acknowledged(source: Broker, *, reading: bool) -> None:
    """Wait for that; RabbitMQ can say it only when nobody reads."""
    if reading and isinstance(source, Rabbit):
        return
    end = time.monotonic() + PATIENCE
    while await source.unacknowledged():
        assert time.monotonic() < end, "something was not acknowledged"
        await asyncio.sleep(0.1)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was handed to a reader and not acknowledged comes again at once."""
    monkeypatch.setattr(subscribing, "SECONDS_TO_ACKNOWLEDGE", 1.0)
    monkeypatch.setattr(subscribing, "MILLISECONDS_IDLE", 200)
    monkeypatch.setattr(subscribing, "MILLISECONDS_BETWEEN_CLAIMS", 50)


@pytest.mark.parametrize("kind", KINDS)
def test_events_batches_and_poison(kind: str, engine: Engine, variant: str, quick: None) -> None:
    """One event, a batch, an event again and messages that are none: each ends somewhere."""
    batch = {"events": [event(number, variant) for number in range(10, 40)]}
    poison = [
        b"no json",
        b"\xff\xfe",
        b"",
        json.dumps(event(50, variant, kind="purchase")).encode(),
        json.dumps(event(51, "nobody-knows-it")).encode(),
        json.dumps(event(1, variant, kind="cart")).encode(),  # e1 with another content
    ]

    async def scenario() -> None:
        async with broker(kind) as source:
            await source.publish(bodies(range(10), variant))
            await source.publish([json.dumps(batch).encode(), *poison])
            await source.publish(bodies(range(5, 10), variant))
            async with listening(source.url(), engine):
                await until(lambda: len(letters_of(engine.store)) == len(poison))
                await source.publish(bodies(range(40, 45), variant))
                await until(lambda: len(stored(engine.workspace.root)) == 45)
                await all_acknowledged(source, reading=True)
            await all_acknowledged(source, reading=False)

    asyncio.run(scenario())
    assert stored(engine.workspace.root) == [f"e{number:05d}" for number in range(45)]
    codes = Counter(letter.code for letter in letters_of(engine.store))
    assert codes == {"api.malformed": 3, "api.invalid": 2, "data.store-conflict": 1}
    assert all("guest" not in letter.source for letter in letters_of(engine.store))


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_that_is_away_loses_nothing(
    kind: str, engine: Engine, variant: str, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = iter(range(5))
    append = Engine.append

    def sometimes(self: Engine, events: Any) -> int:
        if next(refusals, None) is not None:
            raise StoreError("The store is busy.")
        return append(self, events)

    monkeypatch.setattr(Engine, "append", sometimes)

    async def scenario() -> None:
        async with broker(kind) as source:
            await source.publish(bodies(range(10), variant))
            async with listening(source.url(), engine):
                await until(lambda: len(stored(engine.workspace.root)) == 10)
                await all_acknowledged(source, reading=True)
            await all_acknowledged(source, reading=False)

    asyncio.run(scenario())
    assert letters_of(engine.store) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_broker_that_goes_away_and_comes_back(
    kind: str, engine: Engine, variant: str, quick: None
) -> None:
    async def scenario() -> None:
        proxy = Proxy(PORTS[kind])
        await proxy.mend()
        async with broker(kind) as source:
            await source.publish(bodies(range(50), variant))
            async with listening(source.url(proxy.port), engine):
                await until(lambda: len(stored(engine.workspace.root)) >= 5)
                for cut in (1, 2):
                    await proxy.cut()
                    await source.publish(bodies(range(50 * cut, 50 * cut + 50), variant))
                    await asyncio.sleep(0.5)
                    await proxy.mend()
                    await until(lambda: len(stored(engine.workspace.root)) >= 50 * cut + 10)  # noqa: B023
                await until(lambda: len(stored(engine.workspace.root)) == 150)
                await all_acknowledged(source, reading=True)
            await all_acknowledged(source, reading=False)
        await proxy.cut()

    asyncio.run(scenario())
    assert stored(engine.workspace.root) == [f"e{number:05d}" for number in range(150)]


def start(workspace: Path, url: str, **environment: str) -> subprocess.Popen[bytes]:
    """`atelier listen` in a process of its own; the address, with its secret, by environment."""
    program = "from api.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, "listen", "--workspace", str(workspace)],
        env={**os.environ, "ATELIER_EVENTS_URL": url, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def end(process: subprocess.Popen[bytes], name: int) -> int:
    process.send_signal(name)
    return process.wait(30)


async def killed_and_restarted(kind: str, workspace: Path, variant: str, *, kills: int) -> None:
    """Killed once between commit and acknowledgement, then at random moments."""
    chance = random.Random(kills)  # noqa: S311  # of moments, not of secrets
    events = 60 * kills
    async with broker(kind) as source:
        await source.publish(bodies(range(events), variant))
        process = start(workspace, source.url(), ATELIER_FAILPOINT="event-stored")
        try:
            assert await asyncio.to_thread(process.wait, PATIENCE) == -signal.SIGKILL
        finally:
            end(process, signal.SIGKILL)
        assert 0 < len(stored(workspace)) < events
        for _ in range(kills - 1):
            before = len(stored(workspace))
            process = start(workspace, source.url())
            await until(lambda: len(stored(workspace)) > before)  # noqa: B023
            await asyncio.sleep(chance.uniform(0, 0.2))
            end(process, signal.SIGKILL)
        process = start(workspace, source.url())
        try:
            await source.publish(
                bodies(range(events, events + 1), variant)
            )  # so that it is seen to have started
            await until(lambda: len(stored(workspace)) == events + 1)
            await all_acknowledged(source, reading=True)
        finally:
            assert end(process, signal.SIGTERM) == 0
        await all_acknowledged(source, reading=False)
    assert stored(workspace) == [f"e{number:05d}" for number in range(events + 1)]


@pytest.mark.parametrize("kind", KINDS[:2])
def test_killed_between_commit_and_acknowledgement(
    kind: str, workspace: Path, variant: str
) -> None:
    asyncio.run(killed_and_restarted(kind, workspace, variant, kills=1))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_killed_five_times(kind: str, workspace: Path, variant: str) -> None:
    asyncio.run(killed_and_restarted(kind, workspace, variant, kills=5))
