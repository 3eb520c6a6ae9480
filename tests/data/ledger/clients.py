"""Clients that hold orders at once, in several processes, over the store or another wire.

    python -m tests.data.ledger.clients OPEN WHERE JSON

OPEN is `module:function`; the function takes WHERE and gives a `Client`. Each thread of the process
is one client.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np

from data.errors import OutOfCapacity, StoreError
from data.ledger import open_ledger
from tests.data.ledger.shop import Clock, key, units
from tests.paths import ROOT

MOST_UNITS = 5
OVER_STORE = "tests.data.ledger.clients:open_store_client"


class Client(Protocol):
    """What a client of the ledger does, over whatever wire."""

    def hold(self, resource_id: str, quantity: int, key_: str) -> bool:
        """Whether so many units were held; raises where the service failed."""


@dataclass(frozen=True)
class Task:
    """What the clients of a process do.

    Attributes:
        resource_id: what they all want.
        first: number of the first client.
        clients: how many.
        orders: how many each sends, 1 to 5 units at a time.
    """

    resource_id: str
    first: int
    clients: int
    orders: int


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        held: units that were granted.
        granted: orders that were.
        refused: orders that were not.
        refused_one: those of a single unit among them.
        failed: answers that the service owed; 5xx over HTTP.
    """

    held: int = 0
    granted: int = 0
    refused: int = 0
    refused_one: int = 0
    failed: int = 0


class StoreClient:
    """A client in the same process as the store."""

    def __init__(self, url: str) -> None:
        self._ledger = open_ledger(url, patience=60.0, clock=Clock())

    def hold(self, resource_id: str, quantity: int, key_: str) -> bool:
        try:
            self._ledger.hold(units(quantity, resource_id), request=key(key_))
        except OutOfCapacity:
            return False
        return True


def open_store_client(url: str) -> StoreClient:
    return StoreClient(url)


def work(client: Client, task: Task) -> Outcome:
    """All clients of one process, at once."""
    outcome, lock = Outcome(), threading.Lock()

    def one(number: int) -> None:
        for order, quantity in enumerate(quantities(number, task.orders)):
            try:
                held = client.hold(
                    task.resource_id, quantity, f"{task.resource_id} {number} {order}"
                )
            except StoreError:
                with lock:
                    outcome.failed += 1
                continue
            with lock:
                outcome.granted += held
                outcome.held += quantity * held
                outcome.refused += not held
                outcome.refused_one += not held and quantity == 1

    threads = [
        threading.Thread(target=one, args=(number,))
        for number in range(task.first, task.first + task.clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcome


def quantities(client: int, orders: int) -> list[int]:
    """How many units a client asks for, order by order."""
    random = np.random.default_rng(client)
    return [int(quantity) for quantity in random.integers(1, MOST_UNITS + 1, orders)]


def run(
    where: str, resource_id: str, *, clients: int, orders: int, processes: int, opening: str
) -> Outcome:
    """Let clients in several processes loose; what came of it in all."""
    each = clients // processes
    tasks = [Task(resource_id, first, each, orders) for first in range(0, each * processes, each)]
    command = [sys.executable, "-m", "tests.data.ledger.clients", opening, where]
    running = [
        subprocess.Popen(
            [*command, json.dumps(asdict(task))],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for task in tasks
    ]
    total = Outcome()
    for process in running:
        said, trouble = process.communicate(timeout=1200)
        assert process.returncode == 0, trouble
        for name, number in json.loads(said).items():
            setattr(total, name, getattr(total, name) + number)
    return total


def main(arguments: Sequence[str]) -> str:
    """One process's share, as JSON."""
    opening, where, task = arguments
    module, name = opening.split(":")
    open_client: Callable[[str], Client] = getattr(importlib.import_module(module), name)
    return json.dumps(asdict(work(open_client(where), Task(**json.loads(task)))))


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]))
