"""`atelier orders …`: an order's life on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from data.ledger import Ledger, Line, Need, NewOrder, RequestKey, open_ledger
from data.workspace import Workspace
from tests.api.test_cli import answered, refused, run

DAY = date(2026, 3, 2)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Workspace.create(tmp_path / "workspace").root


@pytest.fixture
def ledger(root: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{root / 'atelier.db'}")
    opened.set_capacity([("saw", DAY, 9000)], actor="planner")
    yield opened
    opened.close()


@pytest.fixture
def ask(root: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """What `atelier orders …` answers as JSON."""
    return lambda *words: answered(capsys, "orders", *words, "--workspace", root)


def held(ledger: Ledger, key: str = "k") -> str:
    line = Line(
        style_id="SH001",
        configuration=("blue", "M"),
        quantity=2,
        price="158.00",
        needs=(Need(resource_id="saw", day=DAY, amount=1500),),
    )
    order = NewOrder(
        lines=(line,),
        hold_for=timedelta(days=1),
        currency="EUR",
        customer_id="somebody",
        promised_on=DAY,
    )
    return ledger.hold(order, request=RequestKey(scope="shop", key=key, digest="b")).order_id


def test_an_order_lives_from_hold_to_return(
    ledger: Ledger, ask: Callable[..., dict[str, Any]]
) -> None:
    order_id = held(ledger)
    for step, state in (
        ("confirm", "confirmed"), ("start", "in_production"), ("ship", "shipped"),
    ):  # fmt: skip
        assert ask(step, order_id)["state"] == state
    back = ask("return", order_id, "--reason", "too small", "--version", 4)
    assert (back["state"], back["version"]) == ("returned", 5)
    shown = ask("show", order_id)
    assert (shown["reason"], shown["total"], shown["promised_on"]) == (
        "too small", "158.00", "2026-03-02",
    )  # fmt: skip
    assert shown["shipped_on"] == datetime.now(UTC).date().isoformat()
    assert shown["lines"][0]["needs"] == [
        {"resource_id": "saw", "day": "2026-03-02", "amount": 1.5}
    ]
    assert "somebody" not in str(shown)


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_an_order_is_shipped_on_the_shops_day(
    ledger: Ledger, root: Path, ask: Callable[..., dict[str, Any]], timezone: str
) -> None:
    """At any time one of the two has another day than UTC."""
    (root / "atelier.toml").write_text(f'timezone = "{timezone}"\n')
    order_id = held(ledger)
    for step in ("confirm", "start", "ship"):
        ask(step, order_id)
    today = datetime.now(ZoneInfo(timezone)).date()
    assert ask("show", order_id)["shipped_on"] == today.isoformat()


def test_a_cancelled_order_gives_its_capacity_back(
    ledger: Ledger, ask: Callable[..., dict[str, Any]]
) -> None:
    order_id = held(ledger)
    assert ask("cancel", order_id, "--reason", "changed my mind")["state"] == "cancelled"
    assert ledger.free("saw", [DAY])[0].free == 9000


def test_orders_are_listed_by_state_and_shown_to_people(
    ledger: Ledger,
    root: Path,
    ask: Callable[..., dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second = held(ledger, "a"), held(ledger, "b")
    ask("confirm", second)
    assert ask("list")["total"] == 2
    only = ask("list", "--state", "held")
    assert [one["order_id"] for one in only["orders"]] == [first]
    assert run(capsys, "orders", "list", "--state", "lost", "--workspace", root)[0] == 2
    status, out, _ = run(capsys, "orders", "list", "--workspace", root)
    assert status == 0
    assert "158.00 EUR" in out
    status, out, _ = run(capsys, "orders", "show", first, "--workspace", root)
    assert status == 0
    assert "1.5 of saw on 2026-03-02" in out
    assert "Promised 2026-03-02" in out


def test_a_step_that_cannot_be_says_why(
    ledger: Ledger, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order_id = held(ledger)
    words = ("orders", "ship", order_id, "--workspace", root)
    assert refused(capsys, *words)["code"] == "data.illegal-step"
    stale = ("orders", "confirm", order_id, "--version", 7, "--workspace", root)
    assert refused(capsys, *stale)["code"] == "data.stale-version"
    unknown = ("orders", "show", "nobody", "--workspace", root)
    assert refused(capsys, *unknown)["code"] == "data.unknown-order"
