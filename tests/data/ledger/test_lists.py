"""Orders listed by state, the newest first, and what those that stand have taken."""

from __future__ import annotations

from datetime import timedelta

from data.ledger import Ledger
from tests.data.ledger.shop import DAY, HOLD, Clock, key, line, need, order, units


def test_orders_are_listed_newest_first_by_page_and_by_state(ledger: Ledger, clock: Clock) -> None:
    ids = []
    for place in range(5):
        held = ledger.hold(
            order(line(need(1)), line(need(1), need(2, "press"))), request=key(f"h{place}")
        )
        ids.append(held.order_id)
        clock.move(timedelta(minutes=1))
    ledger.confirm(ids[1], version=1, request=key("c"))
    total, page = ledger.list_orders(limit=2, offset=1)
    assert (total, [one.order_id for one in page]) == (5, [ids[3], ids[2]])
    assert page[0] == ledger.order(ids[3])
    assert [len(one.lines[1].needs) for one in page] == [2, 2]
    total, every = ledger.list_orders(limit=None)
    assert (total, [one.order_id for one in every]) == (5, ids[::-1])
    clock.move(HOLD)
    total, page = ledger.list_orders(["held"], limit=10)
    assert (total, page) == (0, [])
    total, page = ledger.list_orders(["confirmed", "expired"], limit=10)
    assert total == 5
    assert sum(one.state == "expired" for one in page) == 4


def test_what_is_committed_is_listed_by_resource_and_day(ledger: Ledger) -> None:
    ledger.hold(units(3), request=key("held"))
    assert ledger.committed() == []
    held = ledger.hold(units(4), request=key("other"))
    ledger.confirm(held.order_id, version=1, request=key("c"))
    [row] = ledger.committed()
    assert (row.resource_id, row.day, row.committed) == ("saw", DAY, 4)
