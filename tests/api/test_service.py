"""The routes, on a real engine over a small market."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.lists import ListRequest
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.service.event_schemas import Events
from api.service.plan_schemas import PlanRequest
from api.service.problems import MEDIA_TYPE
from api.service.schemas import Request
from api.settings import load_settings
from api.work import train_and_save
from data.store import open_store
from data.tables import ORDERS
from data.workspace import Workspace
from production.plans.saved import latest_plan
from recsys.lists.rules import Rules
from tests.api.client import Client


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    found: dict[str, Any] = response.json()
    assert found["code"] == code, found
    assert found["detail"]
    assert found["do"]
    return found


@pytest.fixture
def customer(engine: Engine) -> str:
    return str(engine.snapshot().recommender.interactions.customers[0])


@pytest.fixture
def variants(engine: Engine) -> list[str]:
    return [str(name) for name in engine.snapshot().recommender.catalogue.variants]


def listed(client: Client, customer: str, **query: object) -> list[str]:
    url = f"/v1/customers/{customer}/recommendations"
    answer = client.get(url, params=query)
    assert answer.status_code == 200, answer.text
    return [one["variant_id"] for one in answer.json()["recommendations"]]


def event(customer: str, variant: str, **changes: object) -> dict[str, object]:
    return {
        "event_id": "e1",
        "customer_id": customer,
        "variant_id": variant,
        "kind": "cart",
        "at": "2025-02-20T10:00:00",
    } | changes


def send(client: Client, *events: dict[str, object]) -> httpx.Response:
    return client.post("/v1/events", json={"events": list(events)})


class TestRecommendations:
    def test_each_says_why_and_they_are_those_of_the_recommender(
        self, client: Client, engine: Engine, customer: str
    ) -> None:
        answer = client.get(f"/v1/customers/{customer}/recommendations?k=5").json()
        direct = engine.snapshot().recommender.recommend(customer, 5, rules=Rules(per_style=1))
        assert [one["variant_id"] for one in answer["recommendations"]] == [
            one.variant_id for one in direct.recommendations
        ]
        assert answer["fallback"] is None
        assert answer["model_id"] == engine.snapshot().model_id
        assert all(one["reasons"][0]["sentence"] for one in answer["recommendations"])
        assert [one["rank"] for one in answer["recommendations"]] == [1, 2, 3, 4, 5]

    def test_an_unknown_customer_gets_the_labelled_fallback(self, client: Client) -> None:
        answer = client.get("/v1/customers/nobody/recommendations?k=3").json()
        assert answer["fallback"] == "popular"
        assert len(answer["recommendations"]) == 3

    def test_a_list_is_never_padded(self, client: Client, variants: list[str]) -> None:
        found = listed(client, "nobody", k=100)
        assert len(found) == len(set(found)) <= len(variants)
        assert set(found) <= set(variants)

    def test_what_was_bought_can_be_left_out(
        self, client: Client, engine: Engine, customer: str
    ) -> None:
        orders = engine.workspace.read(ORDERS)
        bought = set(orders.loc[orders["customer_id"] == customer, "variant_id"])
        assert bought & set(listed(client, customer, k=20))
        assert not bought & set(listed(client, customer, k=20, exclude_seen=True))

    @pytest.mark.parametrize("k", ["0", "101", "-1", "1000000000", "1e2", "true", "", "9" * 5000])
    def test_k_is_1_to_100(self, client: Client, customer: str, k: str) -> None:
        url = f"/v1/customers/{customer}/recommendations"
        assert problem(client.get(url, params={"k": k}), 422, "api.invalid")["where"] == "query.k"

    @pytest.mark.parametrize("customer_id", ["%00", "a%09b", "", "x" * 201, "%ED%A0%80" * 100])
    def test_an_id_that_is_none_is_refused(self, client: Client, customer_id: str) -> None:
        problem(client.get(f"/v1/customers/{customer_id}/recommendations"), 422, "api.invalid")

    def test_an_id_may_hold_a_slash(self, client: Client) -> None:
        answer = client.get("/v1/customers/shop%2F7/recommendations?k=1").json()
        assert answer["customer_id"] == "shop/7"

    def test_a_basket_gets_a_list_without_it(self, client: Client, variants: list[str]) -> None:
        body = {"variant_ids": variants[:2], "k": 5}
        answer = client.post("/v1/recommendations", json=body).json()
        found = {one["variant_id"] for one in answer["recommendations"]}
        assert len(found) == 5
        assert not found & set(variants[:2])

    def test_a_basket_of_an_unknown_variant_says_which(
        self, client: Client, variants: list[str]
    ) -> None:
        body = {"variant_ids": [variants[0], "no-such"]}
        found = problem(client.post("/v1/recommendations", json=body), 422, "api.invalid")
        assert found["where"] == "body.variant_ids.1"

    def test_similar_leaves_the_variant_itself_out(
        self, client: Client, variants: list[str]
    ) -> None:
        answer = client.get(f"/v1/variants/{variants[0]}/similar?k=4").json()
        found = [one["variant_id"] for one in answer["recommendations"]]
        assert len(found) == 4
        assert variants[0] not in found

    def test_similar_to_what_nobody_knows_is_a_404(self, client: Client) -> None:
        problem(client.get("/v1/variants/no-such/similar"), 404, "recsys.unknown-variant")


class TestEvents:
    def test_they_change_that_customers_next_list_and_no_others(
        self, client: Client, engine: Engine, customer: str
    ) -> None:
        other = str(engine.snapshot().recommender.interactions.customers[1])
        before, before_other = listed(client, customer, k=50), listed(client, other, k=50)
        last = before[-1]
        orders = [event(customer, last, event_id=f"e{i}", kind="order", value=1) for i in range(20)]
        assert send(client, *orders).json() == {"received": 20, "stored": 20}
        assert listed(client, customer, k=50).index(last) < before.index(last)
        assert listed(client, other, k=50) == before_other

    def test_a_customer_of_a_minute_ago_is_no_stranger(
        self, client: Client, variants: list[str]
    ) -> None:
        send(client, event("newcomer", variants[0]))
        answer = client.get("/v1/customers/newcomer/recommendations?k=3").json()
        assert answer["fallback"] is None

    def test_sending_again_changes_nothing(self, client: Client, variants: list[str]) -> None:
        assert send(client, event("c", variants[0])).json()["stored"] == 1
        assert send(client, event("c", variants[0])).json()["stored"] == 0

    def test_another_content_under_the_same_id_is_a_409(
        self, client: Client, variants: list[str]
    ) -> None:
        send(client, event("c", variants[0]))
        response = send(client, event("c", variants[1], event_id="e2"), event("c", variants[1]))
        problem(response, 409, "data.store-conflict")
        assert send(client, event("c", variants[1], event_id="e2")).json()["stored"] == 1

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"variant_id": "no-such"}, "variant_id"),
            ({"at": "2150-01-01T00:00:00"}, "at"),
            ({"kind": "order"}, "value"),
            ({"kind": "order", "value": 1.5}, "value"),
            ({"customer_id": "   "}, "customer_id"),
            ({"event_id": "\u202e"}, "event_id"),
        ],
    )
    def test_an_event_at_fault_is_named_and_nothing_is_stored(
        self, client: Client, variants: list[str], change: dict[str, object], field: str
    ) -> None:
        good = event("c", variants[0], event_id="good")
        response = send(client, good, event("c", variants[0]) | change)
        assert problem(response, 422, "api.invalid")["where"] == f"body.events.1.{field}"
        assert send(client, good).json()["stored"] == 1

    def test_a_time_with_an_offset_is_laid_onto_the_shops_clock(
        self, workspace: Path, market: Path
    ) -> None:
        settings = load_settings(workspace, timezone="Europe/Berlin")
        with open_engine(workspace, settings) as engine:
            variant = str(engine.snapshot().recommender.catalogue.variants[0])
            send(Client(create_app(engine)), event("c", variant, at="2025-07-01T10:00:00Z"))
            assert (
                engine.store.of_customer(engine.customer_of("c"))[0].at.isoformat()
                == "2025-07-01T12:00:00"
            )


class TestVariantMix:
    @pytest.mark.parametrize(
        ("accept", "media_type", "start"),
        [
            ("application/json", "application/json", "{"),
            ("text/csv", "text/csv", "style_id,"),
            ("text/html", "text/html", "<"),
            ("text/html;q=0.5,text/csv;q=0.6", "text/csv", "style_id,"),
        ],
    )
    def test_accept_chooses_the_form(
        self, client: Client, accept: str, media_type: str, start: str
    ) -> None:
        answer = client.get("/v1/variant-mix", headers={"accept": accept})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["vary"] == "Accept"
        assert answer.text.startswith(start)

    @pytest.mark.parametrize("form", ["html", "xlsx", "csv", "json"])
    def test_format_chooses_in_place_of_accept(self, client: Client, form: str) -> None:
        asked = {"format": form}
        answer = client.get("/v1/variant-mix", params=asked, headers={"accept": "image/png"})
        assert answer.status_code == 200
        starts = {"html": b"<!doctype", "xlsx": b"PK", "csv": b"style_id,", "json": b"{"}
        assert answer.content.startswith(starts[form])
        assert ("content-disposition" in answer.headers) == (form == "xlsx")

    def test_csv_writes_the_level_that_is_asked_for(self, client: Client) -> None:
        asked = {"format": "csv", "level": "styles"}
        assert client.get("/v1/variant-mix", params=asked).text.startswith("style_id,title,")
        response = client.get("/v1/variant-mix", params=asked | {"level": "moon"})
        problem(response, 422, "production.unknown-level")

    @pytest.mark.parametrize("form", ["html", "xlsx", "csv", "json"])
    @pytest.mark.parametrize("live", ["false", "true"])
    def test_an_unknown_level_is_refused_in_every_form(
        self, client: Client, form: str, live: str
    ) -> None:
        asked = {"format": form, "level": "moon", "live": live}
        for _ in range(2):  # a refusal is not kept
            response = client.get("/v1/variant-mix", params=asked)
            problem(response, 422, "production.unknown-level")

    def test_a_format_or_a_plan_to_compare_with_that_is_none(self, client: Client) -> None:
        response = client.get("/v1/variant-mix", params={"format": "pdf"})
        problem(response, 422, "api.invalid")
        response = client.get("/v1/variant-mix", params={"against": "none"})
        problem(response, 404, "production.unknown-plan")

    def test_what_no_form_fits_is_a_406(self, client: Client) -> None:
        response = client.get("/v1/variant-mix", headers={"accept": "image/png"})
        problem(response, 406, "api.not-acceptable")

    def test_it_shows_the_latest_plan_or_the_one_named(
        self, client: Client, workspace: Path
    ) -> None:
        first = client.get("/v1/variant-mix").json()
        made = client.post("/v1/plans", json={"capacity": {"units": 10}}).json()
        assert client.get("/v1/variant-mix").json()["plan_id"] == made["plan_id"]
        named = client.get("/v1/variant-mix", params={"plan_id": first["plan_id"]}).json()
        assert named == first

    def test_a_plan_that_is_none_is_a_404(self, client: Client) -> None:
        response = client.get("/v1/variant-mix?plan_id=../../etc")
        problem(response, 404, "production.unknown-plan")


class TestPlans:
    def test_a_plan_is_made_kept_and_found_where_location_says(
        self, client: Client, workspace: Path
    ) -> None:
        made = client.post("/v1/plans", json={"horizon": 2, "capacity": {"units": 25}})
        assert made.status_code == 201, made.text
        assert made.json()["horizon"] == 2
        assert sum(line["quantity"] for line in made.json()["lines"]) <= 25
        found = client.get(made.headers["location"])
        assert found.json() == made.json()
        kept = latest_plan(Workspace.open(workspace))
        assert kept is not None
        assert kept.plan_id == made.json()["plan_id"]

    def test_an_empty_object_asks_for_the_defaults(self, client: Client) -> None:
        assert client.post("/v1/plans", json={}).json()["horizon"] == 4

    @pytest.mark.parametrize(
        ("body", "where"),
        [
            ({"capacity": {"units": -1}}, "body.capacity.units"),
            ({"capacity": {"units": True}}, "body.capacity.units"),
            ({"capacity": {"units": "9"}}, "body.capacity.units"),
            ({"capacity": {"units": None}}, "body.capacity.units"),
            ({"capacity": {"": 1}}, "body.capacity."),
            ({"horizon": 0}, "body.horizon"),
            ({"horizon": 27}, "body.horizon"),
            ({"horizon": 4.0}, "body.horizon"),
            ({"as_of": "soon"}, "body.as_of"),
            ({"as_of": "2025-01-01T12:00:00"}, "body.as_of"),
            ({"colour": 1}, "body.colour"),
        ],
        ids=str,
    )
    def test_a_field_out_of_bounds_is_named(
        self, client: Client, body: dict[str, object], where: str
    ) -> None:
        found = problem(client.post("/v1/plans", json=body), 422, "api.invalid")
        assert str(found["where"]).startswith(where)

    def test_a_resource_nobody_knows_is_named(self, client: Client) -> None:
        response = client.post("/v1/plans", json={"capacity": {"magic": 1}})
        assert "magic" in response.text
        problem(response, 422, "production.bad-resources")

    def test_a_day_outside_the_data_says_which_days_there_are(self, client: Client) -> None:
        response = client.post("/v1/plans", json={"as_of": "1999-01-04"})
        assert problem(response, 422, "data.outside")

    def test_a_plan_that_is_none_is_a_404(self, client: Client) -> None:
        problem(client.get("/v1/plans/no-such"), 404, "production.unknown-plan")

    def test_a_disk_that_refuses_is_a_503_and_leaves_no_plan(
        self, client: Client, workspace: Path
    ) -> None:
        shutil.rmtree(workspace / "plans")
        (workspace / "plans").write_text("in the way of the folder")
        response = client.post("/v1/plans", json={})
        problem(response, 503, "api.output")
        assert response.headers["retry-after"]
        assert (workspace / "plans").is_file()

    def test_a_fault_is_told_in_plain_words(self, client: Client) -> None:
        found = problem(
            client.post("/v1/plans", json={"as_of": "2025-11-31", "colour": 1}), 422, "api.invalid"
        )
        told = [fault["what"] for fault in found["errors"]]
        assert told[0].startswith("must be a day in ISO 8601")
        assert told[1] == "There is no such field."


class TestHealth:
    def test_a_whole_service_is_ready(self, client: Client, engine: Engine) -> None:
        assert client.get("/healthz").json() == {"status": "ok"}
        ready = client.get("/readyz")
        assert ready.json() == {
            "status": "ready",
            "model_id": engine.snapshot().model_id,
            "plan_id": engine.plans.latest().plan_id,
        }

    def test_without_a_model_it_lives_and_is_not_ready(self, tmp_path: Path) -> None:
        Workspace.create(tmp_path / "empty")
        with open_engine(tmp_path / "empty", load_settings()) as engine:
            client = Client(create_app(engine))
            assert client.get("/healthz").status_code == 200
            for url in ("/readyz", "/v1/customers/c/recommendations", "/v1/variant-mix"):
                found = problem(client.get(url), 503, "api.not-ready")
                assert "atelier" in found["do"]

    def test_a_store_that_is_gone_is_not_ready(self, engine: Engine, client: Client) -> None:
        database = engine.workspace.root / "atelier.db"
        engine.store.close()
        for path in database.parent.glob("atelier.db*"):
            path.unlink()
        database.mkdir()
        for url in ("/readyz", "/v1/customers/c/recommendations"):
            response = client.get(url)
            problem(response, 503, "data.store")
            assert response.headers["retry-after"]
        assert client.get("/healthz").status_code == 200


class TestModelSwap:
    def test_a_new_model_is_taken_up_whole(self, engine: Engine, client: Client) -> None:
        before = client.get("/readyz").json()["model_id"]
        settings = load_settings(engine.workspace.root, model="popularity")
        model_id, _ = train_and_save(engine.workspace, settings)
        assert client.get("/readyz").json()["model_id"] == before
        engine.refresh()
        assert client.get("/readyz").json()["model_id"] == model_id != before

    def test_an_altered_model_is_refused_and_the_one_before_keeps_serving(
        self, engine: Engine, client: Client, customer: str
    ) -> None:
        before = client.get("/readyz").json()["model_id"]
        settings = load_settings(engine.workspace.root, model="personal")
        model_id, _ = train_and_save(engine.workspace, settings)
        altered = engine.workspace.root / "models" / model_id / "names.json"
        altered.write_bytes(altered.read_bytes().replace(b"1", b"2", 1))
        engine.refresh()
        assert client.get("/readyz").json()["model_id"] == before
        assert listed(client, customer, k=3)

    def test_one_failed_look_does_not_end_the_looking(
        self, workspace: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looks = threading.Semaphore(0)

        class Stumbling(Engine):
            """Fails as a disk would; counts its looks."""

            def refresh(self) -> None:
                looks.release()
                raise OSError("disk")

        async def two_looks(app: FastAPI) -> bool:
            async with app.router.lifespan_context(app):
                return await asyncio.to_thread(
                    lambda: all(looks.acquire(timeout=10) for _ in range(2))
                )

        monkeypatch.setattr("api.service.app.SECONDS_BETWEEN_LOOKS", 0.01)
        settings = load_settings(workspace)
        store = open_store(settings.store_url(workspace))
        try:
            app = create_app(Stumbling(Workspace.open(workspace), settings, store))
            assert asyncio.run(two_looks(app))
        finally:
            store.close()


@pytest.mark.parametrize("model", [ListRequest, Events, PlanRequest])
def test_every_example_is_a_request_that_passes(model: type[Request]) -> None:
    examples = model.model_json_schema()["examples"]
    assert examples
    for example in examples:
        model.model_validate_json(json.dumps(example))


def test_openapi_describes_problems_and_examples(client: Client) -> None:
    document = client.get("/openapi.json").json()
    text = json.dumps(document)
    assert "HTTPValidationError" not in text
    assert "examples" in text
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert "application/problem+json" in json.dumps(operation["responses"]), path
