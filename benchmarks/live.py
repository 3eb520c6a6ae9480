"""From a published event to a changed list: how long the service takes, by broker.

    PYTHONPATH=. python benchmarks/live.py WORKSPACE [--events 40]

Starts `atelier serve` with each broker that answers on its standard local port on a copy of the
workspace, publishes one event at a time, and asks for the customer's list until it has
changed. Without a broker the same by POST /v1/events. Prints milliseconds from before the
publishing to the first changed answer: median, p95 and largest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import IO, cast

import httpx

from data.tables import ORDERS
from data.workspace import Workspace
from tests.api.broker.brokers import PORTS, Broker, answers, broker

MOST_SECONDS = 10.0
AT = "2026-01-05T10:00:00"


@asynccontextmanager
async def serving(workspace: Path, url: str | None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service of its own."""
    environment = {**os.environ, "ATELIER_READY_LISTS": "0"}
    if url is not None:
        environment["ATELIER_EVENTS_URL"] = url
    program = "from api.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "serve", "--workspace", str(workspace), "--port", "0"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    said_by = cast("IO[str]", process.stderr)
    try:
        base, wanted = "", {"serving"} | ({"listening"} if url else set())
        while wanted:
            line = await asyncio.to_thread(said_by.readline)
            said = json.loads(line) if line.startswith("{") else {}
            wanted.discard(said.get("event", ""))
            base = said.get("url", base)
        drain = asyncio.create_task(asyncio.to_thread(said_by.read))
        async with httpx.AsyncClient(base_url=base, timeout=MOST_SECONDS) as client:
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    await drain


async def measured(
    client: httpx.AsyncClient, source: Broker | None, bodies: list[bytes]
) -> list[float]:
    """Milliseconds from each event to the customer's changed list."""
    taken = []
    for body in bodies:
        customer = json.loads(body)["customer_id"]
        path = f"/v1/customers/{customer}/recommendations?k=20"
        before = (await client.get(path)).content
        begun = time.perf_counter()
        if source is None:
            await client.post("/v1/events", json={"events": [json.loads(body)]})
        else:
            await source.publish([body])
        while (await client.get(path)).content == before:
            if time.perf_counter() - begun > MOST_SECONDS:
                raise SystemExit("The list did not change.")
            await asyncio.sleep(0.002)
        taken.append(1000 * (time.perf_counter() - begun))
    return taken


async def run(folder: Path, events: int) -> None:
    """Measure each way in."""
    variants = Workspace.open(folder).read(ORDERS)["variant_id"].value_counts().index[:events]
    kinds = [None, *(kind for kind, port in PORTS.items() if answers(port))]
    print(f"{'way in':<10}{'median ms':>12}{'p95 ms':>10}{'largest ms':>12}{'events':>8}")
    for kind in kinds:
        bodies = [
            json.dumps(
                {
                    "event_id": f"{kind}-{number}",
                    "customer_id": f"visitor-{number}",
                    "variant_id": variant,
                    "kind": "cart",
                    "at": AT,
                }
            ).encode()
            for number, variant in enumerate(variants)
        ]
        with tempfile.TemporaryDirectory() as copy:
            workspace = Path(shutil.copytree(folder, Path(copy) / "workspace"))
            async with AsyncExitStack() as stack:
                source = None if kind is None else await stack.enter_async_context(broker(kind))
                url = None if source is None else source.url()
                client = await stack.enter_async_context(serving(workspace, url))
                taken = await measured(client, source, bodies)
        p95 = statistics.quantiles(taken, n=20)[-1]
        figures = f"{statistics.median(taken):>12.1f}{p95:>10.1f}{max(taken):>12.1f}"
        print(f"{kind or 'POST':<10}{figures}{len(taken):>8}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--events", type=int, default=40)
    asked = parser.parse_args()
    asyncio.run(run(asked.workspace, asked.events))
