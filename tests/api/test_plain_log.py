"""Plain lists in the log: what was sent is what is written, and nobody waits or fails for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from api.erasing import erase_customer
from api.errors import NotReady
from api.judging import own_task
from api.lists import AskedRules
from api.service import plain_log
from api.service.app import create_app
from api.service.counters import LOGGED
from api.service.engine import Engine, open_engine
from api.service.list_making import make_lists
from api.service.plain_log import PlainLog, drawn
from api.settings import load_settings
from api.work import key_of
from data.store import open_store
from data.store.served import ServedList, log_list, served_places
from data.workspace import Workspace
from recsys.exploration.beliefs import NO_BELIEFS
from recsys.saved.saving import current_model
from tests.api.client import Client
from tests.api.test_exploring import EXPERIMENT, ids, list_of, some_customers

ALL = "log_lists = 1\n"


@contextmanager
def served(workspace: Path, toml: str = ALL) -> Iterator[tuple[Engine, Client]]:
    (workspace / "atelier.toml").write_text(toml)
    with open_engine(workspace, load_settings(workspace)) as engine:
        engine.serving.look_for_lists()
        yield engine, Client(create_app(engine))


@pytest.fixture
def ahead(workspace: Path) -> Path:
    """The workspace with its lists made ahead."""
    opened = Workspace.open(workspace)
    key = key_of(opened, load_settings(workspace))
    make_lists(workspace, str(current_model(opened)), datetime.now(UTC).date(), 1000, key)
    return workspace


def counted(outcome: str) -> float:
    value: float = LOGGED.labels(outcome)._value.get()
    return value


def forbidden(engine: Engine) -> Callable[..., bytes]:
    """In place of the route's own way, which must not be taken."""

    def refuse(*_: object, **__: object) -> bytes:
        raise AssertionError("the model was asked")

    return refuse


def test_what_was_sent_is_in_the_log_by_the_fast_lane_and_by_the_route(ahead: Path) -> None:
    with served(ahead) as (engine, client):
        first, second = some_customers(engine, 2)
        sent = {}
        sent["plain"] = list_of(client, second, k=7)  # made by the model
        sent["rules"] = list_of(client, first, collapse="none", k=5)
        sent["nobody"] = list_of(client, "who-is-this", k=4)
        engine.listing.of_customer = forbidden(engine)  # type: ignore[method-assign]
        sent["ahead"] = list_of(client, first)  # made ahead
        sent["given"] = list_of(client, second, k=7)  # given before
        before = counted("logged")
        assert not len(served_places(engine.store.database, plain=True))  # not before a flush
        engine.plain_log.flush()
        assert counted("logged") == before + 5
        log = served_places(engine.store.database, plain=True)
        rows = log.groupby("list_id").agg(
            customer=("customer_id", "first"), shown=("variant_id", tuple),
            fallback=("fallback", "first"),
        )  # fmt: skip
        expected = [
            (engine.customer_of(one["customer_id"]), tuple(ids(one)), one["fallback"] or "none")
            for one in sent.values()
        ]
        assert sorted(rows.itertuples(index=False, name=None)) == sorted(expected)
        assert set(log["fallback"]) == {"none", "popular"}
        assert set(log["model_id"]) == {engine.snapshot().model_id}
        assert set(log["policy"]) == {"ranking"}
        assert (log["propensity"] == 1).all()
        assert log["experiment"].isna().all()
        assert not log["customer_id"].str.contains("who-is-this").any()
        now = datetime.now(UTC).replace(tzinfo=None)
        assert (abs(log["at"] - now) < timedelta(minutes=1)).all()


def test_what_others_look_at_and_baskets_are_not_logged(workspace: Path) -> None:
    with served(workspace) as (engine, client):
        (customer,) = some_customers(engine, 1)
        asked = AskedRules()
        engine.listing.of_customer(
            customer, 5, exclude_seen=False, asked=asked, where="", shown=False
        )
        variant = str(engine.snapshot().recommender.catalogue.variants[0])
        client.post("/v1/recommendations", json={"variant_ids": [variant]})
        client.get(f"/v1/variants/{variant}/similar")
        engine.plain_log.flush()
        assert not len(served_places(engine.store.database, plain=True))


