"""How long a quote with its promise takes, in the process and over HTTP, and a hold of it.

A workspace is made with the sample's shirt and 26 weeks of capacity a day. Shirts of random options
and 1 to 12 units are quoted one after the other; each quote prices the lines, finds the day and
what would be sooner, and is kept (one synced commit). The first two rows leave HTTP and JSON out;
the others go through the whole application within the process. The clock is the wall's; the CPU is
of the whole process, the client's part included.

    python benchmarks/quotes.py
    python benchmarks/quotes.py --quotes 2000
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
from fastapi import FastAPI
from rich.console import Console
from rich.table import Table

from api.ordering import AskedLine
from api.service.app import create_app
from api.service.engine import open_engine
from api.settings import load_settings
from data.workspace import Workspace
from production.configuration.products import add_products

FILES = sorted((Path(__file__).parent.parent / "data" / "sample" / "products").iterdir())
HOURS = {"cutting": 30_000_000, "sewing": 120_000_000, "fabric": 90_000_000}
DAYS = 182
COLOURS, SIZES = ("white", "blue"), ("S", "M", "L")
EXTRAS = ("monogram", "long-fit", "gift-box", "horn-buttons")


def lines(number: int) -> list[AskedLine]:
    """Lines as customers may compose them."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(number):
        extras = [name for name in EXTRAS if random.random() < 0.4]
        letters = ["letters=3"] if "monogram" in extras else []
        choices = (str(random.choice(COLOURS)), str(random.choice(SIZES)), "plain-collar",
                   "single-cuffs", *extras, *letters)  # fmt: skip
        found.append(
            AskedLine(style_id="SH001", choices=choices, quantity=int(random.integers(1, 13)))
        )
    return found


def timed(name: str, asked: list[AskedLine], do: Callable[[AskedLine], None]) -> list[str]:
    """A row of the table: milliseconds of each, and of the CPU on average."""
    for line in asked[:50]:
        do(line)
    seconds, cpu = [], time.process_time()
    for line in asked:
        begun = time.perf_counter()
        do(line)
        seconds.append(time.perf_counter() - begun)
    cpu = (time.process_time() - cpu) / len(asked)
    parts = [f"{part * 1e3:.1f}" for part in np.percentile(seconds, [50, 95, 99])]
    return [name, *parts, f"{cpu * 1e3:.1f}"]


def main() -> None:
    """Measure quotes, then holds of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quotes", type=int, default=500)
    asked = lines(parser.parse_args().quotes)
    table = Table("", "p50 ms", "p95 ms", "p99 ms", "CPU ms", title=f"{len(asked):,} quotes")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        add_products(Workspace.create(root), FILES)
        with open_engine(root, load_settings(root)) as engine:
            ordering = engine.ordering
            today = ordering.today()
            ordering.ledger.set_capacity(
                [
                    (name, today + timedelta(days=number), some)
                    for name, some in HOURS.items()
                    for number in range(DAYS)
                ],
                actor="bench",
            )
            client = Client(create_app(engine))
            offers = []

            def post(line: AskedLine) -> None:
                body = {"style_id": line.style_id, "choices": line.choices,
                        "quantity": line.quantity}  # fmt: skip
                answer = client.post("/v1/quotes", {"lines": [body]})
                offers.append(answer.json()["quote_id"])

            def hold(line: AskedLine) -> None:
                _ = line
                headers = {"Idempotency-Key": uuid4().hex}
                body = {"quote_id": offers.pop()}
                client.post("/v1/orders", body, **headers)

            table.add_row(*timed("found", asked, lambda line: void(ordering.quote([line]))))
            table.add_row(
                *timed("found and kept", asked, lambda line: void(ordering.offer([line])))
            )
            table.add_row(*timed("POST /v1/quotes", asked, post))
            table.add_row(*timed("POST /v1/orders", asked[:-50], hold))
    Console().print(table)


class Client:
    """Sends to an application in this process, on one event loop."""

    def __init__(self, app: FastAPI) -> None:
        transport = httpx.ASGITransport(app)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://test")
        self._loop = asyncio.new_event_loop()

    def post(self, url: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        """An answer, which must be a good one."""
        sent = self._http.post(url, json=body, headers=headers)
        answer = self._loop.run_until_complete(sent)
        answer.raise_for_status()
        return answer


def void(_: object) -> None:
    """Nothing of an answer."""


if __name__ == "__main__":
    main()
