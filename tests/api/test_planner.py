"""The planner's page over HTTP: what it says, escapes, forbids, and does without."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from urllib.parse import quote

import pytest

from api.planner.rendering import render
from api.planner.search import Finder
from api.planner.views import history_of
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.settings import load_settings
from api.work import plan_and_save
from data.store.api_keys import make_key
from data.store.served import served_places
from data.tables import VARIANTS
from data.workspace import Workspace
from production.plans.plan import Plan
from production.report import Report
from tests.api.client import Client
from tests.api.test_sessions import PEOPLE, now

NASTY = "<script>alert(1)</script>\"'&{{7*7}}"
STYLE = f"/planner/style?id={quote(NASTY)}"


def shown(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url, headers=PEOPLE)
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["cache-control"] == "no-store"
    assert " style=" not in response.text  # the policy would forbid it
    return response.text


def test_the_overview_shows_the_plan_its_gap_mix_resources_and_orders(
    client: Client, engine: Engine
) -> None:
    page = shown(client, "/")
    report = engine.plans.built(engine.plans.latest())
    assert report.plan.plan_id in page
    for style in report.styles(3, several=True):
        assert f'<span class="id">{style.style_id}</span>' in page
    for resource in report.plan.resources:
        assert f'data-resource="{resource.resource_id}"' in page
    assert "information gap today" in page
    assert "Plan against orders so far" in page
    assert 'href="/v1/variant-mix?format=xlsx"' in page
    assert page.count('class="fan"') >= len(report.styles(3, several=True)[0].variants)


def test_what_the_page_shows_is_computed_once_a_plan(
    client: Client, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shown(client, "/")
    with monkeypatch.context() as patched:
        patched.setattr("api.service.planner.overview_of", None)  # it would fail
        assert shown(client, "/") == first
    settings = load_settings(engine.workspace.root, horizon=2)
    plan = plan_and_save(engine.workspace, settings)
    assert plan.plan_id in shown(client, "/")


def test_a_styles_page_has_all_of_its_variants(client: Client, engine: Engine) -> None:
    style = engine.plans.built(engine.plans.latest()).styles(1, several=True)[0]
    page = shown(client, f"/planner/style?id={style.style_id}")
    assert [one for one in style.variants["variant_id"] if f'id="{one}"' not in page] == []
    assert "The plan has no style" in shown(client, "/planner/style?id=nothing", 404)


def test_a_customers_page_says_what_is_shown_and_why(client: Client, engine: Engine) -> None:
    recommender = engine.snapshot().recommender
    customer = str(recommender.interactions.customers[0])
    page = shown(client, f"/planner/customer?id={customer}")
    found = client.get(f"/v1/customers/{customer}/recommendations?k=12").json()
    for one in found["recommendations"]:
        assert one["variant_id"] in page
    taken, lines = history_of(recommender, customer)
    assert lines >= len(taken) > 0
    days = [one.day for one in taken]
    assert days == sorted(days, reverse=True)
    assert "knows no order of this customer" in shown(client, "/planner/customer?id=nobody")


def test_the_search_finds_styles_variants_and_customers(client: Client, engine: Engine) -> None:
    snapshot = engine.snapshot().recommender
    style, variant = snapshot.catalogue.styles[0], snapshot.catalogue.variants[0]
    assert f"/planner/style?id={style}" in shown(client, f"/planner/search?q={style.lower()}")
    assert f"#{variant}" in shown(client, f"/planner/search?q={variant}")
    customer = str(snapshot.interactions.customers[0])
    page = shown(client, f"/planner/search?q={customer[:3]}")
    assert f"/planner/customer?id={customer}" in page
    assert "Nothing holds" in shown(client, "/planner/search?q=zzzzzz")


def test_a_search_wants_every_word_and_is_bounded() -> None:
    variants = [f"S{place // 10}-{place}" for place in range(500)]
    styles = [one.split("-")[0] for one in variants]
    titles = [f"Coat {'red' if place % 2 else 'blue'}" for place in range(500)]
    finder = Finder(styles, variants, titles, {"S1": "Coat"})
    found = finder.find("RED s1-", customers=["1", "10", "2"])
    assert [one.variant_id for one in found.variants] == [
        "S1-11",
        "S1-13",
        "S1-15",
        "S1-17",
        "S1-19",
    ]
    found = finder.find("coat", [])
    assert (len(found.styles), found.all_styles) == (1, 1)
    assert (len(found.variants), found.all_variants) == (12, 500)
    found = finder.find("s", [f"s{place:02}" for place in range(20)])
    assert (len(found.styles), found.all_styles) == (8, 50)
    assert (len(found.customers), found.all_customers) == (8, 20)
    assert finder.find("1", ["0", "1", "10", "2"]).customers == ("1", "10")
    assert finder.find("  ", ["1"]).customers == ()


def test_a_search_says_how_many_there_are_of_which_it_shows_the_first() -> None:
    variants = [f"S{place // 10}-{place}" for place in range(130)]
    styles = [one.split("-")[0] for one in variants]
    found = Finder(styles, variants, variants, {}).find("s", ["s1"])
    page = render("search", planned=True, model=True, found=found)
    assert "For “s”: first 8 of 13 styles, first 12 of 130 variants, 1 customer." in page
    found = Finder(styles, variants, variants, {}).find("s1-11", [])
    page = render("search", planned=True, model=True, found=found)
    assert "For “s1-11”: 0 styles, 1 variant, 0 customers." in page


def test_hostile_names_are_text(workspace: Path) -> None:
    kept = Workspace.open(workspace)
    variants = kept.read(VARIANTS)
    variants["title"] = NASTY
    first = variants["style_id"].iloc[0]
    variants["style_id"] = variants["style_id"].where(variants["style_id"] != first, NASTY)
    kept.write({VARIANTS.name: variants})
    plan_and_save(kept, load_settings(workspace))
    with open_engine(workspace, load_settings(workspace)) as engine:
        client = Client(create_app(engine))
        for url in ("/", "/planner/search?q=%3Cscript", "/planner/customer?id=nobody", STYLE):
            page = shown(client, url)
            assert "<script>alert" not in page, url
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page or "customer" in url
            assert "{{7*7}}" in page or "customer" in url


def test_an_address_that_does_not_fit_is_told_as_a_page(client: Client) -> None:
    for url in ("/planner/customer", "/planner/style?id=", f"/planner/search?q={'a' * 101}"):
        assert "This address does not fit" in shown(client, url, 422)
        assert client.get(url).json()["code"] == "api.invalid"


def test_a_hostile_customer_or_query_is_text(client: Client) -> None:
    for url in ("/planner/customer?id=", "/planner/search?q=", "/planner/style?id="):
        response = client.get(url + "%3Cscript%3Ealert(1)%3C/script%3E", headers=PEOPLE)
        assert response.status_code < 500
        assert "<script>alert" not in response.text


def test_without_a_plan_or_a_model_the_page_says_what_to_run(workspace: Path) -> None:
    shutil.rmtree(workspace / "plans")
    with open_engine(workspace, load_settings(workspace)) as engine:
        client = Client(create_app(engine))
        page = shown(client, "/")
        assert "atelier plan" in page
        assert "atelier train" not in page
        variant = engine.snapshot().recommender.catalogue.variants[0]
        pages = [page, shown(client, "/planner/style?id=x", 503)]
        pages += [
            shown(client, f"/planner/{one}?{key}=x")
            for one, key in (("search", "q"), ("customer", "id"))
        ]
        assert [one for one in pages if "/v1/variant-mix" in one] == []  # there is no report yet
        assert variant in shown(client, f"/planner/search?q={variant}")
    shutil.rmtree(workspace / "models")
    with open_engine(workspace, load_settings(workspace)) as engine:
        client = Client(create_app(engine))
        page = shown(client, "/")
        assert page.index("atelier train") < page.index("atelier plan")
        assert "atelier train" in shown(client, "/planner/customer?id=x", 503)
        shown(client, "/planner/search?q=x")


def test_without_its_forecast_or_what_it_was_made_from_the_page_says_so(workspace: Path) -> None:
    shutil.rmtree(workspace / "forecasts")
    with open_engine(workspace, load_settings(workspace)) as engine:
        page = shown(Client(create_app(engine)), "/")
        assert "Orders can be compared once" in page


def test_who_needs_a_key_gets_a_form_and_programs_a_problem(engine: Engine) -> None:
    make_key(engine.store, "desk", "planner", now=now())
    client = Client(create_app(engine))
    for url in ("/", "/planner/style?id=x", "/planner/customer?id=x", "/planner/search?q=x"):
        page = shown(client, url, 401)
        assert 'id="sign-in"' in page
        assert "what-if" not in page
        assert client.get(url).json()["code"] == "api.no-key"
    for name in ("css", "js"):
        assert client.get(f"/planner/planner.{name}").status_code == 200


def test_its_files_may_be_kept_where_the_address_names_their_content(client: Client) -> None:
    page = shown(client, "/")
    for name, media in (("css", "text/css"), ("js", "text/javascript")):
        address = page.split(f"/planner/planner.{name}")[1].split('"')[0]
        response = client.get(f"/planner/planner.{name}{address}")
        assert response.headers["content-type"].startswith(media)
        assert "immutable" in response.headers["cache-control"]
        assert "cache-control" not in client.get(f"/planner/planner.{name}").headers


def test_a_view_that_takes_long_is_told_and_loads_itself_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, built = threading.Event(), engine.plans.built

    def slow(plan: Plan) -> Report:
        assert going.wait(20)
        return built(plan)

    monkeypatch.setattr(engine.plans, "built", slow)
    monkeypatch.setattr("api.service.planner.SECONDS_WAITED", 0.05)
    client = Client(create_app(engine))
    page = shown(client, "/", 503)
    assert 'http-equiv="refresh"' in page
    assert client.get("/").json()["code"] == "api.preparing"
    going.set()
    monkeypatch.setattr("api.service.planner.SECONDS_WAITED", 20.0)
    assert "What to make" in shown(client, "/")


def test_a_plan_that_cannot_be_read_is_told_and_read_again(workspace: Path) -> None:
    with open_engine(workspace, load_settings(workspace)) as engine:
        client = Client(create_app(engine))
        folder = workspace / "plans" / str(engine.plans.latest_id())
        header = (folder / "plan.json").read_text()
        (folder / "plan.json").write_text("{}")
        assert "altered or incomplete" in shown(client, "/", 503)
        (folder / "plan.json").write_text(header)
        assert "What to make" in shown(client, "/")


def test_a_plan_by_week_says_what_a_what_if_begins_with(workspace: Path) -> None:
    with open_engine(workspace, load_settings(workspace)) as engine:
        client = Client(create_app(engine))
        assert '<ul class="note" id="notes" hidden></ul>' in shown(client, "/")
        assert client.post("/v1/plans", json={"weekly": True}).status_code == 201
        page = shown(client, "/")
        assert '<ul class="note" id="notes"><li>The plan was made by week;' in page


def test_a_list_that_a_planner_looks_at_was_not_shown(workspace: Path) -> None:
    (workspace / "atelier.toml").write_text("[explore]\nshare = 0.2\n")
    with open_engine(workspace, load_settings(workspace)) as engine:
        client = Client(create_app(engine))
        customer = str(engine.snapshot().recommender.interactions.customers[0])
        shown(client, f"/planner/customer?id={customer}")
        assert not len(served_places(engine.store.database))
        client.get(f"/v1/customers/{customer}/recommendations?k=5")
        assert len(served_places(engine.store.database))


def test_a_customer_is_found_and_shown_by_the_shops_own_id(
    client: Client, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pseudonym = str(engine.snapshot().recommender.interactions.customers[0])

    def named(customer_id: str) -> str:
        return (
            pseudonym if customer_id == "Ann 7" else engine.workspace.pseudonyms().of(customer_id)
        )

    monkeypatch.setattr(engine, "customer_of", named)
    monkeypatch.setattr(engine.planner, "_customer_of", named)
    page = shown(client, "/planner/search?q=Ann%207")
    assert '<a href="/planner/customer?id=Ann%207">Ann 7</a>' in page
    page = shown(client, "/planner/customer?id=Ann%207")
    assert "Customer Ann 7" in page
    assert "order lines known" in page
    assert pseudonym not in page
