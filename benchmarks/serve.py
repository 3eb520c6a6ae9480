"""Requests per second and latency of the service beside an empty FastAPI route, under wrk.

A workspace is made whose model, of random numbers of the right shapes, knows so many variants and
customers; then `atelier serve` serves it, and beside it a FastAPI application of an empty route and
of one that sends as many bytes as the last path asked, without any middleware, runs on the same
server with as many workers. wrk (Debian's package) asks both in turn, round after round, for
customers drawn at random by a script that the benchmark writes; each one's figures are the median
of the rounds, and the ratios are taken round by round. Memory is what /proc says of each worker:
its proportional set, in which pages that workers share count once. With `--mix` a workspace that
has a plan is served instead, from a copy, and asked for the variant mix, of its styles and whole.

    python benchmarks/serve.py
    python benchmarks/serve.py --variants 100000 --workers 2
    python benchmarks/serve.py --mix workspace
"""

from __future__ import annotations

import argparse
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
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pandas as pd
from recommend import make_histories
from request import make_catalogue, make_models
from rich.console import Console
from rich.table import Table

from data.workspace import Workspace
from recsys.interactions import Interactions
from recsys.model import Run
from recsys.models.popularity import Popularity
from recsys.recommender import Recommender
from recsys.saved.manifest import signing_key
from recsys.saved.saving import save

RECOMMENDATIONS = "/v1/customers/%08d/recommendations"
MIXES = (
    "/v1/variant-mix?level=styles&format=csv",
    "/v1/variant-mix?format=json",
)
LINES = 50
SECONDS_TO_START = 120.0
SECONDS_TO_MAKE = 900.0

EMPTY = """
from fastapi import FastAPI, Response

app = FastAPI()


@app.get("/empty")
async def empty() -> None:
    return None


@app.get("/bytes")
async def body() -> Response:
    return Response(BODY)


BODY = bytes({size})
"""
FRAMEWORK = ("/empty", "/bytes")

SCRIPT = """
local customers = {customers}
request = function()
   return wrk.format("GET", string.format("{path}", math.random(0, customers - 1)))
end
local seeds = 0
setup = function(thread)
   seeds = seeds + 1
   thread:set("seed", seeds)
end
init = function(_)
   math.randomseed(seed)
end
done = function(summary, latency, _)
   io.write(string.format("RESULT %f %f %d\\n", summary.requests / summary.duration * 1e6,
      latency:percentile(99), summary.errors.status + summary.errors.read
      + summary.errors.write + summary.errors.timeout + summary.errors.connect))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk measured.

    Attributes:
        rate: requests a second.
        p99: milliseconds.
        errors: requests that failed.
    """

    rate: float
    p99: float
    errors: int


def make_workspace(root: Path, variants: int, customers: int, seed: int) -> None:
    """A workspace with a model in use: the default blend, or ALS where its matrix is too large."""
    workspace = Workspace.create(root)
    drawn = make_histories(customers, variants, LINES, seed)
    named = [workspace.pseudonyms().of(one) for one in drawn.customers]  # as an import has them
    histories = replace(drawn, customers=np.array(sorted(named), dtype=object))
    catalogue = make_catalogue(histories, seed)
    models = list(make_models(histories, seed))
    recommender = Recommender(
        model=models[-1],
        popularity=Popularity().fit(histories, catalogue, Run()),
        interactions=histories,
        catalogue=catalogue,
        data_digest="",
    )
    workspace.write({"orders": orders(histories)})
    save(recommender, workspace, signing_key(workspace))


def orders(histories: Interactions) -> pd.DataFrame:
    """One order, so that the folder is a workspace."""
    return pd.DataFrame(
        {
            "order_id": ["1"],
            "ordered_at": [pd.Timestamp("2023-12-31")],
            "customer_id": [histories.customers[0]],
            "variant_id": [histories.variants[0]],
            "quantity": [1],
            "unit_price": [1.0],
        }
    )


@contextmanager
def running(command: list[str], **options: object) -> Iterator[subprocess.Popen[str]]:
    """A process of our own, ended at the end."""
    with subprocess.Popen(command, text=True, **options) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def served(root: Path, chosen: argparse.Namespace) -> Iterator[tuple[str, int, float]]:
    """The service's address and process, once its lists are ready, and how long these took."""
    log = root / "serve.log"
    program = "from api.cli import main; main()"
    flags = ["--port", "0", "--workers", str(chosen.workers)]
    with (
        log.open("w") as out,
        running(
            [sys.executable, "-c", program, "serve", "--workspace", str(root), *flags], stderr=out
        ) as process,
    ):
        url = waited(log, "serving", SECONDS_TO_START, 1, process)[0]["url"]
        begun = time.monotonic()
        waited(log, "lists ready", SECONDS_TO_MAKE, chosen.workers, process)
        yield url, process.pid, time.monotonic() - begun


