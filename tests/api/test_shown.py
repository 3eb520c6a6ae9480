"""`atelier evaluate shown`: from lists that the service served to figures by group."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.cli import main
from api.errors import Invalid, NotReady
from api.service.app import create_app
from api.service.engine import open_engine
from api.settings import load_settings
from api.shown import shown_report
from data.store import LiveEvent, open_store
from data.store.served import ServedList, log_lists, served_places
from data.tables import ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.groups.groups import group_customers
from recsys.groups.saved import save_groups
from tests.api.client import Client
from tests.api.test_exploring import list_of, some_customers

NOW = datetime(2026, 3, 20, 12)  # noqa: DTZ001  # as the store keeps it
THEN = datetime(2026, 3, 1, 12)  # noqa: DTZ001  # likewise


def report(workspace: Path, **asked: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"since": None, "until": None, "by": (), "variants_by": (), "now": NOW}
    opened = Workspace.open(workspace)
    return shown_report(opened, load_settings(workspace), **{**given, **asked})


def command(workspace: Path, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "shown", "--workspace", str(workspace), *words])
    return int(ended.value.code or 0)


def logged(workspace: Path, lists: list[ServedList], events: list[LiveEvent] | None = None) -> None:
    store = open_store(load_settings(workspace).store_url(workspace))
    log_lists(store.database, lists)
    store.append(events or [])
    store.close()


def one(number: int, customer: str, variants: list[str], **said: Any) -> ServedList:
    given: dict[str, Any] = {
        "list_id": f"l{number}", "customer_id": customer, "at": THEN + timedelta(minutes=number),
        "model_id": "m", "policy": "ranking", "experiment": None, "arm": None,
        "variants": variants, "propensities": [1.0] * len(variants), "fallback": "none",
    }  # fmt: skip
    return ServedList(**{**given, **said})


def test_what_the_service_showed_is_told_by_group(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "atelier.toml").write_text("log_lists = 1\n")
    opened = Workspace.open(workspace)
    save_groups(opened, group_customers(opened, days=28, count=2))
    with open_engine(workspace, load_settings(workspace)) as engine:
        client = Client(create_app(engine))
        people = some_customers(engine, 60) + [f"visitor {number}" for number in range(40)]
        for customer in people:
            list_of(client, customer, k=6)
        engine.plain_log.flush()
        log = served_places(engine.store.database, plain=True)
    out = workspace / "shown.json"
    assert command(workspace, "--json", str(out)) == 0
    told = json.loads(out.read_text())
    assert (told["lists"], told["customers"], told["places"]) == (100, 100, len(log))
    assert told["fallbacks"] == {"none": 0.6, "popular": 0.4}
    assert told["shown"] == log["variant_id"].nunique()
    assert told["spread"]["coverage"] == told["shown"] / told["offered"]
    kinds = {kind["by"]: kind for kind in told["by_customers"]}
    assert set(kinds) == {"fallback", "region", "activity", "group", "class"}
    assert [row["customers"] for row in kinds["fallback"]["groups"]] == [60, 40]
    for kind in kinds.values():
        assert sum(row["lists"] for row in kind["groups"]) == 100
        assert all(row["customers"] >= 10 for row in kind["groups"])
    unknown = next(row for row in kinds["activity"]["groups"] if row["group"] == "0")
    assert unknown["rates"]["personal"]["value"] < 0.2  # a few have events without an order
    assert {kind["by"] for kind in told["by_variants"]} >= {"popularity", "category"}
    said = capsys.readouterr().out
    assert "Lists by fallback" in said
    assert "Variants by category" in said
    for customer in people:
        assert customer not in said + out.read_text()


def test_responses_count_once_their_days_are_over(workspace: Path) -> None:
    variants = ["v1", "v2"]
    lists = [one(number, f"c{number}", variants) for number in range(40)]
    fresh = NOW - timedelta(days=1)
    lists += [one(100 + number, f"c{number}", variants, at=fresh) for number in range(3)]
    clicks = [
        LiveEvent(event_id=f"e{number}", customer_id=f"c{number}", variant_id="v2", kind="click",
                  at=THEN + timedelta(days=1))
        for number in range(10)
    ]  # fmt: skip
    logged(workspace, lists, clicks)
    found = report(workspace)
    assert found["responses"]["waiting"] == 3
    assert found["rates"]["responding"]["value"] == 10 / 40


def test_days_columns_and_groups_are_chosen(workspace: Path) -> None:
    lists = [
        one(number, f"c{number}", ["v1"], at=THEN + timedelta(days=number % 4),
            experiment="e" if number % 2 else None, arm="x" if number % 2 else None)
        for number in range(80)
    ]  # fmt: skip
    logged(workspace, lists)
    assert report(workspace)["lists"] == 80
    day = THEN.date()
    assert report(workspace, since=day + timedelta(days=1))["lists"] == 60
    assert report(workspace, until=day + timedelta(days=1))["lists"] == 40
    assert report(workspace, since=day, until=day)["lists"] == 20
    found = report(workspace, by=("arm",), variants_by=("style_id", "style_id"))
    (arms,) = found["by_customers"]
    assert [row["group"] for row in arms["groups"]] == ["e/x", "no experiment"]
    assert [kind["by"] for kind in found["by_variants"]] == ["style_id"]
    assert sum(row["exposure"] for row in found["by_variants"][0]["groups"]) == pytest.approx(1)
    with pytest.raises(NotReady, match="other days"):
        report(workspace, since=day + timedelta(days=9))
    with pytest.raises(Invalid, match=r"regoin.*region"):
        report(workspace, by=("regoin",))
    with pytest.raises(Invalid, match="category"):
        report(workspace, variants_by=("categry",))
    with pytest.raises(NotReady, match="atelier groups"):
        report(workspace, by=("group",))


def test_few_customers_are_told_of_together_or_not_at_all(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lists = [one(number, f"c{number}", ["v1"], policy="thompson") for number in range(12)]
    lists += [one(20 + number, f"d{number}", ["v2"]) for number in range(4)]
    logged(workspace, lists)
    (kind,) = report(workspace, by=("policy",))["by_customers"]
    assert [(row["group"], row["customers"]) for row in kind["groups"]] == [("other groups", 16)]
    assert kind["merged"] == 2  # or all less the large group would tell of the small one
    assert command(workspace, "--by", "policy") == 0
    assert "fewer than 10 customers stand in 'other groups'" in capsys.readouterr().out


def test_nothing_is_told_by_group_of_fewer_than_ten(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logged(workspace, [one(number, f"c{number}", ["v1"]) for number in range(9)])
    assert report(workspace, by=("policy", "activity"))["hidden"] == ["policy", "activity"]
    assert command(workspace, "--by", "policy") == 0
    assert "Not told by policy" in capsys.readouterr().out


def test_an_empty_log_says_which_setting_to_set(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(workspace) == 1
    said = capsys.readouterr().err
    assert "log_lists" in said
    assert "atelier.toml" in said


def test_lists_of_before_say_nothing_of_what_stood_in(workspace: Path) -> None:
    logged(workspace, [one(number, f"c{number}", ["v1"], fallback=None) for number in range(12)])
    found = report(workspace)
    assert found["fallbacks"] == {"not known": 1.0}
    assert "personal" not in found["rates"]


def test_a_category_that_a_region_hardly_sees_is_found(workspace: Path) -> None:
    """The planted unfairness, from orders and lists to the figures."""
    opened = Workspace.open(workspace)
    table, orders = opened.read(VARIANTS), opened.read(ORDERS)
    people = orders["customer_id"].dropna().unique().tolist()
    assert len(people) >= 60
    half = {person: "north" if place % 2 else "south" for place, person in enumerate(people)}
    orders["region"] = orders["customer_id"].map(half).astype("str")
    opened.write({"orders": orders})
    first, second = table["category"].unique()[:2]
    ids = {one: table.loc[table["category"] == one, "variant_id"].tolist()
           for one in (first, second)}  # fmt: skip
    random = np.random.default_rng(0)
    lists = []
    for number, person in enumerate(people):
        chance = 0.2 if half[person] == "north" else 0.5
        kinds = np.where(random.random(4) < chance, first, second)
        lists.append(one(number, person, [str(random.choice(ids[kind])) for kind in kinds]))
    logged(workspace, lists)
    (kind,) = report(workspace, by=("region",), variants_by=("category",))["by_customers"]
    gaps = {gap["of"]: gap for gap in kind["gaps"]}
    assert gaps[f"category={first}"]["lowest"] == "north"
    assert gaps[f"category={first}"]["ratio"]["high"] < 1
