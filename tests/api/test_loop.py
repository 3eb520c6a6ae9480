"""Custom orders in the loop: demand, preferences, capacity that is taken, and returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, event, insert

from api.loop import CHANNEL, Joined, join_orders, taken_by_orders
from api.settings import load_settings
from api.work import plan_and_save
from data.ledger import Ledger, Line, Need, NewOrder, RequestKey, open_ledger
from data.ledger.schema import lines, orders
from data.tables import CONFIGURATIONS, ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.training import learnable
from tests.api.test_cli import answered
from tests.production.small_market import simple_forecast, small_market

LAST_WEEK = datetime(2024, 7, 24, 10, 0, tzinfo=UTC)
"""Within the small market's orders, which end on 2024-07-28."""

WORK = date(2024, 7, 31)
"""In the first week of its plan."""


@dataclass
class Desk:
    """Takes orders through the ledger, at whatever time it is."""

    ledger: Ledger
    moment: datetime = LAST_WEEK
    keys: Iterator[int] = field(default_factory=count)

    def key(self) -> RequestKey:
        return RequestKey(scope="shop", key=str(next(self.keys)), digest="body")

    def order(self, *choices: str, style: str = "A", quantity: int = 2) -> str:
        line = Line(
            style_id=style,
            configuration=choices,
            quantity=quantity,
            price="31.00",
            needs=(Need(resource_id="sewing", day=WORK, amount=quantity * 500),),
        )
        new = NewOrder(
            lines=(line,), hold_for=timedelta(hours=1), currency="EUR", customer_id="c001"
        )
        order_id = self.ledger.hold(new, request=self.key()).order_id
        self.ledger.confirm(order_id, version=1, request=self.key())
        return order_id

    def send_back(self, order_id: str, reason: str) -> None:
        self.ledger.start(order_id, version=2, request=self.key())
        self.ledger.ship(order_id, version=3, request=self.key())
        self.ledger.return_(order_id, version=4, reason=reason, request=self.key())


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    workspace = small_market(tmp_path / "workspace")
    variants = workspace.read(VARIANTS)
    workspace.write({"variants": variants.assign(colour=variants["variant_id"].str[2:])})
    return workspace


@pytest.fixture
def desk(shop: Workspace) -> Iterator[Desk]:
    found: list[Desk] = []
    ledger = open_ledger(
        load_settings(shop.root).store_url(shop.root), clock=lambda: found[0].moment
    )
    found.append(Desk(ledger))
    ledger.set_capacity([("sewing", WORK, 20_000)], actor="planner")
    yield found[0]
    ledger.close()


def write_orders(ledger: Ledger, many: int) -> None:
    """Confirmed orders as the store holds them, faster than one after the other is held."""
    at = LAST_WEEK.replace(tzinfo=None)
    heads = [
        {"order_id": f"{number:032x}", "customer_id": None, "state": "confirmed", "version": 2,
         "currency": "EUR", "made_at": at - timedelta(minutes=number), "changed_at": at,
         "expires_at": at, "reason": ""}
        for number in range(1, many + 1)
    ]  # fmt: skip
    ordered = [
        {"order_id": head["order_id"], "line": 1, "variant_id": "A-blue", "configuration": "[]",
         "quantity": 1, "price": "9.00"}
        for head in heads
    ]  # fmt: skip
    with ledger.database.transaction() as connection:
        connection.execute(insert(orders), heads)
        connection.execute(insert(lines), ordered)


def join(shop: Workspace, **settings: str) -> Joined:
    return join_orders(shop, load_settings(shop.root, **settings))


def custom(shop: Workspace) -> pd.DataFrame:
    lines = shop.read(ORDERS)
    return lines[lines["channel"] == CHANNEL]


def test_confirmed_orders_become_lines_of_the_nearest_variant_once(
    shop: Workspace, desk: Desk
) -> None:
    before = shop.read(ORDERS)
    order_id = desk.order("blue", "monogram")
    desk.ledger.hold(
        NewOrder(
            lines=(Line(style_id="A", quantity=1, price="1"),),
            hold_for=timedelta(hours=1),
            currency="EUR",
        ),
        request=desk.key(),
    )  # nobody has committed to it
    assert join(shop) == Joined(1, 0, changed=True)
    [row] = custom(shop).to_dict("records")
    assert (row["order_id"], row["variant_id"], row["customer_id"]) == (order_id, "A-blue", "c001")
    assert (row["quantity"], row["unit_price"]) == (2, 15.5)
    assert row["ordered_at"] == pd.Timestamp("2024-07-24 10:00")
    assert len(shop.read(ORDERS)) == len(before) + 1
    digest = shop.digest()
    assert join(shop) == Joined(1, 0, changed=False)
    assert shop.digest() == digest


def test_a_cancelled_order_leaves_the_table_again(shop: Workspace, desk: Desk) -> None:
    order_id = desk.order("blue")
    join(shop)
    desk.ledger.cancel(order_id, version=2, request=desk.key())
    assert join(shop) == Joined(0, 0, changed=True)
    assert custom(shop).empty


