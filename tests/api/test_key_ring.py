"""The keys in memory: read once for all who wait, and never in place of a store that is away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from api.service import access
from api.service.access import KeyRing
from data.errors import StoreError
from data.store import Store, open_store
from data.store.api_keys import ApiKey


class Readings:
    """Stands in for the store's keys: counts its readings, each of which lasts until let go."""

    def __init__(self) -> None:
        self.count = 0
        self.error: StoreError | None = None
        self.go = threading.Event()

    def __call__(self, _: Store) -> dict[str, ApiKey]:
        self.count += 1
        if not self.go.wait(10):
            raise TimeoutError
        if self.error is not None:
            raise self.error
        return {}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(f"sqlite:///{tmp_path / 'atelier.db'}")
    yield made
    made.close()


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Readings:
    made = Readings()
    monkeypatch.setattr(access, "keys_of", made)
    return made


def test_all_who_wait_share_one_reading(store: Store, readings: Readings) -> None:
    async def life() -> None:
        ring = KeyRing(store)
        waiting = [asyncio.create_task(ring.keys()) for _ in range(16)]
        await asyncio.sleep(0.05)
        readings.go.set()
        assert await asyncio.gather(*waiting) == [{}] * 16
        assert readings.count == 1
        await ring.keys()
        assert readings.count == 1

    asyncio.run(life())


def test_keys_are_read_again_once_they_are_old(
    store: Store, readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings.go.set()

    async def life() -> None:
        ring = KeyRing(store)
        for _ in range(3):
            await ring.keys()
        assert readings.count == 1
        monkeypatch.setattr(access, "SECONDS_KEPT", 0.0)
        await ring.keys()
        assert readings.count == 2

    asyncio.run(life())


def test_who_leaves_does_not_end_the_reading_for_others(store: Store, readings: Readings) -> None:
    async def life() -> None:
        ring = KeyRing(store)
        first, second = (asyncio.create_task(ring.keys()) for _ in range(2))
        await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.sleep(0)
        readings.go.set()
        assert await second == {}
        assert first.cancelled()
        assert readings.count == 1

    asyncio.run(life())


def test_a_store_that_is_away_is_told_to_all_and_asked_again(
    store: Store, readings: Readings
) -> None:
    async def life() -> None:
        ring = KeyRing(store)
        readings.error = StoreError("The store is away.", where="store", fix="Bring it back.")
        waiting = [asyncio.create_task(ring.keys()) for _ in range(4)]
        await asyncio.sleep(0.05)
        readings.go.set()
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(one) for one in told] == [StoreError] * 4
        readings.error = None
        assert await ring.keys() == {}
        assert readings.count == 2

    asyncio.run(life())


def test_keys_are_read_although_every_thread_of_the_pool_is_taken(
    store: Store, readings: Readings
) -> None:
    readings.go.set()
    free = threading.Event()

    async def life() -> None:
        pool = anyio.to_thread.current_default_thread_limiter()
        taken = [
            asyncio.create_task(anyio.to_thread.run_sync(free.wait, 10))
            for _ in range(int(pool.total_tokens))
        ]
        while pool.available_tokens:
            await asyncio.sleep(0.01)
        assert await asyncio.wait_for(KeyRing(store).keys(), 5) == {}
        free.set()
        assert all(await asyncio.gather(*taken))

    asyncio.run(life())
