"""Planners who wait for a report keep no customer waiting."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest

from api.service.app import create_app
from api.service.engine import Engine
from api.service.planning_threads import THREADS

WAITING = 60
"""More than the threads of either pool."""


def test_lists_are_made_while_many_wait_for_a_report(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, running, most = threading.Event(), threading.Semaphore(0), threading.Semaphore(THREADS)
    report = engine.plans.report

    def slow(*args: Any, **options: Any) -> bytes:
        assert most.acquire(blocking=False)  # no more at once than there are threads
        running.release()
        built.wait(60)
        most.release()
        return report(*args, **options)

    monkeypatch.setattr(engine.plans, "report", slow)
    customer = engine.snapshot().recommender.interactions.customers[0]

    async def scenario() -> tuple[list[httpx.Response], list[httpx.Response]]:
        transport = httpx.ASGITransport(create_app(engine))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            reports = [
                asyncio.create_task(client.get("/v1/variant-mix?live=true")) for _ in range(WAITING)
            ]
            for _ in range(THREADS):
                await asyncio.to_thread(running.acquire, timeout=30)
            try:
                url = f"/v1/customers/{customer}/recommendations"
                async with asyncio.timeout(30):
                    lists = [await client.get(url, params={"k": k}) for k in range(1, 6)]
                assert not any(one.done() for one in reports)
            finally:
                built.set()
            return lists, await asyncio.gather(*reports)

    lists, reports = asyncio.run(scenario())
    assert [one.status_code for one in lists] == [200] * 5
    assert [one.status_code for one in reports] == [200] * WAITING