def test_nothing_is_logged_unless_asked(workspace: Path) -> None:
    with served(workspace, "") as (engine, client):
        (customer,) = some_customers(engine, 1)
        list_of(client, customer)
        engine.plain_log.start()
        engine.plain_log.flush()
        assert not len(served_places(engine.store.database, plain=True))


@pytest.mark.parametrize("toml", ["[explore]\nshare = 0.2\n", EXPERIMENT])
def test_a_list_that_is_no_plain_one_is_logged_once(workspace: Path, toml: str) -> None:
    with served(workspace, ALL + toml) as (engine, client):
        (customer,) = some_customers(engine, 1)
        list_of(client, customer, k=10)
        engine.plain_log.flush()
        every = served_places(engine.store.database, plain=True)
        tried = served_places(engine.store.database)
        assert every["list_id"].nunique() == tried["list_id"].nunique() == 1
        assert set(every["fallback"]) == {"none"}


def test_plain_lists_teach_nothing_and_are_judged_by_nobody(workspace: Path) -> None:
    with served(workspace) as (engine, client):
        (customer,) = some_customers(engine, 1)
        shown = ids(list_of(client, customer, k=10, collapse="none"))
        engine.plain_log.flush()
        at = (datetime.now() + timedelta(hours=1)).isoformat(timespec="seconds")  # noqa: DTZ005
        event = {"event_id": "e", "customer_id": customer, "variant_id": shown[2], "kind": "click",
                 "at": at}  # fmt: skip
        assert client.post("/v1/events", json={"events": [event]}).status_code == 200
        engine.exploring.learn()
        assert engine.exploring.beliefs is NO_BELIEFS
        assert not len(served_places(engine.store.database))
        assert len(served_places(engine.store.database, plain=True)) == 10
        later = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=30)
        with pytest.raises(NotReady):
            own_task(engine.workspace, engine.settings, model_id=None, popular=False, now=later)


def test_only_lists_within_the_days_are_read(workspace: Path) -> None:
    store = open_store(load_settings(workspace).store_url(workspace))
    for day, policy in ((1, "ranking"), (2, "thompson"), (3, "ranking")):
        log_list(
            store.database,
            ServedList(
                list_id=str(day), customer_id="c", at=datetime(2026, 1, day),  # noqa: DTZ001
                model_id="m", policy=policy, experiment=None, arm=None, variants=["a", "b"],
                propensities=[1, 1],
            ),
        )  # fmt: skip

    def found(**asked: Any) -> list[str]:
        return served_places(store.database, **asked)["list_id"].unique().tolist()

    assert found() == ["2"]
    assert found(plain=True) == ["1", "2", "3"]
    second, third = datetime(2026, 1, 2), datetime(2026, 1, 3)  # noqa: DTZ001
    assert found(plain=True, since=second) == ["2", "3"]
    assert found(plain=True, until=third) == ["1", "2"]
    assert found(plain=True, since=second, until=second) == []
    store.close()


