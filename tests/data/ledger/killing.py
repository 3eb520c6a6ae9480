"""Another process that works on a ledger until it is killed, and what must be true afterwards."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from sqlalchemy import text

from data.ledger import Ledger, Receipt, open_ledger
from tests.data.ledger.shop import Clock, key, stands, units

FAILPOINTS = (
    "ledger-claimed",
    "ledger-reserved",
    "ledger-written",
    "ledger-done",
    "ledger-committed",
)
SPAWN = multiprocessing.get_context("forkserver")
SPAWN.set_forkserver_preload(["__main__", "tests.data.ledger.killing"])

Acknowledged = tuple[int, str, Receipt]


def steps(ledger: Ledger, number: int) -> Iterator[Acknowledged]:
    """An order and what becomes of it: the same for a number, whoever asks and however often."""

    def request(step: str) -> str:
        return f"{number} {step}"

    held = ledger.hold(units(number % 5 + 1), request=key(request("hold")))
    yield number, "hold", held
    match number % 5:
        case 0:
            done = ledger.cancel(held.order_id, version=1, request=key(request("cancel")))
            yield number, "cancel", done
        case 1:
            done = ledger.confirm(held.order_id, version=1, request=key(request("confirm")))
            yield number, "confirm", done
            done = ledger.cancel(held.order_id, version=2, request=key(request("cancel")))
            yield number, "cancel", done
        case 2:
            lines = units(number % 7 + 1).lines
            done = ledger.change(held.order_id, lines, version=1, request=key(request("change")))
            yield number, "change", done
        case 3:
            done = ledger.confirm(held.order_id, version=1, request=key(request("confirm")))
            yield number, "confirm", done
        case _:
            pass


def work(url: str, first: int, failpoint: str, after: int, told: Connection) -> None:
    """Go through the numbers, and tell each acknowledgement; die at a failpoint after some."""
    ledger = open_ledger(url, patience=30.0, clock=Clock())
    seen = 0
    number = first
    while True:
        for done in steps(ledger, number):
            told.send(done)
            seen += 1
            if failpoint and seen >= after:
                os.environ["ATELIER_FAILPOINT"] = failpoint
        number += 1


@dataclass
class Killed:
    """A ledger whose workers are killed, over and over; what they were told.

    Attributes:
        url: where the ledger is.
        receipts: every acknowledgement, by number and step.
        slowest: seconds that the slowest opening after a kill took.
    """

    url: str
    receipts: dict[tuple[int, str], Receipt] = field(default_factory=dict)
    slowest: float = 0.0

    def kill_one(self, *, after: int, seconds: float = 0.0, failpoint: str = "") -> None:
        """Let a worker go on from where the last was killed, and kill it.

        Args:
            after: how many acknowledgements it may make before.
            seconds: and how long it may live then.
            failpoint: or where it dies by itself.
        """
        first = max((number for number, _ in self.receipts), default=0)
        here, there = SPAWN.Pipe(duplex=False)
        worker = SPAWN.Process(target=work, args=(self.url, first, failpoint, after, there))
        worker.start()
        there.close()
        for _ in range(after):
            self._take(here.recv())
        if not failpoint:
            time.sleep(seconds)
            worker.kill()
        try:
            while True:
                self._take(here.recv())
        except EOFError:
            pass
        worker.join(timeout=60)
        assert worker.exitcode == -9
        here.close()

    def check(self) -> None:
        """Nothing acknowledged is lost, nothing is half done, and the next one opens quickly."""
        begun = time.perf_counter()
        ledger = open_ledger(self.url, patience=30.0, clock=Clock())
        stands(ledger)
        self.slowest = max(self.slowest, time.perf_counter() - begun)
        assert ledger.verify_audit().faults == ()
        with ledger.database.transaction(reads=True) as connection:
            if not ledger.database.is_postgresql:
                assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
            rows = connection.execute(text("SELECT order_id, version FROM ledger_orders"))
            versions = {row.order_id: row.version for row in rows}
            keys = connection.scalar(text("SELECT COUNT(*) FROM ledger_keys"))
        newest = {receipt.order_id: receipt.version for receipt in self.receipts.values()}
        assert all(versions[order_id] >= version for order_id, version in newest.items())
        # At most the one request that was under way is there without an acknowledgement.
        assert keys - len(self.receipts) in {0, 1}
        assert len(versions) - len(newest) in {0, 1}
        ledger.close()

    def ask_again(self) -> None:
        """Every request that was acknowledged is answered the same, and does nothing."""
        ledger = open_ledger(self.url, patience=30.0, clock=Clock())
        before = ledger.audit_head()
        for number in range(max(number for number, _ in self.receipts)):
            for _, step, receipt in steps(ledger, number):
                assert self.receipts[number, step] == receipt
                assert receipt.replayed
        assert ledger.audit_head() == before
        ledger.close()

    def _take(self, told: Acknowledged) -> None:
        number, step, receipt = told
        assert self.receipts.setdefault((number, step), receipt) == receipt