def waited(
    log: Path, event: str, seconds: float, count: int, process: subprocess.Popen[str]
) -> list[dict[str, str]]:
    """The first log lines of an event, once there are so many."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        lines = (json.loads(line) for line in log.read_text().splitlines() if line[-1:] == "}")
        found = [line for line in lines if line["event"] == event]
        if len(found) >= count:
            return found
        time.sleep(0.5)
    raise TimeoutError(f"the service did not say '{event}': {log.read_text()[-2000:]}")


@contextmanager
def empty_route(folder: Path, port: int, workers: int, size: int) -> Iterator[str]:
    """The address of a FastAPI application of an empty route and one that sends so many bytes."""
    (folder / "empty_app.py").write_text(EMPTY.replace("{size}", str(size)))
    command = [sys.executable, "-m", "uvicorn", "empty_app:app", "--port", str(port)]
    command += ["--no-access-log", "--log-level", "warning", "--workers", str(workers)]
    with running(command, cwd=folder):
        time.sleep(4.0)
        yield f"http://127.0.0.1:{port}"


def asked(url: str, path: str, folder: Path, chosen: argparse.Namespace) -> Load:
    """One run of wrk."""
    script = folder / "ask.lua"
    script.write_text(SCRIPT.replace("{customers}", str(chosen.customers)).replace("{path}", path))
    command = ["wrk", "-t1", f"-c{chosen.connections}", f"-d{chosen.seconds}s", "-s", str(script)]
    out = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    rate, p99, errors = re.findall(r"RESULT (\S+) (\S+) (\d+)", out)[0]
    return Load(float(rate), float(p99) / 1e3, int(errors))


def memory(pid: int, count: int) -> tuple[int, float, float]:
    """Workers, one process or those under it, and the mean of their proportional and private MB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    workers = [one for one in children if _serves(one)] if count > 1 else [str(pid)]
    sums = [Path(f"/proc/{one}/smaps_rollup").read_text() for one in workers]
    means = [
        statistics.mean(
            sum(int(kb) for kb in re.findall(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)) / 1e3
            for text in sums
        )
        for name in ("Pss", "Private_(?:Clean|Dirty)")
    ]
    return len(workers), means[0], means[1]


def _serves(pid: str) -> bool:
    """Whether a child is a worker, and not what multiprocessing keeps beside it."""
    return "resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_text()


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--variants", type=int, action="append")
    parser.add_argument("--customers", type=int, default=5_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mix", type=Path, help="measure the variant mix of this workspace")
    parser.add_argument("--keep", type=Path, help="keep the workspaces here, and use them again")
    chosen = parser.parse_args()
    chosen.variants = chosen.variants or [5_000, 100_000]
    return chosen


def compared(
    root: Path, folder: Path, paths: tuple[str, ...], chosen: argparse.Namespace
) -> Iterator[list[str]]:
    """The cells of the framework's routes and of each path, after those of the workspace."""
    with served(root, chosen) as (url, pid, seconds), ExitStack() as undo:
        with urlopen(url + paths[-1].replace("%08d", f"{0:08d}")) as answer:  # noqa: S310  # our own
            size = len(answer.read())
        empty = undo.enter_context(empty_route(folder, chosen.port, chosen.workers, size))
        rounds: dict[str, list[Load]] = {path: [] for path in (*FRAMEWORK, *paths)}
        for _ in range(chosen.rounds):
            for path, loads in rounds.items():
                address = empty if path in FRAMEWORK else url
                loads.append(asked(address, path, folder, chosen))
        workers, shared, private = memory(pid, chosen.workers)
    held = f"{workers} x {shared:,.0f} ({private:,.0f})"
    for path, loads in rounds.items():
        pairs = list(zip(loads, rounds["/empty"], strict=True))
        yield [
            f"{path} ({size / 1e3:,.0f} kB)" if path == "/bytes" else path.removeprefix("/v1/"),
            f"{statistics.median(load.rate for load in loads):,.0f}",
            f"{statistics.median(load.p99 for load in loads):.2f}",
            str(sum(load.errors for load in loads)),
            f"{statistics.median(ours.rate / bare.rate for ours, bare in pairs):.2f}",
            f"{statistics.median(ours.p99 / bare.p99 for ours, bare in pairs):.2f}",
            *(["", ""] if path in FRAMEWORK else [held, f"{seconds:.0f}"]),
        ]


def main() -> None:
    """Measure every size."""
    chosen = arguments()
    chosen.port = 18_000 + os.getpid() % 1000
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt-get install wrk")
    table = Table(
        title=f"{chosen.customers:,} customers drawn at random, {chosen.connections} connections, "
        f"{chosen.workers} worker(s), median of {chosen.rounds} rounds of {chosen.seconds} s"
    )
    for heading in ("variants", "route", "requests/s", "p99 ms", "errors", "rate ratio"):
        table.add_column(heading, justify="left" if heading == "route" else "right")
    for heading in ("p99 ratio", "MB a worker (private)", "lists made in s"):
        table.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory() as name:
        if chosen.mix:
            root = Path(shutil.copytree(chosen.mix, Path(name) / "workspace"))
            for cells in compared(root, Path(name), MIXES, chosen):
                table.add_row("", *cells)
            chosen.variants = []
        for variants in chosen.variants:
            root = (chosen.keep or Path(name)) / f"workspace-{variants}-{chosen.customers}"
            if not root.exists():
                make_workspace(root, variants, chosen.customers, chosen.seed)
            for cells in compared(root, Path(name), (RECOMMENDATIONS,), chosen):
                table.add_row(f"{variants:,}", *cells)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
