"""Rows past a limit lose their customer and nothing else, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import retention
from data.erasing import Changed, erase_from_tables, personal_tables, tables_naming_customers
from data.errors import LetterRefused
from data.importing import import_files
from data.ledger import Ledger, Line, NewOrder, open_ledger
from data.retention import (
    IN_STORE,
    IN_TABLES,
    count_past,
    held_orders,
    named_customers,
    newest_row,
    note_tables,
    past_tables,
    take_past,
)
from data.retention_limits import MOST_AHEAD, Kind, Limit, Moment, limit_of
from data.store import LiveEvent, Store
from data.store.dead_letters import letters_of, set_aside
from data.store.served import ServedList, log_list
from data.tables import EVENTS, ORDERS
from data.workspace import Workspace
from tests.data import shop
from tests.data.ledger.shop import Clock, key, line

NOW = datetime(2026, 6, 1, 12)  # noqa: DTZ001  # as rows are dated
CLOCK = Moment(local=NOW, utc=NOW)
KINDS: tuple[Kind, ...] = ("events", "orders", "served")
EVERY: dict[Kind, Limit] = {kind: limit_of(CLOCK, 30, NOW) for kind in KINDS}
LIMIT = NOW - timedelta(days=30)
EARLIER, LATER = LIMIT - timedelta(seconds=1), LIMIT
ALL_OLD = {
    "live_events": Changed(removed=2),
    "dead_letters": Changed(removed=1),
    "ledger_orders": Changed(unnamed=1),
    "served_lists": Changed(removed=1),
}


def put_order(ledger: Ledger, clock: Clock, at: datetime, name: str, *, finished: bool) -> str:
    clock.now = at.replace(tzinfo=UTC)
    new = NewOrder(
        lines=(line(),), hold_for=timedelta(days=1), currency="EUR", customer_id=f"c_{name}"
    )
    order_id = ledger.hold(new, request=key(f"hold {name}")).order_id
    if finished:
        ledger.cancel(order_id, version=1, reason=f"{name} said no", request=key(f"end {name}"))
    else:
        ledger.confirm(order_id, version=1, request=key(f"end {name}"))
    return order_id


def put_rows(store: Store, at: datetime, name: str) -> None:
    for kind in ("view", "order"):
        event = LiveEvent(event_id=f"{name} {kind}", customer_id=f"c_{name}", variant_id="v",
                          kind=kind, value=1.0, at=at)  # fmt: skip
        store.append([event])
    set_aside(store, "nats", name.encode(), LetterRefused("no event"), now=at)
    shown = ServedList(list_id=name, customer_id=f"c_{name}", at=at, model_id="m", policy="ranking",
                       experiment=None, arm=None, variants=["v"], propensities=[1.0],
                       fallback=None)  # fmt: skip
    log_list(store.database, shown)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(url: str, clock: Clock) -> Iterator[Ledger]:
    opened = open_ledger(url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def planted(ledger: Ledger, clock: Clock) -> dict[str, str]:
    """Rows on both sides of the limit, and an old order that is still open."""
    store = Store(ledger.database)
    put_rows(store, EARLIER, "old")
    put_rows(store, LATER, "new")
    orders = {
        "old": put_order(ledger, clock, EARLIER, "old", finished=True),
        "open": put_order(ledger, clock, EARLIER, "open", finished=False),
        "new": put_order(ledger, clock, LATER, "new", finished=True),
    }
    clock.now = NOW.replace(tzinfo=UTC)
    return orders


def test_what_is_past_the_limit_goes_and_nothing_else(
    ledger: Ledger, planted: dict[str, str]
) -> None:
    database, store = ledger.database, Store(ledger.database)
    assert count_past(database, EVERY) == ALL_OLD
    assert take_past(database, EVERY, actor="test", now=NOW.replace(tzinfo=UTC)) == ALL_OLD
    assert store.of_customer("c_old") == []
    assert [one.event_id for one in store.of_customer("c_new")] == ["new order", "new view"]
    assert [one.body for one in letters_of(store)] == [b"new"]
    found = {name: ledger.order(order_id) for name, order_id in planted.items()}
    assert {name: one.reason for name, one in found.items()} == {
        "old": "", "open": "", "new": "new said no"
    }  # fmt: skip
    assert ledger.verify_audit().faults == ()
    assert count_past(database, EVERY) == {}
    assert take_past(database, EVERY, actor="test", now=NOW.replace(tzinfo=UTC)) == {}


def test_an_open_order_goes_once_it_is_finished(
    ledger: Ledger, planted: dict[str, str], tmp_path: Path
) -> None:
    database, empty = ledger.database, Workspace.create(tmp_path / "empty")
    take_past(database, EVERY, actor="test", now=NOW.replace(tzinfo=UTC))
    ledger.cancel(planted["open"], version=2, reason="", request=key("late"))
    assert count_past(database, EVERY) == {}
    later: dict[Kind, Limit] = {"orders": Limit(CLOCK.before(timedelta(seconds=-1)))}
    assert count_past(database, later)["ledger_orders"] == Changed(unnamed=2)  # and the new one
    assert named_customers(empty, database) == {"c_new"}


def test_a_kind_without_a_limit_stays(ledger: Ledger, planted: dict[str, str]) -> None:
    assert planted
    for kind, tables in {
        "events": {"live_events": Changed(removed=1), "dead_letters": Changed(removed=1)},
        "orders": {"live_events": Changed(removed=1), "ledger_orders": Changed(unnamed=1)},
        "served": {"served_lists": Changed(removed=1)},
    }.items():
        some = {one: moment for one, moment in EVERY.items() if one == kind}
        assert count_past(ledger.database, some) == tables


def test_many_rows_go_in_batches_and_a_run_cut_off_is_finished_by_the_next(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_A_BATCH", 3)
    store, now = Store(ledger.database), NOW.replace(tzinfo=UTC)
    events = [LiveEvent(event_id=f"e{number}", customer_id="c_old", variant_id="v", kind="view",
                        value=None, at=EARLIER) for number in range(10)]  # fmt: skip
    store.append(events)
    with monkeypatch.context() as failing:
        failing.setenv("ATELIER_FAILPOINT_ERROR", "batch-taken")
        with pytest.raises(OSError, match="Input/output"):
            take_past(ledger.database, EVERY, actor="test", now=now)
    assert len(store.of_customer("c_old")) == 7
    done = take_past(ledger.database, EVERY, actor="test", now=now)
    assert done == {"live_events": Changed(removed=7)}
    report = ledger.verify_audit()
    assert report.faults == ()
    assert report.records == 4


def test_the_newest_row_is_of_those_that_were_dated_elsewhere(
    ledger: Ledger, planted: dict[str, str], tmp_path: Path
) -> None:
    """Orders and lists that this machine dated say nothing of its clock."""
    assert planted
    workspace = Workspace.create(tmp_path / "empty")
    assert newest_row(workspace, ledger.database) == LATER
    sold = {"order_id": "o", "customer_id": None, "variant_id": "v", "quantity": 1,
            "unit_price": 1.0, "ordered_at": LATER + timedelta(hours=1)}  # fmt: skip
    workspace.write({"orders": pd.DataFrame([sold])})
    assert newest_row(workspace, ledger.database) == LATER + timedelta(hours=1)


def test_where_nothing_came_from_outside_nothing_is_newest(ledger: Ledger, tmp_path: Path) -> None:
    assert newest_row(Workspace.create(tmp_path / "empty"), ledger.database) is None


@given(
    days=st.integers(1, 4_000),
    ahead=st.timedeltas(timedelta(days=-400), timedelta(days=40_000)),
)
def test_a_clock_takes_at_most_what_the_newest_row_vouches_for(days: int, ahead: timedelta) -> None:
    kept = timedelta(days=days)
    seen = NOW - ahead if ahead < timedelta(days=9_000) else NOW - timedelta(days=9_000)
    limit = limit_of(CLOCK, days, seen)
    assert limit.moment.local == limit.moment.utc <= NOW - kept
    assert limit.moment.local <= seen - kept / 2  # the newer half of what was seen stays
    believed = NOW - seen <= min(MOST_AHEAD, kept / 2)
    assert limit.ahead is not believed
    assert (limit.moment.local == NOW - kept) is believed
    assert limit_of(CLOCK, days, None) == Limit(CLOCK.before(kept))


def test_every_table_that_names_customers_has_a_limit(ledger: Ledger) -> None:
    assert {table.name for table in personal_tables()} == set(IN_TABLES)
    with ledger.database.transaction(reads=True) as connection:
        named = {table.name for table in tables_naming_customers(connection)}
    assert named <= {dated.table.name for dated in IN_STORE}


def test_lines_of_an_order_that_is_not_past_its_limit_keep_their_customer(
    ledger: Ledger, planted: dict[str, str], clock: Clock, tmp_path: Path
) -> None:
    """Nor does one that took long to make: it is as old as its last step."""
    clock.now = EARLIER.replace(tzinfo=UTC)
    slow = put_order(ledger, clock, EARLIER, "slow", finished=False)
    clock.now = LATER.replace(tzinfo=UTC)
    ledger.cancel(slow, version=2, reason="", request=key("late"))
    held = held_orders(ledger.database, EVERY)
    assert held == {planted["open"], planted["new"], slow}
    assert held_orders(ledger.database, {"events": EVERY["events"]}) == frozenset()
    workspace = Workspace.create(tmp_path / "joined")
    lines = [
        {"order_id": order_id, "customer_id": f"c_{name}", "variant_id": "v", "quantity": 1,
         "unit_price": 1.0, "ordered_at": EARLIER}
        for name, order_id in {**planted, "slow": slow, "imported": "o1"}.items()
    ]  # fmt: skip
    workspace.write({"orders": pd.DataFrame(lines)})
    frame, changed = past_tables(workspace, EVERY, held)["orders"]
    assert changed == Changed(unnamed=2)
    assert set(frame["customer_id"].dropna()) == {"c_open", "c_new", "c_slow"}


def test_what_changes_in_the_tables_is_in_the_audit(ledger: Ledger) -> None:
    now = NOW.replace(tzinfo=UTC)
    note_tables(ledger.database, {}, actor="test", now=now)
    assert ledger.verify_audit().records == 0
    note_tables(ledger.database, {"orders": Changed(unnamed=3)}, actor="test", now=now)
    report = ledger.verify_audit()
    assert (report.records, report.faults) == (1, ())


def test_an_export_that_overlaps_brings_no_line_twice(tmp_path: Path) -> None:
    """A line is known again once it has lost its customer; a like one of another day is not."""
    old = ["1,C1,V1,2,9.5,2026-01-05", "1,C1,V2,2,9.5,2026-01-05", "2,C2,V1,1,9.5,2026-01-06"]
    new = ["3,C1,V1,2,9.5,2026-05-20"]
    mapping = shop.mapping(shop.ORDERS, shop.DUPLICATE)
    import_files([shop.put(tmp_path, "orders1.csv", shop.HEADER, *old, *new)], mapping,
                 tmp_path / "w")  # fmt: skip
    workspace = Workspace.open(tmp_path / "w")
    [(kept, changed)] = past_tables(workspace, EVERY).values()
    assert changed == Changed(unnamed=3)
    workspace.write({"orders": kept})
    more = ["1,C9,V1,2,9.5,2026-01-07", "4,C2,V1,1,9.5,2026-05-21"]
    import_files([shop.put(tmp_path, "orders2.csv", shop.HEADER, *old, *new, *more)], mapping,
                 tmp_path / "w")  # fmt: skip
    after = workspace.read(ORDERS)
    names = workspace.pseudonyms()
    assert len(after) == 6
    assert set(after["customer_id"].dropna()) == {names.of(one) for one in ("C1", "C2", "C9")}
    erase_from_tables(workspace, names.of("C2"))
    third = shop.put(tmp_path, "orders3.csv", shop.HEADER, *new, *more)
    import_files([third], mapping, tmp_path / "w")
    assert len(workspace.read(ORDERS)) == 6
    assert names.of("C2") not in set(workspace.read(ORDERS)["customer_id"].dropna())


days = st.integers(-40, 40)


@settings(max_examples=30, deadline=None)
@given(
    orders=st.lists(st.tuples(days, st.sampled_from(["a", "b", None])), min_size=1, max_size=12),
    events=st.lists(st.tuples(days, st.sampled_from(["a", "b"])), min_size=1, max_size=12),
)
def test_demand_is_the_same_before_and_after(
    orders: list[tuple[int, str | None]], events: list[tuple[int, str]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        workspace = Workspace.create(Path(name) / "workspace")
        sold = pd.DataFrame(
            [
                {"order_id": f"o{place}", "customer_id": who, "variant_id": "v", "quantity": 1,
                 "unit_price": 1.0, "ordered_at": LIMIT + timedelta(days=day)}
                for place, (day, who) in enumerate(orders)
            ]
        )  # fmt: skip
        seen = pd.DataFrame(
            [
                {"customer_id": who, "variant_id": "v", "kind": "view", "value": 1.0,
                 "at": LIMIT + timedelta(days=day)}
                for day, who in events
            ]
        )  # fmt: skip
        workspace.write({"orders": sold, "events": seen})
        found = past_tables(workspace, EVERY)
        kept = {table: found[table][0] if table in found else workspace.read(one)
                for table, one in (("orders", ORDERS), ("events", EVENTS))}  # fmt: skip
        plain = [column for column in sold if column != "customer_id"]
        pd.testing.assert_frame_equal(kept["orders"][plain], workspace.read(ORDERS)[plain])
        named = [who if day >= 0 else None for day, who in orders]
        assert kept["orders"]["customer_id"].astype(object).where(
            kept["orders"]["customer_id"].notna(), None
        ).tolist() == named  # fmt: skip
        assert len(kept["events"]) == sum(day >= 0 for day, _ in events)
        workspace.write(kept)
        assert past_tables(workspace, EVERY) == {}


def test_what_was_typed_goes_with_the_customer_of_a_finished_order(
    ledger: Ledger, clock: Clock
) -> None:
    said = ("ring", "engraving=for Zoë", "inside=0049301234567", "letters=3")
    typed = Line(style_id="R", configuration=said, quantity=1, price="1")
    clock.now = EARLIER.replace(tzinfo=UTC)
    new = NewOrder(lines=(typed,), hold_for=timedelta(days=1), currency="EUR", customer_id="c_old")
    orders = [ledger.hold(new, request=key(name)).order_id for name in ("made", "open")]
    ledger.cancel(orders[0], version=1, reason="", request=key("end"))
    ledger.confirm(orders[1], version=1, request=key("on"))
    take_past(ledger.database, EVERY, actor="test", now=NOW.replace(tzinfo=UTC),
              numbers=frozenset({("R", "letters")}))  # fmt: skip
    assert [ledger.order(one).lines[0].configuration for one in orders] == [
        ("ring", "engraving", "inside", "letters=3"), typed.configuration
    ]  # fmt: skip
