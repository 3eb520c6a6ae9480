"""What may be asked of lists over HTTP: rules, styles, regions, on a real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from api.errors import ApiError
from api.lists import rules_file
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.settings import load_settings
from api.work import train_and_save
from data.tables import LOTS, ORDERS, VARIANTS
from data.workspace import Workspace
from tests.api.client import Client
from tests.api.test_cli import run
from tests.api.test_service import customer, event, listed, problem, send, variants

__all__ = ["customer", "variants"]  # fixtures


def whole(client: Client, url: str, **query: object) -> dict[str, Any]:
    answer = client.get(url, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def asked(client: Client, **body: object) -> dict[str, Any]:
    answer = client.post("/v1/recommendations", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def styles(found: dict[str, Any]) -> list[str]:
    return [one["style_id"] for one in found["recommendations"]]


C = {"customer_id": "c"}
BOOST = {"amount": 1, "style_id": "x"}
LATE = pd.Timestamp("2026-01-01")


class TestRules:
    def test_a_list_has_one_variant_of_a_style_unless_asked(
        self, client: Client, customer: str, variants: list[str]
    ) -> None:
        url = f"/v1/customers/{customer}/recommendations"
        for where in (url, "/v1/customers/nobody/recommendations"):
            each = styles(whole(client, where, k=100))
            assert len(set(each)) == len(each) == 5
        assert styles(whole(client, url, k=100, collapse="style")) == styles(
            whole(client, url, k=100)
        )
        assert len(styles(whole(client, url, k=100, collapse="none"))) > 5
        two = styles(whole(client, url, k=100, per_style=2))
        assert max(two.count(style) for style in two) == 2
        similar = styles(whole(client, f"/v1/variants/{variants[0]}/similar", k=100))
        assert len(set(similar)) == len(similar)
        basket = styles(asked(client, variant_ids=variants[:1], k=100))
        assert len(set(basket)) == len(basket)

    def test_a_query_says_what_may_be_shown(
        self, client: Client, engine: Engine, customer: str
    ) -> None:
        catalogue = engine.snapshot().recommender.catalogue
        size, colour = catalogue.attributes["size"][0], catalogue.attributes["colour"][0]
        found = listed(
            client,
            customer,
            collapse="none",
            k=100,
            attribute=[f"size={size}", f"colour={colour}"],
            min_price=1,
            max_price=1000,
        )
        assert found
        for variant in found:
            place = catalogue.position(variant)
            assert catalogue.attributes["size"][place] == size
            assert catalogue.attributes["colour"][place] == colour

    def test_a_variant_out_of_stock_can_be_left_out(
        self, client: Client, engine: Engine, customer: str, variants: list[str]
    ) -> None:
        first = listed(client, customer, k=1)[0]
        lots = engine.workspace.read(LOTS)
        gone = lots["variant_id"] == first
        engine.workspace.write({"lots": lots.assign(on_hand=lots["on_hand"].where(~gone, 0))})
        assert first in listed(client, customer, k=100, collapse="none")
        assert first not in listed(client, customer, k=100, collapse="none", in_stock=True)
        # the table is read again once it has changed
        engine.workspace.write({"lots": lots.assign(on_hand=lots["on_hand"].where(~gone, 9))})
        assert first in listed(client, customer, k=100, collapse="none", in_stock=True)

    def test_without_a_stock_table_in_stock_is_refused(
        self, client: Client, engine: Engine, customer: str
    ) -> None:
        engine.workspace.path(LOTS).unlink()
        url = f"/v1/customers/{customer}/recommendations?in_stock=true"
        assert problem(client.get(url), 422, "api.invalid")["where"] == "query.in_stock"

    def test_an_unknown_customer_of_a_region_is_shown_what_is_popular_there(
        self, client: Client, engine: Engine
    ) -> None:
        region = str(engine.workspace.read(ORDERS)["region"].dropna().iloc[0])
        found = whole(client, "/v1/customers/nobody/recommendations", region=region, k=3)
        assert found["fallback"] == "popular_in_region"
        assert region in found["recommendations"][0]["reasons"][0]["sentence"]
        moon = whole(client, "/v1/customers/nobody/recommendations", region="the moon", k=3)
        assert moon["fallback"] == "popular"

    def test_a_body_says_all_rules(
        self, client: Client, customer: str, variants: list[str]
    ) -> None:
        plain = asked(client, customer_id=customer, k=3)
        assert plain["customer_id"] == customer
        assert (
            plain["recommendations"]
            == whole(client, f"/v1/customers/{customer}/recommendations", k=3)["recommendations"]
        )
        last = asked(client, customer_id=customer, k=100)["recommendations"][-1]
        boost = {"style_id": last["style_id"], "amount": 50.0, "until": "2199-12-31"}
        rules: dict[str, object] = {"boosts": [boost], "deny": variants[:1], "per_style": 1}
        first = asked(client, customer_id=customer, k=3, rules=rules)["recommendations"][0]
        assert first["style_id"] == last["style_id"]
        assert first["reasons"][0]["kind"] == "promoted"
        by_bonus = asked(
            client, customer_id=customer, k=1, rules={"bonus": {last["variant_id"]: 50}}
        )
        assert by_bonus["recommendations"][0]["reasons"][0]["kind"] == "preferred"
        allowed = asked(client, customer_id=customer, k=9, rules={"allow": variants[:2]})
        assert {one["variant_id"] for one in allowed["recommendations"]} <= set(variants[:2])

    def test_a_boost_that_has_ended_does_nothing_and_is_noted(
        self, client: Client, customer: str
    ) -> None:
        last = asked(client, customer_id=customer, k=100)["recommendations"][-1]
        boost = {"style_id": last["style_id"], "amount": 50.0, "until": "2020-12-31"}
        found = asked(client, customer_id=customer, k=3, rules={"boosts": [boost]})
        assert (
            found["recommendations"] == asked(client, customer_id=customer, k=3)["recommendations"]
        )
        assert found["notes"] == [
            {"code": "boost.ended", "text": "Boost number 1 ended on 2020-12-31."}
        ]

    def test_what_lies_in_the_basket_may_be_shown_if_asked(
        self, client: Client, variants: list[str]
    ) -> None:
        body: dict[str, object] = {"variant_ids": variants[:1], "k": 100}
        body["rules"] = {"collapse": "none"}
        shown = [
            variants[0]
            in [one["variant_id"] for one in asked(client, **body, **more)["recommendations"]]
            for more in ({}, {"exclude_seen": True}, {"exclude_seen": False})
        ]
        assert shown == [False, False, True]

    def test_an_empty_list_says_which_rule_emptied_it(self, client: Client, customer: str) -> None:
        found = whole(client, f"/v1/customers/{customer}/recommendations", max_price=0)
        assert found["recommendations"] == []
        assert found["notes"][0]["code"] == "empty.max_price"

    @pytest.mark.parametrize(
        ("body", "code", "where"),
        [
            ({}, "api.invalid", "body"),
            ({"customer_id": "c", "variant_ids": ["v"]}, "api.invalid", "body"),
            ({"customer_id": None}, "api.invalid", "body"),
            ({**C, "rules": {"colour": "blue"}}, "api.invalid", "body.rules.colour"),
            ({**C, "rules": None}, "api.invalid", "body.rules"),
            (
                {**C, "rules": {"per_style": 0}},
                "api.invalid",
                "body.rules.per_style",
            ),
            (
                {**C, "rules": {"per_style": 2, "collapse": "style"}},
                "api.invalid",
                "body.rules.per_style",
            ),
            (
                {**C, "rules": {"min_price": 3, "max_price": 2}},
                "recsys.bad-rules",
                "body.rules.min_price",
            ),
            (
                {**C, "rules": {"allow": ["no-such"]}},
                "recsys.bad-rules",
                "body.rules.allow.0",
            ),
            (
                {**C, "rules": {"attributes": {"color": ["blue"]}}},
                "recsys.bad-rules",
                "body.rules.attributes.color",
            ),
            (
                {**C, "rules": {"boosts": [BOOST, {"amount": 1}]}},
                "api.invalid",
                "body.rules.boosts.1",
            ),
            (
                {**C, "rules": {"boosts": [BOOST, BOOST | {"variant_id": "x"}]}},
                "api.invalid",
                "body.rules.boosts.1",
            ),
            (
                {**C, "rules": {"boosts": [BOOST | {"amount": 101}]}},
                "api.invalid",
                "body.rules.boosts.0.amount",
            ),
            (
                {**C, "rules": {"boosts": [{"amount": 1, "style_id": "no-such"}]}},
                "recsys.bad-rules",
                "body.rules.boosts.0.style_id",
            ),
            (
                {**C, "rules": {"bonus": {"x": "1"}}},
                "api.invalid",
                "body.rules.bonus.x",
            ),
            (
                {**C, "rules": {"deny": ["x"] * 5001}},
                "api.invalid",
                "body.rules.deny",
            ),
            (
                {**C, "rules": {"boosts": [BOOST] * 101}},
                "api.invalid",
                "body.rules.boosts",
            ),
        ],
        ids=str,
    )
    def test_a_rule_at_fault_is_named(
        self, client: Client, body: dict[str, object], code: str, where: str
    ) -> None:
        found = problem(client.post("/v1/recommendations", json=body), 422, code)
        assert str(found["where"]).startswith(where)

    @pytest.mark.parametrize(
        ("query", "where"),
        [
            ("collapse=yes", "query.collapse"),
            ("collapse=style&collapse=none", "query"),
            ("collapse=none&per_style=2", "query.per_style"),
            ("per_style=0", "query.per_style"),
            ("per_style=101", "query.per_style"),
            ("min_price=nan", "query.min_price"),
            ("max_price=inf", "query.max_price"),
            ("max_price=-1", "query.max_price"),
            ("min_price=3&max_price=2", "query.min_price"),
            ("attribute=size", "query.attribute.0"),
            ("attribute==M", "query.attribute.0"),
            ("attribute=size=", "query.attribute.0"),
            ("attribute=sise=M", "query.attributes.sise"),
            ("&".join(["attribute=size=M"] * 21), "query.attribute"),
            ("region=", "query.region"),
            ("region=a&region=b", "query"),
            ("in_stock=perhaps", "query.in_stock"),
            ("deny=x", "query"),
        ],
    )
    def test_a_parameter_at_fault_is_named(
        self, client: Client, customer: str, query: str, where: str
    ) -> None:
        answer = client.get(f"/v1/customers/{customer}/recommendations?{query}")
        assert answer.status_code == 422, answer.text
        assert answer.json()["where"] == where

    def test_what_the_catalogue_takes_off_sale_is_so_by_the_shops_clock(
        self, workspace: Path
    ) -> None:
        """The market ends in 2025: whatever is withdrawn after that is gone by now."""
        opened = Workspace.open(workspace)
        table = opened.read(VARIANTS)
        gone = str(table["variant_id"].iloc[0])
        later = table["discontinued_at"].mask(table["variant_id"] == gone, LATE)
        opened.write({"variants": table.assign(discontinued_at=later)})
        settings = load_settings(workspace)
        _, recommender = train_and_save(opened, settings)
        assert gone in {one.variant_id for one in recommender.recommend("c", 100).recommendations}
        with open_engine(workspace, settings) as engine:
            client = Client(create_app(engine))
            assert gone not in listed(client, "c", k=100, collapse="none")


class TestFiles:
    """`atelier recommend --rules FILE` reads what the service takes."""

    @pytest.mark.parametrize(
        ("content", "what", "place"),
        [
            (b"{", "The file is no JSON", ", line 1, column 2"),
            (b"\xff", "The file is no UTF-8", ""),
            (b'{"k": 1, "k": 2}', "same key twice", ""),
            (b'{"boosts": [{"amount": 1}]}', "must have exactly one of", ": boosts.0"),
        ],
    )
    def test_a_fault_is_told_of_the_file(
        self, tmp_path: Path, content: bytes, what: str, place: str
    ) -> None:
        file = tmp_path / "rules.json"
        file.write_bytes(content)
        with pytest.raises(ApiError, match=what) as refused:
            rules_file(file)
        assert refused.value.where == f"{file}{place}"
        assert "docs/api.md" in refused.value.fix

    @pytest.mark.parametrize(
        "words",
        [
            ("c", "--style", "s", "--exclude-seen"),
            ("c", "--style", "s", "--per-style", 2),
            ("c", "--style", "s", "--collapse", "none"),
            ("--similar", "v", "--exclude-seen"),
        ],
    )
    def test_a_flag_that_would_do_nothing_is_refused(
        self, capsys: pytest.CaptureFixture[str], words: tuple[object, ...]
    ) -> None:
        status, _, told = run(capsys, "recommend", *words)
        assert status == 2
        assert "leave out" in " ".join(told.replace("│", " ").split())


class TestStyles:
    def test_a_styles_variants_are_ranked_for_the_customer(
        self, client: Client, engine: Engine, customer: str
    ) -> None:
        catalogue = engine.snapshot().recommender.catalogue
        style = str(catalogue.styles[0])
        found = whole(client, f"/v1/customers/{customer}/styles/{style}/variants", k=100)
        assert found["customer_id"] == customer
        assert set(styles(found)) == {style}
        direct = engine.snapshot().recommender.recommend_style(customer, style, 100)
        assert [one["variant_id"] for one in found["recommendations"]] == [
            one.variant_id for one in direct.recommendations
        ]
        assert all(one["reasons"][0]["sentence"] for one in found["recommendations"])

    def test_the_usual_size_is_named(self, client: Client, engine: Engine) -> None:
        catalogue = engine.snapshot().recommender.catalogue
        for number, style in enumerate(dict.fromkeys(catalogue.styles.tolist())):
            place = int((catalogue.styles == style).argmax())
            size = catalogue.attributes["size"]
            same = (catalogue.styles == style) & (size == size[place])
            bought = str(catalogue.variants[same][0])
            send(
                client,
                event("usual", bought, event_id=f"u{number}", kind="order", value=1),
            )
        url = f"/v1/customers/usual/styles/{catalogue.styles[-1]}/variants"
        told = [
            reason
            for one in whole(client, url)["recommendations"]
            for reason in one["reasons"]
            if reason["kind"] == "attribute"
        ]
        assert told
        for reason in told:
            attribute, value = reason["attribute"], reason["value"]
            assert reason["sentence"] == f"You usually take {attribute} {value}."

    def test_an_unknown_customer_is_told_what_everybody_takes(
        self, client: Client, engine: Engine
    ) -> None:
        style = engine.snapshot().recommender.catalogue.styles[0]
        found = whole(client, f"/v1/customers/nobody/styles/{style}/variants", in_stock=True)
        assert found["fallback"] == "popular"

    def test_a_style_nobody_knows_is_a_404(self, client: Client, customer: str) -> None:
        url = f"/v1/customers/{customer}/styles/no-such/variants"
        problem(client.get(url), 404, "recsys.unknown-style")

    def test_it_takes_no_other_rules(self, client: Client, customer: str) -> None:
        url = f"/v1/customers/{customer}/styles/x/variants?per_style=2"
        problem(client.get(url), 422, "api.invalid")
