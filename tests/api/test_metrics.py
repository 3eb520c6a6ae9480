"""What the service tells of itself: figures, and whether it can do its work."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from prometheus_client import Counter, Histogram

from api.service import counters
from api.service.app import create_app
from api.service.drift import Drift
from api.service.engine import Engine, open_engine
from api.service.list_making import make_lists
from api.settings import load_settings
from api.work import key_of
from data.workspace import Workspace
from production.configuration.products import add_products
from production.plans.saved import latest_plan
from recsys.saved.saving import current_model
from tests.api.client import Client
from tests.paths import ROOT

LIST = "/v1/customers/{}/recommendations"


def figure(client: Client, name: str, **labels: str) -> float:
    """A figure of /metrics; 0 where it is not there yet."""
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    for line in response.text.splitlines():
        found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
        if found and found[1] == name:
            given = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
            if labels.items() <= given.items():
                return float(found[3])
    return 0.0


def test_requests_are_timed_by_their_routes_template(engine: Engine, client: Client) -> None:
    customer = engine.snapshot().recommender.interactions.customers[0]
    labels = {"method": "GET", "route": LIST.format("{customer_id}"), "status": "200"}
    before = figure(client, "atelier_request_seconds_count", **labels)
    lists = figure(client, "atelier_lists_total", fallback="popular")
    for _ in range(3):
        client.get(LIST.format(customer))
    client.get(LIST.format("canary-nobody-knows"))
    client.request("BREW", "/canary-nowhere")
    assert figure(client, "atelier_request_seconds_count", **labels) == before + 4
    assert figure(client, "atelier_lists_total", fallback="popular") == lists + 1
    assert figure(client, "atelier_request_seconds_count", method="?", route="none") >= 1
    text = client.get("/metrics").text
    assert "canary" not in text
    assert str(customer) not in re.findall(r'"([^"]*)"', text)


def test_what_lists_have_shown_is_told_whether_made_ahead_or_not(workspace: Path) -> None:
    def shares() -> list[float]:
        with open_engine(workspace, load_settings(workspace)) as engine:
            engine.serving.look_for_lists()
            client = Client(create_app(engine))
            told = [figure(client, "atelier_shown_share")]
            for customer in engine.snapshot().recommender.interactions.customers[:4]:
                client.get(LIST.format(customer))
                told.append(figure(client, "atelier_shown_share"))
            return told

    opened = Workspace.open(workspace)
    key = key_of(opened, load_settings(workspace))
    now = shares()
    today = date.today()  # noqa: DTZ011  # the shop's
    assert make_lists(workspace, str(current_model(opened)), today, 1000, key) > 4
    assert shares() == now
    assert now[0] == 0
    assert now == sorted(now)
    assert 0 < now[-1] <= 1


def test_ready_means_a_model_a_plan_that_can_be_read_and_a_store_that_takes_writes(
    engine: Engine, client: Client
) -> None:
    plan = latest_plan(engine.workspace)
    assert plan is not None
    said = client.get("/readyz").json()
    assert said["model_id"] == engine.snapshot().model_id
    assert said["plan_id"] == plan.plan_id
    with engine.store.database.transaction() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    refused = client.get("/readyz")
    assert refused.status_code == 503
    assert refused.json()["code"] == "data.store"


def test_a_plan_that_cannot_be_read_is_not_ready(engine: Engine, client: Client) -> None:
    plans = engine.workspace.root / "plans"
    for file in plans.rglob("*"):
        if file.is_file() and file.name != "latest":
            file.write_bytes(b"{")
    assert client.get("/readyz").status_code != 200
    shutil.rmtree(plans)
    assert client.get("/readyz").json()["plan_id"] is None


def test_live_events_unlike_the_training_are_drift(engine: Engine, client: Client) -> None:
    assert figure(client, "atelier_drift_events") == 0
    assert figure(client, "atelier_drift_index") == 0
    variant = str(engine.snapshot().recommender.catalogue.variants[0])
    as_of = engine.snapshot().recommender.interactions.as_of.astype("datetime64[us]").item()
    events = [
        {"event_id": f"e{number}", "customer_id": f"c{number}", "variant_id": variant,
         "kind": "view", "at": as_of.isoformat()}
        for number in range(200)
    ]  # fmt: skip
    assert client.post("/v1/events", json={"events": events}).json()["stored"] == 200
    engine.drift = Drift(engine.store)  # a minute later
    assert figure(client, "atelier_drift_events") == 200
    assert figure(client, "atelier_drift_index") > 0.25


def test_steps_of_orders_are_counted_once(workspace: Path) -> None:
    add_products(Workspace.open(workspace), sorted((ROOT / "data/sample/products").iterdir()))
    with open_engine(workspace, load_settings(workspace)) as engine:
        client, today = Client(create_app(engine)), datetime.now(UTC).date()
        amounts = [
            (name, today + timedelta(days=number), 20_000)
            for name in ("cutting", "sewing", "fabric")
            for number in range(40)
        ]
        engine.ordering.ledger.set_capacity(amounts, actor="test")
        held = figure(client, "atelier_order_steps_total", state="held")
        refused = figure(client, "atelier_holds_refused_total")
        choices = ["white", "M", "plain-collar", "single-cuffs"]
        body = {"lines": [{"style_id": "SH001", "choices": choices, "quantity": 1}]}
        for _ in range(2):
            answer = client.post("/v1/orders", json=body, headers={"Idempotency-Key": "one"})
            assert answer.status_code == 201
        body["lines"][0]["quantity"] = 1_000_000
        answer = client.post("/v1/orders", json=body, headers={"Idempotency-Key": "two"})
        assert answer.status_code == 409
        assert figure(client, "atelier_order_steps_total", state="held") == held + 1
        assert figure(client, "atelier_holds_refused_total") == refused + 1


def test_every_counter_is_told_with_one_worker_too(client: Client) -> None:
    defined = [one for one in vars(counters).values() if isinstance(one, Counter | Histogram)]
    text = client.get("/metrics").text
    assert len(defined) >= 7
    for one in defined:
        [told] = one.describe()
        assert f"# TYPE {told.name}" in text
