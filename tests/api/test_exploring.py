"""Lists that explore or are part of an experiment: what is shown, and what is logged of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.errors import SettingsError
from api.responses import responses_of
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.settings import load_settings
from data.store.served import served_places
from recsys.experiments.splitting import arm_of
from tests.api.client import Client

EXPERIMENT = """
[experiments.spring.arms]
control = 0.5
bonus = {weight = 0.5, plan_bonus = 1.5}
"""


@contextmanager
def served(workspace: Path, toml: str) -> Iterator[tuple[Engine, Client]]:
    (workspace / "atelier.toml").write_text(toml)
    with open_engine(workspace, load_settings(workspace)) as engine:
        yield engine, Client(create_app(engine))


def some_customers(engine: Engine, count: int) -> list[str]:
    return [str(one) for one in engine.snapshot().recommender.interactions.customers[:count]]


def list_of(client: Client, customer: str, **query: Any) -> dict[str, Any]:
    response = client.get(f"/v1/customers/{customer}/recommendations", params=query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [one["variant_id"] for one in found["recommendations"]]


def test_nothing_explores_and_nothing_is_logged_unless_asked(engine: Engine) -> None:
    client = Client(create_app(engine))
    (customer,) = some_customers(engine, 1)
    plain = list_of(client, customer, k=10)
    assert list_of(client, customer, k=10, explore=0) == plain
    assert not len(served_places(engine.store.database))
    tried = list_of(client, customer, k=10, explore=0.2, collapse="none")
    assert [note["code"] for note in tried["notes"]] == ["explored"]
    assert len(served_places(engine.store.database)) == 10
    for share in (-0.1, 0.6, "nan", "x"):
        url = f"/v1/customers/{customer}/recommendations?explore={share}"
        assert client.get(url).status_code == 422


def test_lists_that_explore_are_logged_as_they_were_sent(workspace: Path) -> None:
    with served(workspace, "[explore]\nshare = 0.2\n") as (engine, client):
        customers = some_customers(engine, 3)
        sent = [list_of(client, one, k=10, collapse="none") for one in customers for _ in range(3)]
        assert len({tuple(ids(one)) for one in sent}) > 3  # another list each time
        log = served_places(engine.store.database)
        assert sorted(map(tuple, log.groupby("list_id")["variant_id"].agg(list))) == sorted(
            tuple(ids(one)) for one in sent
        )
        assert set(log["policy"]) == {"thompson"}
        assert set(log["model_id"]) == {engine.snapshot().model_id}
        assert (log.loc[log["position"] == 1, "propensity"] == 1).all()
        others = log.loc[log["position"] > 1, "propensity"]
        assert ((others > 0) & (others < 1)).all()
        post = client.post("/v1/recommendations", json={"customer_id": customers[0], "k": 10})
        assert post.status_code == 200
        assert (
            log["list_id"].nunique() + 1
            == served_places(engine.store.database)["list_id"].nunique()
        )
        none = {"customer_id": customers[0], "k": 10, "rules": {"explore": 0.0}}
        assert client.post("/v1/recommendations", json=none).json()["notes"] == []


def test_what_customers_responded_to_is_learned(workspace: Path) -> None:
    with served(workspace, "[explore]\nshare = 0.2\n") as (engine, client):
        (customer,) = some_customers(engine, 1)
        shown = ids(list_of(client, customer, k=10))
        before = engine.exploring.beliefs
        at = (datetime.now() + timedelta(hours=1)).isoformat(timespec="seconds")  # noqa: DTZ005
        event = {"event_id": "e", "customer_id": customer, "variant_id": shown[2], "kind": "click",
                 "at": at}  # fmt: skip
        assert client.post("/v1/events", json={"events": [event]}).status_code == 200
        engine.exploring.learn()
        after = engine.exploring.beliefs
        assert before is not after
        assert after.counts["responses"][shown[2]] == 1
        assert after.counts["responses"].sum() == 1


def test_units_that_came_back_are_no_response(workspace: Path) -> None:
    toml = '[explore]\nshare = 0.2\nresponses = ["order"]\n'
    with served(workspace, toml) as (engine, client):
        (customer,) = some_customers(engine, 1)
        shown = ids(list_of(client, customer, k=10))
        at = (datetime.now() + timedelta(hours=1)).isoformat(timespec="seconds")  # noqa: DTZ005
        events = [
            {"event_id": variant, "customer_id": customer, "variant_id": variant, "kind": "order",
             "value": units, "at": at}
            for variant, units in ((shown[2], 1.0), (shown[3], -1.0))
        ]  # fmt: skip
        assert client.post("/v1/events", json={"events": events}).status_code == 200
        engine.exploring.learn()
        counts = engine.exploring.beliefs.counts["responses"]
        assert (counts[shown[2]], counts.sum()) == (1, 1)
        came = responses_of(
            engine.workspace, engine.store, datetime.fromisoformat(at), ("order", "click")
        )
        assert came["variant_id"].tolist() == [shown[2]]


def test_an_experiment_splits_customers_and_logs_their_arm(workspace: Path) -> None:
    with served(workspace, EXPERIMENT) as (engine, client):
        customers = some_customers(engine, 12)
        weights = {"control": 0.5, "bonus": 0.5}
        arms = {one: arm_of(one, "spring", weights) for one in customers}
        assert set(arms.values()) == {"control", "bonus"}
        for one in customers:
            given = list_of(client, one, k=5)
            weight = 1.5 if arms[one] == "bonus" else 0.0
            assert ids(given) == ids(list_of(client, one, k=5, plan_bonus=weight))
        log = served_places(engine.store.database, experiment="spring")
        assert set(log["policy"]) == {"ranking"}
        assert (log["propensity"] == 1).all()
        assert dict(zip(log["customer_id"], log["arm"], strict=True)) == arms


def test_a_list_that_cannot_be_logged_is_not_shown(workspace: Path) -> None:
    with served(workspace, "[explore]\nshare = 0.2\n") as (engine, client):
        (customer,) = some_customers(engine, 1)
        with engine.store.database.transaction() as connection:
            connection.exec_driver_sql("DROP TABLE served_lists")
        response = client.get(f"/v1/customers/{customer}/recommendations")
        assert response.status_code == 503


@pytest.mark.parametrize(
    "toml",
    [
        "[explore]\nshare = 0.6\n",
        "[explore]\nresponses = ['stare']\n",
        "[experiments.a]\narms = {control = 1}\n",
        "[experiments.a]\narms = {one = 1, two = 1}\n",
        "[experiments.a]\narms = {control = 0, two = 1}\n",
        "[experiments.a]\narms = {control = -1, two = 1}\n",
        "[experiments.a]\narms = {control = 1, two = {weight = 1, colour = 2}}\n",
        "[experiments.a]\narms = {control = 1, two = 1}\n"
        "[experiments.b]\narms = {control = 1, two = 1}\n",
    ],
)
def test_settings_that_make_no_sense_are_refused(workspace: Path, toml: str) -> None:
    (workspace / "atelier.toml").write_text(toml)
    with pytest.raises(SettingsError):
        load_settings(workspace)
