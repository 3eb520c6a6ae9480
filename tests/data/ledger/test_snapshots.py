"""What is read in one transaction stands at one moment, while orders go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, insert, select

from data.errors import StoreError
from data.ledger import Ledger
from data.ledger.schema import orders, quotes
from tests.data.ledger.shop import DAY, START, Clock, key, open_shop, units

SECONDS = 2.0
WRITERS = 4

_ISOLATION = select(func.current_setting("transaction_isolation"))


@contextmanager
def selling(ledger: Ledger) -> Iterator[None]:
    """Threads that hold and confirm orders until the end."""
    over, failed = threading.Event(), list[Exception]()

    def sell(writer: int) -> None:
        number = 0
        try:
            while not over.is_set():
                number += 1
                held = ledger.hold(units(1), request=key(f"hold {writer} {number}"))
                asked = key(f"confirm {writer} {number}")
                ledger.confirm(held.order_id, version=1, request=asked)
        except Exception as error:  # told below
            failed.append(error)

    threads = [threading.Thread(target=sell, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert failed == []


def test_nothing_looks_tampered_with_while_orders_flow(ledger: Ledger) -> None:
    ledger.set_capacity([("saw", DAY, 1_000_000)], actor="planner")
    faults, miscounted, looks = set[str](), 0, 0
    with selling(ledger):
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            faults.update(ledger.verify_audit().faults)
            miscounted += len(ledger.miscounted())
            looks += 1
    assert looks > 1
    assert ledger.list_orders(["confirmed"], limit=0)[0] > WRITERS
    assert (faults, miscounted) == (set(), 0)


def test_two_statements_of_a_read_see_the_same(ledger: Ledger) -> None:
    count = select(func.count()).select_from(orders)
    with ledger.database.transaction(reads=True) as connection:
        before = connection.scalar(count)
        ledger.hold(units(1), request=key("between"))
        assert connection.scalar(count) == before == 0
    with ledger.database.transaction(reads=True) as connection:
        assert connection.scalar(count) == 1


def test_a_connection_that_read_writes_again_and_sees_what_others_did(ledger: Ledger) -> None:
    """Connections are used in turn: how one was set for a read must not stay."""
    for number in range(3):
        assert ledger.list_orders(limit=10)[0] == number
        ledger.hold(units(1), request=key(f"{number}"))


def test_postgresql_refuses_to_write_where_only_reading_was_asked_for(postgres_url: str) -> None:
    ledger = open_shop(postgres_url, Clock())
    row = {"quote_id": "q", "expires_at": START.replace(tzinfo=None), "body": "{}"}
    with (
        pytest.raises(StoreError, match="cannot be written"),
        ledger.database.transaction(reads=True) as connection,
    ):
        connection.execute(insert(quotes), row)
    with ledger.database.transaction() as connection:
        assert connection.scalar(_ISOLATION) == "read committed"
    ledger.close()
