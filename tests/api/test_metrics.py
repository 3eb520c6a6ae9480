"""What the service tells of itself: figures, and whether it can do its work."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.service.list_making import make_lists
from api.settings import load_settings
from api.work import key_of
from data.workspace import Workspace
from production.plans.saved import latest_plan
from recsys.saved.saving import current_model
from tests.api.client import Client

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
