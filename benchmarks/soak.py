"""A service under mixed load for long: failures, memory and descriptors over the time.

`atelier serve` is started on a copy of a workspace that has capacity for orders. The peak is found
first: as many clients as keep the service busy send the mix as fast as they are answered. Then the
mix comes at half of that rate for so many minutes, whether or not it is answered, as a shop's
customers come. Every answer is counted by its status. The memory of the service's processes and
their open files are looked at every few seconds: what the processes allocated themselves (anonymous
pages, shared ones once), for the share of a library's or file's pages that counts as theirs changes
with whoever else on the machine has it open. Growth is that of the median of the last tenth of the
time over that of the second tenth, so that what is made once (lists made ahead, caches that fill)
does not count as growth.

    python benchmarks/soak.py --workspace workspace --minutes 60 --json OUT.json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

SECONDS_TO_START: Final = 300.0
SECONDS_BETWEEN_LOOKS: Final = 5.0
PEAK_CLIENTS: Final = 8
MOST_UNANSWERED: Final = 200
"""More requests than this are not sent at once: a service that hangs must not fill the client."""

SHIRT: Final = ["M", "plain-collar", "single-cuffs"]
COLOURS: Final = ("white", "blue")
EXTRAS: Final = ((), ("monogram", "letters=3"), ("long-fit",), ("gift-box",), ("horn-buttons",))


@dataclass
class Shop:
    """What is asked for, and how it was answered."""

    http: httpx.AsyncClient
    customers: list[str]
    variants: list[str]
    random: np.random.Generator
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    sent: int = 0

    async def ask(self, kind: str, method: str, url: str, **options: Any) -> httpx.Response | None:
        """One request, counted; None where no answer came."""
        begun = time.perf_counter()
        try:
            response = await self.http.request(method, url, **options)
        except httpx.HTTPError:
            self.answers[kind, 0] += 1
            return None
        self.answers[kind, response.status_code] += 1
        self.seconds.setdefault(kind, []).append(time.perf_counter() - begun)
        return response

    def one(self, some: list[str]) -> str:
        """One of some, at random."""
        return some[int(self.random.integers(len(some)))]

    def line(self) -> dict[str, Any]:
        """A shirt as somebody may compose it."""
        extra = EXTRAS[int(self.random.integers(len(EXTRAS)))]
        return {"style_id": "SH001", "choices": [self.one([*COLOURS]), *SHIRT, *extra],
                "quantity": int(self.random.integers(1, 4))}  # fmt: skip

    def key(self) -> dict[str, str]:
        """A new Idempotency-Key."""
        return {"Idempotency-Key": self.random.bytes(16).hex()}

    async def listed(self) -> None:
        """A known customer's list."""
        customer = self.one(self.customers)
        await self.ask("list", "GET", f"/v1/customers/{customer}/recommendations")

    async def basket(self) -> None:
        """A list for a visitor's basket."""
        body = {"variant_ids": [self.one(self.variants) for _ in range(3)], "k": 10}
        await self.ask("basket", "POST", "/v1/recommendations", json=body)

    async def event(self) -> None:
        """What a customer did."""
        one = {"event_id": self.random.bytes(16).hex(), "customer_id": self.one(self.customers),
               "variant_id": self.one(self.variants), "kind": "view",
               "at": datetime.now(UTC).isoformat()}  # fmt: skip
        await self.ask("event", "POST", "/v1/events", json={"events": [one]})

    async def configured(self) -> None:
        """Where choices lead."""
        line = self.line()
        url = f"/v1/products/{line['style_id']}/configuration"
        await self.ask("configuration", "POST", url, json={"choices": line["choices"][:-1]})

    async def ordered(self) -> None:
        """A quote; half of them are held, and what is held is cancelled, so that capacity lasts."""
        offer = await self.ask("quote", "POST", "/v1/quotes", json={"lines": [self.line()]})
        if offer is None or offer.status_code != httpx.codes.CREATED or self.random.random() < 0.5:
            return
        body = {"quote_id": offer.json()["quote_id"]}
        held = await self.ask("hold", "POST", "/v1/orders", json=body, headers=self.key())
        if held is not None and held.status_code == httpx.codes.CREATED:
            url = f"/v1/orders/{held.json()['order_id']}/cancel"
            await self.ask("cancel", "POST", url, json={"version": 1}, headers=self.key())

    async def report(self) -> None:
        """The planner's report."""
        await self.ask("variant mix", "GET", "/v1/variant-mix?level=styles&format=csv")

    async def demand(self) -> None:
        """The planner's forecast."""
        await self.ask("demand", "GET", "/v1/demand?limit=20")

    def something(self) -> Callable[[], Awaitable[None]]:
        """The next of the mix."""
        kinds = (self.listed, self.event, self.basket, self.configured, self.ordered, self.demand,
                 self.report)  # fmt: skip
        shares = (0.70, 0.12, 0.05, 0.06, 0.04, 0.02, 0.01)
        return kinds[int(self.random.choice(len(kinds), p=shares))]