def test_a_store_that_is_away_fails_no_request_and_is_counted(
    ahead: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[dict[str, object]] = []
    monkeypatch.setattr(plain_log, "say", lambda event, **fields: said.append({event: fields}))
    with served(ahead) as (engine, client):
        first, second = some_customers(engine, 2)
        with engine.store.database.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE served_lists RENAME TO away")
        lost = counted("lost")
        for customer in (first, second):
            list_of(client, customer)
            list_of(client, customer, k=3)
            engine.plain_log.flush()
        assert counted("lost") == lost + 4
        assert len(said) == 1  # a store that stays away is told of once
        assert first not in str(said)
        assert "recommendations" not in str(said)
        with engine.store.database.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO served_lists")
        list_of(client, first)
        engine.plain_log.flush()
        assert served_places(engine.store.database, plain=True)["list_id"].nunique() == 1


def test_more_lists_than_may_wait_are_dropped_and_counted(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_log, "MOST_WAITING", 3)
    with served(workspace) as (engine, client):
        dropped = counted("dropped")
        for customer in some_customers(engine, 5):
            list_of(client, customer)
        assert counted("dropped") == dropped + 2
        engine.plain_log.flush()
        assert served_places(engine.store.database, plain=True)["list_id"].nunique() == 3


def test_what_waits_is_written_as_time_goes_and_at_the_end(workspace: Path) -> None:
    with served(workspace) as (engine, client):
        first, second = some_customers(engine, 2)
        engine.plain_log.start()
        list_of(client, first)
        patience = time.monotonic() + 20
        while not len(served_places(engine.store.database, plain=True)):
            assert time.monotonic() < patience
            time.sleep(0.02)
        list_of(client, second)
    store = open_store(load_settings(workspace).store_url(workspace))
    log = served_places(store.database, plain=True)
    store.close()
    assert set(log["customer_id"]) == {first, second}


def test_a_body_that_cannot_be_read_loses_its_batch_and_not_the_thread(workspace: Path) -> None:
    with served(workspace) as (engine, client):
        (customer,) = some_customers(engine, 1)
        lost = counted("lost")
        engine.plain_log.put(customer, b"{")
        engine.plain_log.flush()
        assert counted("lost") == lost + 1
        list_of(client, customer)
        engine.plain_log.flush()
        assert len(served_places(engine.store.database, plain=True))


def test_erasing_takes_what_waits_too(workspace: Path) -> None:
    with served(workspace) as (engine, client):
        first, second = some_customers(engine, 2)
        for customer in (first, second):
            list_of(client, customer)
        engine.plain_log.flush()
        list_of(client, first)  # still waits as the customer is erased
        assert client.request("DELETE", f"/v1/customers/{first}").status_code == 200
        engine.plain_log.flush()
        log = served_places(engine.store.database, plain=True)
        assert set(log["customer_id"]) == {second}
        erase_customer(
            engine.workspace, engine.settings, engine.store.database, second, actor="test"
        )
        assert not len(served_places(engine.store.database, plain=True))


def test_the_share_is_drawn_by_the_list_s_id(workspace: Path) -> None:
    ids = [f"{number * 2_654_435_761 % 2**32:08x}" + 24 * "0" for number in range(10_000)]
    for share in (0.01, 0.2, 0.9):
        chosen = [drawn(one, share) for one in ids]
        assert sum(chosen) == pytest.approx(share * 10_000, abs=20)
        assert chosen == [drawn(one, share) for one in ids]
    assert all(drawn(one, 1.0) for one in [*ids, 32 * "f"])
    settings = load_settings(workspace, log_lists=0.3)
    store = open_store(settings.store_url(workspace))
    log = PlainLog(store.database, settings, lambda: datetime.now(UTC))
    body = b'{"model_id": "m", "fallback": null, "recommendations": [{"variant_id": "v"}]}'
    for number in range(2_000):
        log.put(f"c{number}", body)
    log.close()
    served = served_places(store.database, plain=True)
    store.close()
    assert len(served) == pytest.approx(600, abs=100)
    assert all(drawn(one, 0.3) for one in served["list_id"])


def test_the_service_writes_by_itself_while_it_runs(ahead: Path) -> None:
    """The application's own life starts the writer and ends it."""
    import asyncio

    with served(ahead) as (engine, _):
        app: FastAPI = create_app(engine)
        (customer,) = some_customers(engine, 1)

        async def live() -> None:
            async with app.router.lifespan_context(app):
                client = Client(app)
                await client._request("GET", f"/v1/customers/{customer}/recommendations")

        asyncio.run(live())
        assert len(served_places(engine.store.database, plain=True)) > 0