def test_orders_wait_until_the_tables_reach_their_day(shop: Workspace, desk: Desk) -> None:
    desk.moment = datetime(2024, 9, 1, tzinfo=UTC)
    desk.order("blue")
    assert join(shop) == Joined(0, 1, changed=True)  # what was chosen does not wait
    assert join(shop) == Joined(0, 1, changed=False)
    assert join(shop, custom_orders="at_once") == Joined(1, 0, changed=True)


def test_what_was_chosen_is_learned_from_until_the_order_is_cancelled(
    shop: Workspace, desk: Desk
) -> None:
    order_id = desk.order("blue", "monogram", "letters=3", "!gift-box")
    join(shop)
    table = shop.read(CONFIGURATIONS)
    assert table["option"].tolist() == ["blue", "letters", "monogram"]
    assert table["value"].fillna("").tolist() == ["", "3", ""]
    assert set(table["configuration_id"]) == {f"{order_id}-1"}
    assert set(table["order_id"]) == {order_id}
    assert set(table["style_id"]) == {"A"}
    assert set(table["quantity"]) == {2}
    desk.ledger.cancel(order_id, version=2, request=desk.key())
    assert join(shop).changed
    assert shop.read(CONFIGURATIONS).empty


def test_an_order_that_is_confirmed_while_orders_are_read_moves_no_other(
    shop: Workspace, desk: Desk
) -> None:
    """A page that begins where the last one ended has shifted by then."""
    many = 501
    write_orders(desk.ledger, many)
    once = iter(["blue"])

    @event.listens_for(Engine, "after_cursor_execute")
    def between(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "FROM ledger_lines" in statement:
            for colour in once:
                desk.order(colour)

    try:
        assert join(shop).lines == many
    finally:
        event.remove(Engine, "after_cursor_execute", between)
    assert next(once, None) is None
    assert custom(shop)["order_id"].nunique() == many
    assert join(shop).lines == many + 1


def test_a_return_lowers_the_preference_where_it_speaks_of_taste(
    shop: Workspace, desk: Desk
) -> None:
    disliked, late = desk.order("blue"), desk.order("grey", style="B")
    desk.moment += timedelta(days=1)
    desk.send_back(disliked, "Too  SMALL.")
    desk.send_back(late, "arrived late")
    assert join(shop) == Joined(4, 0, changed=True)
    back = custom(shop)[custom(shop)["quantity"] < 0]
    assert dict(zip(back["variant_id"], back["reason"], strict=True)) == {
        "A-blue": "too small",
        "B-grey": "arrived late",
    }
    assert set(back["ordered_at"]) == {pd.Timestamp("2024-07-25 10:00")}
    found, _ = learnable(shop, None)
    moment = (pd.Timestamp(found.as_of) - pd.Timestamp("2024-07-24 10:00")) / pd.Timedelta(days=1)
    then = np.isclose(found.age, moment, atol=1e-4)
    who = found.customers[found.customer] == "c001"
    assert found.variants[found.variant[then & who]].tolist() == ["B-grey"]


def test_the_next_plan_has_the_capacity_that_orders_leave(shop: Workspace, desk: Desk) -> None:
    desk.order("blue", quantity=10)
    settings = load_settings(shop.root)
    taken = taken_by_orders(shop, settings)
    assert taken is not None
    assert taken["amount"].tolist() == [5.0]
    plan = plan_and_save(shop, settings, forecast=simple_forecast(shop))
    sewing = next(one for one in plan.resources if one.resource_id == "sewing")
    assert sewing.capacity == 115.0


def test_a_workspace_without_orders_joins_nothing(
    shop: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert taken_by_orders(shop, load_settings(shop.root)) is None
    digest = shop.digest()
    told = answered(capsys, "orders", "join", "--workspace", shop.root)
    assert told == {"lines": 0, "waiting": 0, "changed": False}
    assert shop.digest() == digest
    assert not (shop.root / "atelier.db").exists()


def test_the_tables_of_a_shop_without_imports_are_its_orders(tmp_path: Path) -> None:
    bare = Workspace.create(tmp_path / "bare")
    ledger = open_ledger(f"sqlite:///{bare.root / 'atelier.db'}")
    line = Line(style_id="A", quantity=3, price="9.99")
    new = NewOrder(lines=(line,), hold_for=timedelta(hours=1), currency="EUR")
    held = ledger.hold(new, request=RequestKey(scope="shop", key="a", digest="b"))
    ledger.confirm(held.order_id, version=1, request=RequestKey(scope="shop", key="c", digest="b"))
    ledger.close()
    assert join(bare) == Joined(1, 0, changed=True)
    assert bare.read(ORDERS)["variant_id"].tolist() == ["A"]


def test_a_table_of_no_configurations_is_none(shop: Workspace, desk: Desk) -> None:
    shop.write({CONFIGURATIONS.name: pd.DataFrame(columns=list(CONFIGURATIONS.names), dtype=float)})
    assert join(shop) == Joined(0, 0, changed=False)
    desk.order("blue")
    join(shop)
    assert shop.read(CONFIGURATIONS)["option"].tolist() == ["blue"]
