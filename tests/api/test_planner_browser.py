"""The planner's page in a real browser: by keyboard, in dark and light, on a phone and a desk."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.settings import load_settings
from data.store.api_keys import make_key
from production.report.shown import DASH, MINUS
from tests.api.browsing import browsing, needs_chromium, serving, too_wide, visiting

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def engine(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    root = shutil.copytree(str(market), tmp_path_factory.mktemp("desk") / "workspace")
    with open_engine(Path(root), load_settings(Path(root), ready_lists=0)) as engine:
        yield engine


@pytest.fixture(scope="module")
def service(engine: Engine) -> Iterator[str]:
    with serving(create_app(engine)) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


def press(page: Page, key: str, times: int) -> None:
    for _ in range(times):
        page.keyboard.press(key)


def colour(page: Page) -> tuple[int, ...]:
    said: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return tuple(int(part) for part in said[4:-1].split(","))


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_every_page_fits_a_phone_and_a_desk_in_dark_and_light(
    browser: Browser, service: str, engine: Engine, width: int, dark: bool
) -> None:
    style = engine.plans.built(engine.plans.latest()).styles(1, several=True)[0]
    customer = engine.snapshot().recommender.interactions.customers[0]
    with visiting(browser, service, width=width, dark=dark) as page:
        expect(page.get_by_role("heading", level=1)).to_contain_text("What to make")
        for name in ("Resources, and what if", "Plan against orders so far", "Mix by style"):
            expect(page.get_by_role("heading", name=name)).to_be_visible()
        assert (max(colour(page)) < 100) is dark
        assert too_wide(page) == []
        for one in page.locator("details").all():
            one.evaluate("(one) => { one.open = true; }")
        assert too_wide(page) == []
        for url in (f"style?id={style.style_id}", f"customer?id={customer}", "search?q=s"):
            page.goto(f"{service}/planner/{url}")
            assert too_wide(page) == [], url


def test_a_slider_plans_again_in_place_by_keyboard_and_reset_undoes_it(
    browser: Browser, service: str
) -> None:
    with visiting(browser, service) as page:
        before = page.locator("#resources").inner_html()
        slider = page.get_by_role("slider").first
        slider.focus()
        press(page, "ArrowLeft", 6)
        told = page.get_by_role("status").first
        expect(told).to_contain_text(f"Profit {MINUS}")
        assert f"{MINUS}30 %" in (slider.get_attribute("aria-valuetext") or "")
        resource = slider.get_attribute("data-resource")
        row = page.locator(f'#resources tr[data-resource="{resource}"]')
        expect(row.locator("[data-capacity] .was")).to_be_visible()
        change = page.locator('[data-figure="units"] [data-change]')
        assert change.inner_text().startswith(MINUS)
        expect(page.locator("#moved tbody tr").first).to_be_visible()
        page.keyboard.press("Tab")
        while page.evaluate("document.activeElement.id") != "reset":
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(told).to_have_text("As planned.")
        assert page.locator("#resources").inner_html() == before
        expect(page.locator("#moved")).to_be_hidden()
        assert page.evaluate("document.activeElement.type") == "range"


def test_a_promotion_of_a_style_raises_its_units(browser: Browser, service: str) -> None:
    with visiting(browser, service) as page:
        page.locator("#scope").select_option(index=1)
        chosen = page.locator("#scope").input_value()
        page.locator("#depth").focus()
        page.keyboard.press("ArrowLeft")
        page.locator("#lift").focus()
        press(page, "ArrowRight", 20)
        moved = page.locator("#moved tbody tr", has=page.locator(f'a[href$="={chosen}"]'))
        expect(moved.locator("td.moved")).to_contain_text("+")
        assert page.locator('[data-figure="profit"] [data-change]').inner_text() != DASH


def test_what_a_what_if_says_of_its_comparison_is_shown_as_text(
    browser: Browser, service: str
) -> None:
    said = ["The plan was made by <b>week</b>.", "<img src=x onerror=alert(1)>"]

    def told(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"notes": said})

    with visiting(browser, service) as page:
        notes = page.locator("#notes")
        expect(notes).to_be_hidden()
        page.route("**/what-if", told)
        page.get_by_role("slider").first.fill("-40")
        expect(notes.locator("li")).to_have_text(said)
        expect(notes).to_be_visible()
        assert notes.locator("b, img").count() == 0
        assert too_wide(page) == []


def test_an_answer_that_comes_late_never_overwrites_a_newer_one(
    browser: Browser, service: str
) -> None:
    first, released = threading.Event(), []

    def slow(route: Route) -> None:
        if not first.is_set():  # the first answer is held back until the second has come
            first.set()
            released.append(route)
        else:
            route.continue_()

    with visiting(browser, service) as page:
        page.route("**/what-if", slow)
        slider = page.get_by_role("slider").first
        # set at once: keys that come slowly, on a busy machine, would be several questions
        with page.expect_request("**/what-if"):
            slider.fill("-40")
        with page.expect_response("**/what-if"):
            slider.fill("5")
        told = page.get_by_role("status").first
        expect(told).to_contain_text("Profit")
        kept = told.inner_text()
        for route in released:
            route.abort() if page.is_closed() else route.continue_()
        page.wait_for_timeout(300)
        assert told.inner_text() == kept


def test_what_cannot_be_planned_is_said_and_the_plan_stands(browser: Browser, service: str) -> None:
    with visiting(browser, service) as page:
        problem = {"detail": "What must be made takes 9 of 'sewing'.", "do": "Give it more."}
        page.route("**/what-if", lambda route: route.fulfill(status=422, json=problem))
        page.get_by_role("slider").first.focus()
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#wrong")).to_have_text(f"{problem['detail']} {problem['do']}")
        expect(page.locator('[data-figure="profit"] [data-after]')).to_have_text(DASH)


def test_the_search_is_used_by_keyboard_and_leads_to_a_customer_with_reasons(
    browser: Browser, service: str, engine: Engine
) -> None:
    customer = str(engine.snapshot().recommender.interactions.customers[0])
    with visiting(browser, service) as page:
        page.keyboard.press("/")
        page.keyboard.type(customer)
        link = page.locator("#findings").get_by_role("link", name=customer, exact=True)
        expect(link).to_be_visible()
        while not link.evaluate("(one) => one === document.activeElement"):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Escape")
        expect(page.locator("#findings")).to_be_hidden()
        page.keyboard.press("Enter")  # without the list, the form's own page of results
        page.wait_for_url("**/planner/search**")
        page.get_by_role("link", name=customer, exact=True).press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Customer {customer}")
        expect(page.locator(".list > li").first.locator(".why li").first).to_be_visible()


def test_a_slash_leads_from_a_slider_to_the_search_and_is_a_letter_there(
    browser: Browser, service: str
) -> None:
    with visiting(browser, service) as page:
        page.get_by_role("slider").first.focus()
        press(page, "/", 2)
        expect(page.locator("#q")).to_be_focused()
        expect(page.locator("#q")).to_have_value("/")


def test_a_variant_that_is_linked_to_stands_out(
    browser: Browser, service: str, engine: Engine
) -> None:
    rows = engine.plans.built(engine.plans.latest()).variants
    last = rows.iloc[-1]
    with visiting(browser, f"{service}/planner/search?q={last['variant_id']}") as page:
        page.locator(f'#results a[href$="#{last["variant_id"]}"]').click()
        expect(page.locator("tr:target")).to_contain_text(last["variant_id"])


def test_the_excel_report_is_a_click_away(browser: Browser, service: str) -> None:
    with visiting(browser, service) as page:
        with page.expect_download() as download:
            page.get_by_role("link", name="Excel").click()
        assert download.value.suggested_filename == "variant-mix.xlsx"
        assert Path(download.value.path()).read_bytes()[:2] == b"PK"


def test_signing_in_and_out_with_a_key(browser: Browser, market: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(market, tmp_path / "workspace"))
    with open_engine(root, load_settings(root, ready_lists=0)) as engine:
        moment = datetime.now(UTC).replace(tzinfo=None)
        _, key = make_key(engine.store, "desk", "planner", now=moment)
        with serving(create_app(engine)) as url, visiting(browser, url) as page:
            page.get_by_label("API key").fill("atelier_wrong")
            page.keyboard.press("Enter")
            expect(page.get_by_role("alert")).to_contain_text("does not count")
            page.get_by_label("API key").fill(key)
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", level=1)).to_contain_text("What to make")
            assert page.evaluate("document.cookie") == ""  # no script can read it
            page.get_by_role("slider").first.focus()
            page.keyboard.press("ArrowRight")
            expect(page.get_by_role("status").first).to_contain_text("Profit")
            with page.expect_download():
                page.get_by_role("link", name="Excel").click()
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