@dataclass
class Looked:
    """Memory in bytes and open files of the service, each at a time."""

    at: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def growth(self) -> float:
        """Of memory: the last tenth of the time over the second."""
        tenth = max(1, len(self.memory) // 10)
        first = statistics.median(self.memory[tenth : 2 * tenth] or self.memory)
        return statistics.median(self.memory[-tenth:]) / first - 1


@contextmanager
def served(workspace: Path, workers: int) -> Iterator[tuple[str, int]]:
    """The service's address and its process."""
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", "0",
               "--workspace", str(workspace), "--workers", str(workers)]  # fmt: skip
    with (workspace.parent / "serve.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        yield _address(workspace.parent / "serve.log", process), process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the service answers that it is ready."""
    ends = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < ends and process.poll() is None:
        time.sleep(0.5)
        found = re.search(r"http://[0-9.]+:[0-9]+", log.read_text())
        if found is None:
            continue
        with suppress(httpx.HTTPError):
            if httpx.get(f"{found[0]}/readyz", timeout=30).status_code == httpx.codes.OK:
                return found[0]
    raise SystemExit(f"the service did not start:\n{log.read_text()[-2000:]}")


def processes(parent: int) -> list[int]:
    """A process and all below it."""
    found = [parent]
    for one in found:
        children = Path(f"/proc/{one}/task/{one}/children")
        found += [int(pid) for pid in children.read_text().split()] if children.exists() else []
    return found


def look(parent: int, looked: Looked) -> None:
    """Note memory and open files of the service."""
    memory = files = 0
    for pid in processes(parent):
        with suppress(ProcessLookupError, FileNotFoundError):  # it may end while it is looked at
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            allocated = next(line for line in lines if line.startswith("Pss_Anon:"))
            memory += int(allocated.split()[1]) * 1024
            files += len(list(Path(f"/proc/{pid}/fd").iterdir()))
    looked.at.append(time.monotonic())
    looked.memory.append(memory)
    looked.files.append(files)


async def peak(shop: Shop, seconds: float) -> float:
    """Requests of the mix a second, as fast as they are answered."""
    ends = time.monotonic() + seconds

    async def client() -> None:
        while time.monotonic() < ends:
            await shop.something()()

    before = sum(shop.answers.values())
    await asyncio.gather(*(client() for _ in range(PEAK_CLIENTS)))
    return (sum(shop.answers.values()) - before) / seconds


async def steady(shop: Shop, rate: float, seconds: float, parent: int) -> Looked:
    """The mix at a rate, for a time."""
    looked, running = Looked(), set[asyncio.Task[None]]()
    begun = next_look = time.monotonic()
    due = begun
    while (now := time.monotonic()) < begun + seconds:
        if now >= next_look:
            look(parent, looked)
            next_look += SECONDS_BETWEEN_LOOKS
        while due <= now:
            due += float(shop.random.exponential(1 / rate))
            if len(running) < MOST_UNANSWERED:
                task = asyncio.ensure_future(shop.something()())
                running.add(task)
                task.add_done_callback(running.discard)
            else:
                shop.answers["not sent", 0] += 1
        await asyncio.sleep(max(0.0, min(due, next_look) - time.monotonic()))
    await asyncio.gather(*running)
    look(parent, looked)
    return looked


async def run(
    address: str, parent: int, workspace: Path, chosen: argparse.Namespace
) -> dict[str, Any]:
    """Find the peak, then keep half of it up."""
    orders = pd.read_parquet(workspace / "tables" / "orders.parquet")
    customers = [str(one) for one in chosen.customers] or sorted(
        orders["customer_id"].dropna().astype(str).unique()
    )
    variants = sorted(orders["variant_id"].astype(str).unique())
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as http:
        shop = Shop(http, customers, variants, np.random.default_rng(0))
        await peak(shop, chosen.warm_up)
        most = await peak(shop, chosen.peak_seconds)
        shop.answers.clear()
        shop.seconds.clear()
        looked = await steady(shop, most / 2, chosen.minutes * 60, parent)
    failed = sum(
        number
        for (_, status), number in shop.answers.items()
        if status == 0 or status >= httpx.codes.INTERNAL_SERVER_ERROR
    )
    return {
        "peak": most,
        "minutes": chosen.minutes,
        "workers": chosen.workers,
        "requests": sum(shop.answers.values()),
        "failed": failed,
        "answers": {f"{kind} {status}": n for (kind, status), n in sorted(shop.answers.items())},
        "p99_ms": {
            kind: float(np.percentile(found, 99) * 1e3)
            for kind, found in sorted(shop.seconds.items())
        },
        "memory_mb": [
            round(one / 2**20, 1) for one in looked.memory[:: max(1, len(looked.memory) // 60)]
        ],
        "growth": looked.growth(),
        "files": [looked.files[0], looked.files[-1], max(looked.files)],
    }


def shown(found: dict[str, Any]) -> Table:
    """The table of a run."""
    title = (
        f"{found['minutes']:g} minutes at half of {found['peak']:.0f} requests/s, "
        f"{found['workers']} worker(s)"
    )
    table = Table("figure", "value", title=title)
    table.add_row("requests", f"{found['requests']:,}")
    table.add_row("failed (5xx, or no answer)", f"{found['failed']:,}")
    table.add_row(
        "memory, MB, first and last", f"{found['memory_mb'][0]}, {found['memory_mb'][-1]}"
    )
    table.add_row("growth of memory", f"{found['growth']:+.1%}")
    table.add_row("open files, first, last and most", ", ".join(map(str, found["files"])))
    for kind, value in found["p99_ms"].items():
        table.add_row(f"p99 of {kind}, ms", f"{value:.0f}")
    for kind, number in found["answers"].items():
        table.add_row(kind, f"{number:,}")
    return table


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workspace", type=Path, required=True, help="it is copied")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--warm-up", type=float, default=60, help="seconds at full speed before")
    parser.add_argument("--peak-seconds", type=float, default=20)
    parser.add_argument("--customers", nargs="*", default=[], help="ids; default: the table's")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    """Run, tell, and exit with 1 where anything failed or memory grew by 5 % or more."""
    chosen = arguments()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(shutil.copytree(chosen.workspace, Path(folder) / "workspace"))
        with served(workspace, chosen.workers) as (address, parent):
            found = asyncio.run(run(address, parent, workspace, chosen))
    Console().print(shown(found))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1))
    raise SystemExit(1 if found["failed"] or found["growth"] >= 0.05 else 0)


if __name__ == "__main__":
    main()
