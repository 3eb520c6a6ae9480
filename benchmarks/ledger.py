"""Holds a second, and how long each waits, on SQLite and PostgreSQL, with every commit synced.

Each writer holds orders of one line that needs two resources, one after the other; days are drawn
at random, so that writers meet on some rows. All that a hold does is done: the key's claim, the
order and its line, capacity, the audit's chain, the commit. Writers are threads of one process (a
service with one worker) or processes (a service with as many). The load of the machine before and
after stands beside: figures of a busy machine are of a busy machine; the CPU time of a hold, in the
writers' processes (PostgreSQL's own comes on top), depends on it less.

    python benchmarks/ledger.py
    python benchmarks/ledger.py --postgresql postgresql+psycopg://postgres@127.0.0.1:5432/test
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, make_url, text

from data.ledger import Ledger, Line, Need, NewOrder, RequestKey, open_ledger

DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in range(28)]
RESOURCES = ("press", "saw")
PLENTY = 10**12
WARM_UP = 50


def hold(ledger: Ledger, writer: str, number: int, day: date) -> None:
    """One order."""
    needs = tuple(Need(resource_id=name, day=day, amount=1500) for name in RESOURCES)
    line = Line(variant_id="V1", quantity=1, price="19.90", needs=needs)
    order = NewOrder(lines=(line,), hold_for=timedelta(minutes=15), currency="EUR")
    ledger.hold(order, request=RequestKey(scope=writer, key=f"{number}", digest="body"))


def work(ledger: Ledger, writer: str, holds: int) -> list[float]:
    """One writer's holds; seconds of each."""
    random = np.random.default_rng(list(writer.encode()))
    seconds = []
    for number, day in enumerate(random.choice(len(DAYS), holds + WARM_UP)):
        begun = time.perf_counter()
        hold(ledger, writer, number, DAYS[day])
        seconds.append(time.perf_counter() - begun)
    return seconds[WARM_UP:]


@dataclass(frozen=True)
class Measured:
    """Holds a second, CPU milliseconds of one, and the seconds that each took."""

    rate: float
    cpu: float
    seconds: list[float]


def threads(url: str, writers: int, holds: int, name: str) -> Measured:
    """Writers that share a process."""
    ledger = open_ledger(url, patience=60.0)
    found: list[list[float]] = []
    running = [
        threading.Thread(
            target=lambda number=number: found.append(work(ledger, f"{name} {number}", holds))
        )
        for number in range(writers)
    ]
    begun, cpu = time.perf_counter(), time.process_time()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    elapsed, cpu = time.perf_counter() - begun, time.process_time() - cpu
    ledger.close()
    done = writers * (holds + WARM_UP)
    return Measured(done / elapsed, cpu / done * 1e3, [one for some in found for one in some])


def processes(url: str, writers: int, holds: int) -> Measured:
    """Writers with a process each; they begin together once all have loaded."""
    command = [sys.executable, __file__, "--writer", url, "--holds", str(holds)]
    running = [
        subprocess.Popen(
            [*command, "--name", f"process {number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(writers)
    ]
    for process in running:
        assert process.stdout is not None  # noqa: S101  # it is a pipe
        process.stdout.readline()
    begun = time.perf_counter()
    for process in running:
        assert process.stdin is not None  # noqa: S101  # likewise
        process.stdin.write("\n")
        process.stdin.flush()
    said = [json.loads(process.communicate()[0]) for process in running]
    elapsed = time.perf_counter() - begun
    done = writers * (holds + WARM_UP)
    cpu = sum(part["cpu"] for part in said)
    seconds = [one for part in said for one in part["seconds"]]
    return Measured(done / elapsed, cpu / done * 1e3, seconds)


def write_alone(url: str, holds: int, name: str) -> None:
    """A writer that has a process: ready, wait, work, tell."""
    ledger = open_ledger(url, patience=60.0)
    ledger.audit_head()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    cpu = time.process_time()
    seconds = work(ledger, name, holds)
    sys.stdout.write(json.dumps({"cpu": time.process_time() - cpu, "seconds": seconds}))


@contextmanager
def schema_of(url: str) -> Iterator[str]:
    """A schema of its own in a PostgreSQL database, dropped at the end."""
    name = f"atelier_bench_{uuid4().hex}"
    base = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(base)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    own = base.update_query_dict({"options": f"-c search_path={name}"})
    yield own.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


def prepare(url: str) -> None:
    """Capacity for everything."""
    ledger = open_ledger(url, patience=60.0)
    ledger.set_capacity([(name, day, PLENTY) for name in RESOURCES for day in DAYS], actor="bench")
    ledger.close()


def rows(url: str, kind: str, chosen: argparse.Namespace) -> Iterator[list[str]]:
    """A database's rows of the table; the ledger must add up afterwards."""
    prepare(url)
    layouts = [("1 thread", 1, threads), (f"{chosen.writers} threads", chosen.writers, threads)]
    for label, writers, measure in layouts:
        yield row(kind, label, measure(url, writers, chosen.holds, label))
    found = processes(url, chosen.writers, chosen.holds)
    yield row(kind, f"{chosen.writers} processes", found)
    ledger = open_ledger(url)
    if ledger.miscounted() or ledger.verify_audit().faults:
        raise SystemExit("the ledger does not add up")
    ledger.close()


def row(kind: str, label: str, found: Measured) -> list[str]:
    """A row's cells."""
    parts = np.percentile(np.array(found.seconds) * 1e3, [50, 95, 99])
    times = [f"{part:.1f}" for part in parts]
    return [kind, label, f"{found.rate:,.0f}", f"{found.cpu:.2f}", *times]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--holds", type=int, default=500, help="of each writer")
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="where SQLite's file is made; a disk, not RAM")
    parser.add_argument("--postgresql", default=os.environ.get("ATELIER_TEST_POSTGRES_URL"))
    parser.add_argument("--writer", help=argparse.SUPPRESS)
    parser.add_argument("--name", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure both databases, as far as they are there."""
    chosen = arguments()
    if chosen.writer:
        write_alone(chosen.writer, chosen.holds, chosen.name)
        return
    table = Table(title=f"Holds with every commit synced; {chosen.holds} a writer")
    for heading in ("database", "writers", "holds/s", "CPU ms", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(heading, justify="left" if heading in {"database", "writers"} else "right")
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        for cells in rows(f"sqlite:///{folder}/atelier.db", "SQLite", chosen):
            table.add_row(*cells)
    if chosen.postgresql:
        with schema_of(chosen.postgresql) as url:
            for cells in rows(url, "PostgreSQL", chosen):
                table.add_row(*cells)
    Console().print(table)
    sys.stdout.write(f"load of the machine: {before:.1f} before, {os.getloadavg()[0]:.1f} after\n")


if __name__ == "__main__":
    main()
