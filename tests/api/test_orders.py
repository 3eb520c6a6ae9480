"""Quotes, orders and capacity over HTTP: what is promised is held, and nothing is taken twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.service.engine import Engine
from data.workspace import Workspace
from production.configuration.products import FOLDER, add_products
from tests.api.client import Client
from tests.paths import ROOT

FILES = sorted((ROOT / "data" / "sample" / "products").iterdir())
PLAIN = ["M", "plain-collar", "single-cuffs"]
SHIRT = {"style_id": "SH001", "choices": ["white", *PLAIN], "quantity": 1}
FANCY = {"style_id": "SH001", "choices": ["blue", *PLAIN, "monogram", "letters=3"], "quantity": 2}
HOURS = {"cutting": 8_000, "sewing": 4_000, "fabric": 20_000}
TODAY = datetime.now(UTC).date()
KEYS = count()


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


@pytest.fixture
def workspace(workspace: Path) -> Path:
    add_products(Workspace.open(workspace), FILES)
    return workspace


@pytest.fixture
def capacity(engine: Engine) -> None:
    """Every resource of the shirt on each of 60 days."""
    amounts = [(name, day(number), some) for name, some in HOURS.items() for number in range(60)]
    engine.ordering.ledger.set_capacity(amounts, actor="test")


def send(client: Client, url: str, body: Any, *, key: str | None = None) -> httpx.Response:
    named = f"key {next(KEYS)}" if key is None else key
    return client.post(url, json=body, headers={"Idempotency-Key": named})


def done(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.text
    found: dict[str, Any] = response.json()
    return found


def refused(response: httpx.Response, status: int, code: str, *words: str) -> None:
    assert response.status_code == status, response.text
    problem = response.json()
    assert problem["code"] == code
    for word in words:
        assert word in problem["detail"] + problem["where"] + problem["do"] + str(
            problem.get("errors", "")
        )


def quoted(client: Client, *lines: dict[str, Any]) -> dict[str, Any]:
    return done(client.post("/v1/quotes", json={"lines": lines}), 201)


def taken(client: Client) -> dict[str, tuple[float, float]]:
    """Held and committed of each resource, over all days."""
    found: dict[str, tuple[float, float]] = {}
    for row in done(client.get("/v1/capacity?days=60"))["capacity"]:
        held, committed = found.get(row["resource_id"], (0.0, 0.0))
        assert row["free"] + row["held"] + row["committed"] == pytest.approx(row["amount"])
        found[row["resource_id"]] = held + row["held"], committed + row["committed"]
    return found


@pytest.mark.usefixtures("capacity")
class TestQuotes:
    def test_a_quote_is_itemised_and_promises_a_day(self, client: Client) -> None:
        found = quoted(client, SHIRT, FANCY)
        assert found["currency"] == "EUR"
        totals = [Decimal(line["price"]["total"]) for line in found["lines"]]
        items = [
            sum(Decimal(item["amount"]) for item in line["price"]["items"])
            for line in found["lines"]
        ]
        assert totals == items
        assert sum(totals) == Decimal(found["total"])
        assert [line["lead_time_days"] for line in found["lines"]] == [7, 10]
        assert found["promised_on"] == day(10).isoformat()
        assert found["waits_for"] is None
        assert found["reliability"] is None
        assert set(taken(client).values()) == {(0.0, 0.0)}

    def test_what_would_be_sooner_is_offered(self, client: Client) -> None:
        [without] = quoted(client, FANCY)["alternatives"]
        assert (without["without"], without["days_sooner"]) == ("monogram", 3)
        assert without["promised_on"] == day(7).isoformat()
        assert Decimal(without["total"]) == Decimal("158.00")

    def test_scarce_capacity_sets_the_day_and_fewer_units_are_sooner(self, client: Client) -> None:
        found = quoted(client, {**SHIRT, "quantity": 60})
        assert found["waits_for"] == "sewing"
        assert found["promised_on"] == day(11).isoformat()  # 1.07 + 60 x .757 h at 4 h a day
        [fewer] = found["alternatives"]
        assert fewer["promised_on"] == day(7).isoformat()
        assert fewer["without"] is None
        assert 35 < fewer["quantity"] < 42

    def test_a_promise_may_lie_far_ahead(self, client: Client) -> None:
        found = quoted(client, {**SHIRT, "quantity": 250})
        assert found["promised_on"] == day(47).isoformat()  # 190.32 h at 4 h a day

    @pytest.mark.parametrize(
        ("line", "code", "word"),
        [
            ({"choices": ["white", *PLAIN, "pockets"]}, "production.bad-choice", "pockets"),
            ({"choices": ["white", *PLAIN, "!M"]}, "production.bad-choice", "M"),
            ({"choices": ["double-cuffs", "horn-buttons", "M"]}, "production.quote", "Withdraw"),
            ({"choices": ["white"]}, "production.quote", "lines.0.choices"),
            ({"quantity": 0}, "api.invalid", "body.lines.0.quantity"),
            ({"quantity": 10**9}, "api.invalid", "body.lines.0.quantity"),
        ],
    )
    def test_what_cannot_be_made_is_not_quoted(
        self, client: Client, line: dict[str, Any], code: str, word: str
    ) -> None:
        refused(client.post("/v1/quotes", json={"lines": [SHIRT | line]}), 422, code, word)

    def test_an_unknown_product_is_named(self, client: Client) -> None:
        response = client.post("/v1/quotes", json={"lines": [SHIRT | {"style_id": "SH002"}]})
        refused(response, 404, "production.unknown-product", "SH002")

    def test_a_price_rule_that_goes_negative_is_named(
        self, client: Client, workspace: Path
    ) -> None:
        options = workspace / FOLDER / "SH001.toml"
        cheaper = options.read_text().replace("price = 79.00", "price = 0.50")
        options.write_text(
            cheaper.replace("[options.long-fit]\nprice = 6.00", "[options.long-fit]\nprice = -6.00")
        )
        response = client.post(
            "/v1/quotes", json={"lines": [SHIRT | {"choices": ["white", *PLAIN, "long-fit"]}]}
        )
        refused(response, 422, "production.price-refused", "long-fit")

    def test_more_than_there_will_be_is_refused_by_the_resource(self, client: Client) -> None:
        response = client.post("/v1/quotes", json={"lines": [SHIRT | {"quantity": 10_000}]})
        refused(response, 409, "production.no-promise", "is free up to")


def test_a_style_without_capacity_data_is_not_promised(client: Client) -> None:
    response = client.post("/v1/quotes", json={"lines": [SHIRT]})
    refused(response, 409, "production.no-promise", "cutting", "State its capacity")


@pytest.mark.usefixtures("capacity")
class TestOrders:
    def test_an_order_lives_from_quote_to_return(self, client: Client, engine: Engine) -> None:
        offer = quoted(client, FANCY)
        held = done(send(client, "/v1/orders", {"quote_id": offer["quote_id"]}), 201)
        assert (held["state"], held["version"], held["replayed"]) == ("held", 1, False)
        url = f"/v1/orders/{held['order_id']}"
        order = done(client.get(url))
        assert (order["total"], order["promised_on"]) == (offer["total"], offer["promised_on"])
        assert order["lines"][0]["choices"] == FANCY["choices"]
        needs = taken(client)
        assert needs["sewing"][0] > 0
        for step, state in (
            ("confirm", "confirmed"),
            ("start", "in_production"),
            ("ship", "shipped"),
        ):
            held = done(send(client, f"{url}/{step}", {"version": held["version"]}))
            assert held["state"] == state
        assert taken(client) == {name: (0.0, held) for name, (held, _) in needs.items()}
        body = {"version": held["version"], "reason": "too small"}
        assert done(send(client, f"{url}/return", body))["state"] == "returned"
        order = done(client.get(url))
        assert (order["reason"], order["shipped_on"]) == ("too small", TODAY.isoformat())
        engine.ordering._reliability = None  # it is read once a minute
        assert quoted(client, SHIRT)["reliability"] == {
            "kept": 0.75,
            "based_on": 1,
            "days_late": -10,
        }

    def test_lines_are_quoted_and_held_in_one(self, client: Client) -> None:
        held = done(send(client, "/v1/orders", {"lines": [SHIRT, FANCY], "hold_minutes": 60}), 201)
        ends = datetime.fromisoformat(held["expires_at"])
        assert timedelta(minutes=59) < ends - datetime.now(UTC) <= timedelta(minutes=60)
        order = done(client.get(f"/v1/orders/{held['order_id']}"))
        assert len(order["lines"]) == 2

    def test_a_request_sent_again_gets_its_answer_and_takes_nothing(self, client: Client) -> None:
        offer = quoted(client, SHIRT)
        body = {"quote_id": offer["quote_id"]}
        first = done(send(client, "/v1/orders", body, key="one"), 201)
        before = taken(client)
        again = done(send(client, "/v1/orders", body, key="one"), 201)
        assert again == first | {"replayed": True}
        assert taken(client) == before
        other = {"quote_id": offer["quote_id"], "hold_minutes": 5}
        refused(send(client, "/v1/orders", other, key="one"), 409, "data.key-reused")

    def test_it_gets_its_answer_after_the_quote_has_ended_too(
        self, client: Client, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = {"quote_id": quoted(client, SHIRT)["quote_id"]}
        first = done(send(client, "/v1/orders", body, key="one"), 201)
        later = datetime.now(UTC) + timedelta(days=1)
        monkeypatch.setattr(engine.ordering, "clock", lambda: later)
        assert (
            done(send(client, "/v1/orders", body, key="one"), 201)["order_id"] == first["order_id"]
        )
        refused(send(client, "/v1/orders", body), 404, "data.unknown-quote", "anew")

    def test_a_step_of_another_version_or_out_of_turn_is_refused(self, client: Client) -> None:
        held = done(send(client, "/v1/orders", {"lines": [SHIRT]}), 201)
        url = f"/v1/orders/{held['order_id']}"
        refused(send(client, f"{url}/confirm", {"version": 2}), 409, "data.stale-version")
        refused(send(client, f"{url}/ship", {"version": 1}), 409, "data.illegal-step", "confirm")
        done(send(client, f"{url}/cancel", {"version": 1}))
        assert set(taken(client).values()) == {(0.0, 0.0)}
        refused(send(client, f"{url}/cancel", {"version": 2}), 409, "data.illegal-step")
        assert set(taken(client).values()) == {(0.0, 0.0)}

    def test_a_hold_past_its_time_cannot_be_confirmed(
        self, client: Client, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = done(send(client, "/v1/orders", {"lines": [SHIRT], "hold_minutes": 1}), 201)
        later = datetime.now(UTC) + timedelta(minutes=2)
        ledger = engine.ordering.ledger
        object.__setattr__(ledger, "clock", lambda: later)
        url = f"/v1/orders/{held['order_id']}"
        refused(send(client, f"{url}/confirm", {"version": 1}), 409, "data.illegal-step", "expired")
        assert done(client.get(url))["state"] == "expired"

    @pytest.mark.parametrize(
        ("body", "word"),
        [
            ({}, "either quote_id or lines"),
            ({"lines": [SHIRT], "quote_id": "x"}, "either quote_id or lines"),
            ({"lines": [SHIRT], "hold_minutes": 43_201}, "hold_minutes"),
            ({"lines": [SHIRT], "hold_minutes": 0}, "hold_minutes"),
            ({"lines": []}, "lines"),
            ({"lines": [SHIRT], "extra": 1}, "extra"),
        ],
    )
    def test_what_says_nothing_that_can_be_held_reserves_nothing(
        self, client: Client, body: dict[str, Any], word: str
    ) -> None:
        refused(send(client, "/v1/orders", body), 422, "api.invalid", word)
        assert set(taken(client).values()) == {(0.0, 0.0)}

    @pytest.mark.parametrize("key", ["", " ", "x" * 201])
    def test_a_key_that_is_none_is_refused(self, client: Client, key: str) -> None:
        refused(send(client, "/v1/orders", {"lines": [SHIRT]}, key=key), 422, "api.invalid", "Key")

    def test_a_request_without_a_key_is_refused(self, client: Client) -> None:
        response = client.post("/v1/orders", json={"lines": [SHIRT]})
        refused(response, 422, "api.invalid", "Idempotency-Key")

    def test_an_unknown_order_is_a_404(self, client: Client) -> None:
        refused(client.get("/v1/orders/nobody"), 404, "data.unknown-order")
        response = send(client, "/v1/orders/nobody/confirm", {"version": 1})
        refused(response, 404, "data.unknown-order")


class TestScarce:
    """Gate 1, in the process: many at once for the last hours."""

    @pytest.fixture
    def hours(self, engine: Engine) -> None:
        """Sewing for five shirts, over three days."""
        plenty = [(name, day(0), 10**9) for name in ("cutting", "fabric")]
        scarce = [
            ("sewing", day(number), some) for number, some in ((0, 4_000), (3, 135), (6, 5_000))
        ]
        engine.ordering.ledger.set_capacity([*plenty, *scarce], actor="test")

    @pytest.mark.usefixtures("hours")
    def test_all_of_it_is_used_and_nothing_sold_twice(self, client: Client, engine: Engine) -> None:
        offer = quoted(client, SHIRT)  # 1.827 h of sewing: five times 1.827 = 9.135

        def order(number: int) -> int:
            body = {"quote_id": offer["quote_id"]}
            return send(client, "/v1/orders", body, key=f"scarce {number}").status_code

        with ThreadPoolExecutor(8) as clients:
            statuses = list(clients.map(order, range(24)))
        assert sorted(statuses) == [201] * 5 + [409] * 19
        assert taken(client)["sewing"] == (9.135, 0.0)
        assert engine.ordering.ledger.miscounted() == []

    @pytest.mark.usefixtures("hours")
    def test_a_promise_that_is_gone_asks_for_a_new_quote(self, client: Client) -> None:
        offer = quoted(client, {**SHIRT, "quantity": 3})
        assert offer["promised_on"] == day(7).isoformat()
        done(send(client, "/v1/orders", {"lines": [{**SHIRT, "quantity": 9}]}), 201)
        response = send(client, "/v1/orders", {"quote_id": offer["quote_id"]})
        refused(response, 409, "data.out-of-capacity", "cannot be kept", "new quote")


def test_scarcity_is_an_item_of_its_own(app: FastAPI, engine: Engine, client: Client) -> None:
    amounts = [(name, day(number), some) for name, some in HOURS.items() for number in range(60)]
    engine.ordering.ledger.set_capacity(amounts, actor="test")
    plain = quoted(client, SHIRT)
    engine.ordering._scarcity._share = Decimal(1)
    engine.ordering._scarcity._held = ("", {})
    engine.ordering._scarcity.prices = lambda: {"sewing": Decimal("2.5")}  # type: ignore[method-assign]
    dear = quoted(client, SHIRT)
    [item] = [
        one for one in dear["lines"][0]["price"]["items"] if one["what"] == "capacity: sewing"
    ]
    assert item["amount"] == "4.57"  # 1.827 h at 2.50
    assert Decimal(dear["total"]) == Decimal(plain["total"]) + Decimal("4.57")
