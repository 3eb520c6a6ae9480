"""A variant mix that was asked for before is to the byte the one that the route gives anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import Response

from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.service.known_mixes import MOST_BYTES, MixesGiven
from api.service.plans import Edition, Version
from api.settings import load_settings
from data.tables import ORDERS
from data.workspace import Workspace
from tests.api.client import Client

PATH = "/v1/variant-mix"
QUERIES = ("", "?format=csv", "?format=csv&level=styles", "?format=html", "?level=styles")


@pytest.fixture
def engine(market: Path, tmp_path: Path) -> Iterator[Engine]:
    root = Path(shutil.copytree(str(market), tmp_path / "workspace"))
    with open_engine(root, load_settings(root, ready_lists=0)) as engine:
        yield engine


def counted(engine: Engine) -> list[object]:
    """Each report that the route makes from now on."""
    made: list[object] = []
    report = engine.plans.report

    def told(*args: object, **options: object) -> bytes:
        made.append(args)
        return report(*args, **options)  # type: ignore[arg-type]  # passed on as they came

    engine.plans.report = told  # type: ignore[method-assign]  # counts, and changes nothing
    return made


def test_what_was_asked_before_is_the_same_to_the_byte(engine: Engine) -> None:
    client, made = Client(create_app(engine)), counted(engine)
    client.get(PATH)  # builds the report
    asked = [(query, accept) for query in QUERIES for accept in ("text/html", "application/json")]
    first = [client.get(PATH + query, headers={"accept": accept}) for query, accept in asked]
    before = len(made)
    again = [client.get(PATH + query, headers={"accept": accept}) for query, accept in asked]
    assert len(made) == before
    for one, other in zip(first, again, strict=True):
        assert other.content == one.content
        fixed = [{**dict(each.headers), "x-request-id": ""} for each in (one, other)]
        assert fixed[0] == fixed[1]


def test_orders_so_far_are_told_anew_and_refusals_are_not_kept(engine: Engine) -> None:
    client, made = Client(create_app(engine)), counted(engine)
    for _ in range(2):
        assert client.get(f"{PATH}?live=true").status_code == 200
        assert client.get(f"{PATH}?format=csv&level=none").status_code == 422
        assert client.get(f"{PATH}?plan_id=none").status_code == 404
    assert len(made) == 6


def test_another_plan_is_seen_at_once(engine: Engine) -> None:
    client = Client(create_app(engine))
    old = [client.get(f"{PATH}?format=json").json() for _ in range(3)]
    plan_id = client.post("/v1/plans", json={"horizon": 2}).json()["plan_id"]
    assert plan_id not in str(old)
    for _ in range(3):
        assert plan_id in client.get(f"{PATH}?format=json").text


def test_another_plan_that_was_asked_for_between_changes_nothing(engine: Engine) -> None:
    client = Client(create_app(engine))
    latest = engine.plans.latest().plan_id
    expected = client.get(f"{PATH}?format=csv").content
    other = client.post("/v1/plans", json={"horizon": 2}).json()["plan_id"]
    for _ in range(2):
        assert client.get(f"{PATH}?format=csv&plan_id={latest}").content == expected
        assert client.get(f"{PATH}?format=csv&plan_id={other}").content != expected
        assert client.get(f"{PATH}?format=csv").content != expected


def test_the_answers_kept_stay_within_their_bytes() -> None:
    given, edition = MixesGiven(), Edition(Version("plan", ()), 1)
    scopes = [{"query_string": b"%d" % number, "headers": []} for number in range(5)]
    for scope in scopes:
        given.keep(scope, edition, Response(b"x" * (MOST_BYTES // 4)))
    assert [given.get(scope, edition) is None for scope in scopes] == [True] + [False] * 4
    assert given.get(scopes[1], edition._replace(built=2)) is None
    assert given.get(scopes[1], edition._replace(version=Version("plan", (None,)))) is None
    given.keep(scopes[1], edition, Response(b"x" * (MOST_BYTES + 1)))
    assert all(given.get(scope, edition) is None for scope in scopes)


def test_demand_is_read_as_the_workspace_says(market: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(str(market), tmp_path / "workspace"))
    with open_engine(root, load_settings(root, ready_lists=0)) as engine:
        restored = Client(create_app(engine)).get(PATH).json()["gap_over_time"]
    (root / "atelier.toml").write_text('[demand]\nrestore = "none"\n')
    with open_engine(root, load_settings(root, ready_lists=0)) as engine:
        sold = Client(create_app(engine)).get(PATH).json()["gap_over_time"]
    assert [one["demand"] for one in restored] != [one["demand"] for one in sold]
    orders = Workspace.open(root).read(ORDERS)
    assert sum(one["demand"] or 0 for one in sold) <= orders["quantity"].clip(lower=0).sum()
