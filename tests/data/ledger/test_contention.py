"""Gate 1: many clients, little capacity: never oversold, never refused without a reason."""

from __future__ import annotations

import pytest

from data.ledger import open_ledger
from tests.data.ledger.clients import OVER_STORE, run
from tests.data.ledger.shop import DAY, Clock, open_shop, stands

FULL = [
    pytest.param(capacity, 64, 100, 4, id=f"full-{capacity}", marks=pytest.mark.slow)
    for capacity in (1, 7, 500)
]


@pytest.mark.parametrize(
    ("capacity", "clients", "orders", "processes"), [pytest.param(30, 12, 4, 2, id="short"), *FULL]
)
def test_capacity_is_used_up_and_never_oversold(
    url: str, capacity: int, clients: int, orders: int, processes: int
) -> None:
    open_shop(url, Clock(), saw=capacity).close()
    outcome = run(
        url, "saw", clients=clients, orders=orders, processes=processes, opening=OVER_STORE
    )
    assert outcome.failed == 0
    assert outcome.granted + outcome.refused == clients * orders
    assert outcome.refused_one > 0  # somebody wanted even the last unit
    ledger = open_ledger(url, clock=Clock())
    [found] = ledger.free("saw", [DAY])
    assert (found.free, found.held) == (0, capacity)
    assert outcome.held == capacity
    stands(ledger)
    audited = ledger.verify_audit()
    assert (audited.faults, audited.records) == ((), 1 + outcome.granted)
    ledger.close()
