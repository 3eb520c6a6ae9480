"""How long a customer waits for each choice over HTTP, on one model of a product.

A workspace is made that holds the model, and `atelier serve` serves it. Customers compose one after
the other: they press options at random that are open at the beginning, and press on until they have
made so many choices. Every answer is exact; choices that cannot be had are answered with the
smallest conflict and changes, and are then given up. The request, the answer's JSON and its reading
count, over a connection that is kept.

    python benchmarks/configure_service.py --model FOLDER/automotive02_01.uvl
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from data.workspace import Workspace
from production.configuration.products import FOLDER

STYLE = "P"
URL = f"/v1/products/{STYLE}/configuration"
PAGE = 1000
SECONDS_TO_START = 60.0


@contextmanager
def serving(model: Path) -> Iterator[str]:
    """The address of a service whose workspace holds the model."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        Workspace.create(root)
        (root / FOLDER).mkdir()
        shutil.copyfile(model, root / FOLDER / f"{STYLE}.uvl")
        program = Path(sys.executable).with_name("atelier")
        log = Path(folder) / "log"
        with (
            log.open("w") as errors,
            subprocess.Popen(
                [program, "serve", "--workspace", root, "--port", "0"], stderr=errors
            ) as process,
        ):
            try:
                yield address(log)
            finally:
                process.terminate()


def address(log: Path) -> str:
    """What the service says in its log of where it listens, once it does."""
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until:
        for line in log.read_text().splitlines():
            started = json.loads(line)
            if started["event"] == "serving":
                return str(started["url"])
        time.sleep(0.05)
    raise TimeoutError(log.read_text())


def open_options(client: httpx.Client) -> list[str]:
    """Every option that is open before any choice, page by page of the tree."""
    found: list[str] = []
    offset, total = 0, 1
    while offset < total:
        page = client.get(URL, params={"limit": PAGE, "offset": offset}).json()
        found += [branch["name"] for branch in page["tree"] if branch["state"] == "open"]
        offset, total = offset + PAGE, page["total"]
    return found


def compose(
    client: httpx.Client, options: list[str], choices: int, rng: random.Random
) -> Iterator[tuple[bool, float, int]]:
    """One customer: for each press whether it could be had, seconds, and bytes of the answer."""
    made: list[str] = []
    settled: set[str] = set()
    while len(made) < choices:
        option = rng.choice(options)
        if option in settled:
            continue
        asked = [*made, option if rng.random() < 0.6 else f"!{option}"]
        began = time.perf_counter()
        response = client.post(URL, json={"choices": asked})
        answer = response.json()
        yield answer["valid"], time.perf_counter() - began, len(response.content)
        if answer["valid"]:
            made = asked
            if not answer["open"]:
                return
        settled |= {option}


def main() -> None:
    """Serve, compose, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--customers", type=int, default=50)
    parser.add_argument("--choices", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)  # noqa: S311  # a benchmark's customers
    with serving(args.model) as url, httpx.Client(base_url=url, timeout=60) as client:
        began = time.perf_counter()
        first = client.get(URL, params={"levels": 1}).json()
        compiled = time.perf_counter() - began
        options = open_options(client)
        answers = [
            one
            for _ in range(args.customers)
            for one in compose(client, options, args.choices, rng)
        ]
    table = Table(
        "answers",
        "how many",
        "p50 ms",
        "p95 ms",
        "largest ms",
        "median KB",
        title=f"{args.model.name}: {first['options']:,} options; first look {compiled:.2f} s",
    )
    for what, valid in (("can be had", True), ("cannot, with conflict and changes", False)):
        rows = [row for row in answers if row[0] == valid]
        if not rows:
            continue
        times = sorted(1000 * seconds for _, seconds, _ in rows)
        table.add_row(
            what,
            f"{len(rows):,}",
            f"{statistics.median(times):.1f}",
            f"{times[int(0.95 * (len(times) - 1))]:.1f}",
            f"{times[-1]:.1f}",
            f"{statistics.median(size for _, _, size in rows) / 1000:.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
