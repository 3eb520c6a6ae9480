"""Gate 1 over HTTP: many clients, little capacity: never oversold, never a 5xx."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.ledger import open_ledger
from data.workspace import Workspace
from production.configuration.products import add_products
from tests.api.ordering_clients import OVER_HTTP, STYLE
from tests.data.conftest import postgres_url, url
from tests.data.ledger.clients import run

__all__ = ["postgres_url", "url"]  # fixtures

MODEL = f"features\n    {STYLE}\n        optional\n            oiled\n"
OPTIONS = """format = 1
currency = "EUR"
[base]
price = 10.00
cost = 4.00
usage = { saw = 1 }
"""
SHORT = {"clients": 12, "orders": 4, "processes": 1}
FULL = {"clients": 64, "orders": 100, "processes": 4}
LOADS = [
    pytest.param(30, SHORT, id="short"),
    *(
        pytest.param(capacity, FULL, id=f"full-{capacity}", marks=pytest.mark.slow)
        for capacity in (1, 7, 500)
    ),
]


@pytest.mark.parametrize(("capacity", "load"), LOADS)
def test_capacity_is_used_up_and_never_oversold(
    workspace: Path, url: str, capacity: int, load: dict[str, int]
) -> None:
    _offer(workspace)
    ledger = open_ledger(url)
    day = datetime.now(UTC).date() + timedelta(days=1)
    ledger.set_capacity([("saw", day, capacity * 1000)], actor="planner")
    with serving(workspace, url, workers=2) as address:
        outcome = run(address, "saw", opening=OVER_HTTP, **load)
    assert outcome.failed == 0
    assert outcome.granted + outcome.refused == load["clients"] * load["orders"]
    assert outcome.refused_one > 0  # somebody wanted even the last unit
    [found] = ledger.free("saw", [day])
    assert (found.free, found.held) == (0, capacity * 1000)
    assert outcome.held == capacity
    assert ledger.miscounted() == []
    audited = ledger.verify_audit()
    assert (audited.faults, audited.records) == ((), 1 + outcome.granted)
    ledger.close()


def _offer(root: Path) -> None:
    """A product of which each unit takes one hour of the saw."""
    files = [root / f"{STYLE}.uvl", root / f"{STYLE}.toml"]
    for path, text in zip(files, (MODEL, OPTIONS), strict=True):
        path.write_text(text)
    add_products(Workspace.open(root), files)


@contextmanager
def serving(root: Path, store: str, *, workers: int) -> Iterator[str]:
    """The address of `atelier serve` in its own processes, with orders in a store."""
    words = ("serve", "--workspace", root, "--port", "0", "--workers", str(workers))
    log = root / "serve.log"  # a pipe that nobody reads would fill, and halt the service
    with (
        log.open("w") as file,
        subprocess.Popen(
            [Path(sys.executable).with_name("atelier"), *words],
            stderr=file,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "ATELIER_DATABASE_URL": store},
        ) as process,
    ):
        try:
            yield _address(process, log)
        finally:
            process.terminate()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where a service says that it serves."""
    while process.poll() is None:
        whole, _, _ = log.read_text().rpartition("\n")
        for line in whole.splitlines():
            if (said := json.loads(line))["event"] == "serving":
                return str(said["url"])
        time.sleep(0.05)
    raise AssertionError(log.read_text())
