"""The customer's page in a real browser: compose, be told why not, see the price, by keys alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from api.choices import learn_and_save
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.settings import load_settings
from data.ledger import Order, RequestKey
from data.store.api_keys import make_key
from data.workspace import Workspace
from production.configuration.products import FOLDER, add_products
from tests.api.browsing import browsing, needs_chromium, serving, too_wide, visiting
from tests.api.test_products import FILES, composed, many_pairs

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def engine(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    root = Path(shutil.copytree(market, tmp_path_factory.mktemp("page") / "workspace"))
    workspace = Workspace.open(root)
    workspace.write({"configurations": composed(60)})
    add_products(workspace, FILES)
    learn_and_save(workspace, load_settings(root))
    (root / FOLDER / "P.uvl").write_text(many_pairs(20))
    with open_engine(root, load_settings(root)) as engine:
        yield engine


@pytest.fixture(scope="module")
def address(engine: Engine) -> Iterator[str]:
    with serving(create_app(engine)) as address:
        yield address


def option(page: Page, name: str) -> Locator:
    return page.locator(f"#options [data-option='{name}']")


def press(page: Page, *names: str) -> None:
    for name in names:
        page.locator(f"#options [data-option='{name}']").click()
        expect(page.locator(f"#options [data-option='{name}']")).to_have_attribute(
            "aria-pressed", "true"
        )


@pytest.fixture
def shirt(browser: Browser, address: str) -> Iterator[Page]:
    with visiting(browser, f"{address}/configure/SH001") as page:
        expect(page.locator("#total")).to_have_text("€79.00")
        yield page


def test_a_shirt_is_composed_and_priced(shirt: Page) -> None:
    expect(shirt.locator("h1")).to_have_text("Anise shirt")
    expect(shirt.locator("#missing")).to_have_text("Still to choose: Colour, Size, Collar, Cuffs.")
    press(shirt, "white", "M", "plain-collar", "double-cuffs", "monogram")
    shirt.get_by_label("letters").fill("3")
    shirt.get_by_label("letters").press("Enter")
    expect(shirt.locator("#total")).to_have_text("€105.50")
    expect(shirt.locator("#missing")).to_have_text("Everything is chosen that has to be.")
    rows = shirt.locator("#items tr").all_inner_texts()
    assert [row.replace("\t", " ") for row in rows] == [
        "Anise shirt €79.00",
        "double cuffs €8.00",
        "monogram €9.00",
        "monogram (once) €5.00",
        "letters \N{MULTIPLICATION SIGN} 3 €4.50",
    ]
    shirt.get_by_label("Quantity").fill("10")
    shirt.get_by_label("Quantity").press("Enter")
    expect(shirt.locator("#total")).to_have_text("€959.50")
    expect(shirt.locator("#live")).to_have_attribute("aria-live", "polite")


def test_what_comes_with_a_choice_and_what_it_rules_out_is_shown(shirt: Page) -> None:
    press(shirt, "horn-buttons")
    expect(option(shirt, "long-fit")).to_contain_text("included")
    expect(option(shirt, "double-cuffs")).to_contain_text("not with your choices")
    press(shirt, "blue")
    expect(option(shirt, "contrast-collar")).to_contain_text("not with your choices")
    # white is ruled out by blue alone: it can be had in its place, and is not shown as excluded
    expect(option(shirt, "white")).not_to_contain_text("not with your choices")
    press(shirt, "white")
    expect(option(shirt, "blue")).to_have_attribute("aria-pressed", "false")
    expect(option(shirt, "contrast-collar")).not_to_contain_text("not with your choices")
    option(shirt, "horn-buttons").click()
    expect(option(shirt, "long-fit")).to_have_attribute("aria-pressed", "false")


def test_a_conflict_is_explained_and_undone(shirt: Page) -> None:
    press(shirt, "M", "double-cuffs")
    option(shirt, "horn-buttons").click()
    conflict = shirt.get_by_role("alert").filter(has_text="That does not go together")
    expect(conflict).to_contain_text("horn buttons cannot be had together with double cuffs.")
    conflict.get_by_text("The rules behind it").click()
    expect(conflict.locator("code")).to_have_text('"double-cuffs" => !"horn-buttons"')
    conflict.get_by_role("button", name="Leave it as it was").click()
    expect(conflict).to_be_hidden()
    expect(option(shirt, "double-cuffs")).to_have_attribute("aria-pressed", "true")
    option(shirt, "horn-buttons").click()
    conflict.get_by_role("button", name="Take horn buttons and give up double cuffs").click()
    expect(option(shirt, "horn-buttons")).to_have_attribute("aria-pressed", "true")
    expect(option(shirt, "double-cuffs")).to_contain_text("not with your choices")
    expect(option(shirt, "M")).to_have_attribute("aria-pressed", "true")


def test_a_number_that_cannot_be_had_is_refused_with_what_can(shirt: Page) -> None:
    press(shirt, "monogram")
    expect(shirt.locator("#hint-letters")).to_have_text("can be from 1 to 4")
    shirt.get_by_label("letters").fill("9")
    shirt.get_by_label("letters").press("Enter")
    expect(shirt.locator("#conflict")).to_contain_text("letters = 9 cannot be had.")
    shirt.keyboard.press("Escape")
    expect(shirt.get_by_label("letters")).to_have_value("")
    shirt.get_by_label("letters").fill("4")
    shirt.get_by_label("letters").press("Enter")
    expect(shirt.locator("#items")).to_contain_text("letters \N{MULTIPLICATION SIGN} 4")
    option(shirt, "monogram").click()  # its number goes with it
    expect(shirt.locator("#total")).to_have_text("€79.00")


def test_likely_choices_come_first_and_can_be_taken(shirt: Page) -> None:
    likely = shirt.locator("#likely")
    expect(likely.get_by_role("button")).to_have_count(5)
    above = likely.bounding_box()
    below = shirt.locator("#options").bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] < below["y"]
    first = likely.get_by_role("button", name="gift box")
    expect(first).to_contain_text("% choose it")
    first.click()
    expect(option(shirt, "gift-box")).to_have_attribute("aria-pressed", "true")
    expect(likely.get_by_role("button", name="gift box")).to_have_count(0)


def test_by_keyboard_alone(shirt: Page) -> None:
    def reach(name: str) -> None:
        for _ in range(60):
            shirt.keyboard.press("Tab")
            if shirt.evaluate("document.activeElement.dataset.option") == name:
                return
        pytest.fail(f"{name} cannot be reached")

    reach("double-cuffs")
    shirt.keyboard.press("Space")
    expect(option(shirt, "double-cuffs")).to_have_attribute("aria-pressed", "true")
    reach("horn-buttons")
    shirt.keyboard.press("Enter")
    expect(shirt.locator("#conflict")).to_be_focused()
    shirt.keyboard.press("Escape")
    expect(option(shirt, "horn-buttons")).to_be_focused()
    shirt.keyboard.press("Enter")
    expect(shirt.locator("#conflict")).to_be_focused()
    shirt.keyboard.press("Tab")
    shirt.keyboard.press("Enter")
    expect(option(shirt, "horn-buttons")).to_have_attribute("aria-pressed", "true")
    expect(option(shirt, "horn-buttons")).to_be_focused()


def test_a_configuration_stands_in_the_address(browser: Browser, address: str) -> None:
    with visiting(browser, f"{address}/configure/SH001#blue&letters=2") as page:
        expect(option(page, "monogram")).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_label("letters")).to_have_value("2")
        press(page, "M")
        page.reload()
        expect(option(page, "M")).to_have_attribute("aria-pressed", "true")
        assert page.url.endswith("#blue&letters%3D2&M")
    for strange in ("blue&white", "nothing", "%E0%A4%A"):
        with visiting(browser, f"{address}/configure/SH001#{strange}") as page:
            expect(page.locator("#total")).to_have_text("€79.00")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_stands_out_at_either_width(
    browser: Browser, address: str, width: int, *, dark: bool
) -> None:
    with visiting(browser, f"{address}/configure/SH001", width=width, dark=dark) as page:
        press(page, "white", "double-cuffs", "monogram")
        option(page, "horn-buttons").click()
        expect(page.locator("#conflict")).to_be_visible()
        assert too_wide(page) == []
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(20, 24, 27)") == dark


def test_a_large_model_is_loaded_piece_by_piece(browser: Browser, address: str) -> None:
    with visiting(browser, f"{address}/configure/P") as page:
        expect(page.locator("#total")).to_have_text("not known")
        expect(page.locator("#options [data-option]")).to_have_count(640)
        press(page, "a3")
        expect(option(page, "b3")).to_contain_text("not with your choices")


def test_an_unknown_style_is_told_with_the_nearest(browser: Browser, address: str) -> None:
    with visiting(browser, f"{address}/configure/SH01") as page:
        expect(page.get_by_role("alert")).to_contain_text("Did you mean 'SH001'?")
        expect(page.locator("#composing")).to_be_hidden()


def test_where_keys_are_asked_for_the_page_asks_for_one(browser: Browser, workspace: Path) -> None:
    add_products(Workspace.open(workspace), FILES)
    with open_engine(workspace, load_settings(workspace)) as engine:
        now = datetime.now(UTC).replace(tzinfo=None)
        key = make_key(engine.store, "web shop", "shop", now=now)[1]
        with (
            serving(create_app(engine)) as address,
            visiting(browser, f"{address}/configure/SH001") as page,
        ):
            field = page.get_by_label("Key")
            expect(field).to_be_focused()
            field.fill("atelier_wrong")
            field.press("Enter")
            expect(page.locator("#key-why")).to_contain_text("This key does not count.")
            expect(page.locator("#key-why")).not_to_contain_text("Bearer")
            field.fill(key)
            field.press("Enter")
            expect(page.locator("#total")).to_have_text("€79.00")
            page.reload()
            expect(page.locator("#total")).to_have_text("€79.00")
            assert key not in page.url
            assert page.evaluate("localStorage.length") == 0


@pytest.fixture
def ordering(engine: Engine) -> Engine:
    """The engine with capacity for custom orders from today on."""
    today = engine.ordering.today()
    hours = {"cutting": 8_000, "sewing": 4_000, "fabric": 20_000}
    engine.ordering.ledger.set_capacity(
        [
            (name, today + timedelta(days=number), amount)
            for name, amount in hours.items()
            for number in range(60)
        ],
        actor="test",
    )
    return engine


WHOLE = ("white", "M", "plain-collar", "single-cuffs")


def test_an_order_is_quoted_held_confirmed_and_cancelled(ordering: Engine, shirt: Page) -> None:
    quote = shirt.get_by_role("button", name="Get a quote")
    expect(quote).to_be_disabled()
    press(shirt, *WHOLE, "monogram")
    expect(quote).to_be_disabled()  # its letters are not said
    shirt.get_by_label("letters").fill("2")
    shirt.get_by_label("letters").press("Enter")
    expect(shirt.locator("#date")).to_contain_text("Ready to ship by")
    quote.click()
    offer = shirt.locator("#quote")
    expect(offer).to_be_focused()
    expect(offer).to_contain_text("€96.00")
    expect(offer.get_by_role("button", name="3 days sooner without monogram")).to_be_visible()
    offer.get_by_role("button", name="Hold it for me").click()
    order = shirt.locator("#order")
    expect(order).to_be_focused()
    expect(order.get_by_role("heading")).to_have_text("Held for you")
    expect(order).to_contain_text("€96.00")
    expect(order).to_contain_text("ready to ship by")
    held = order_of(ordering, shirt)
    assert (held.state, held.lines[0].price) == ("held", "96.00")
    order.get_by_role("button", name="Confirm the order").click()
    expect(order.get_by_role("heading")).to_have_text("Ordered")
    assert order_of(ordering, shirt).state == "confirmed"
    shirt.reload()
    expect(order.get_by_role("heading")).to_have_text("Ordered")
    order.get_by_role("button", name="Cancel the order").click()
    expect(order.get_by_role("heading")).to_have_text("Cancelled")
    assert order_of(ordering, shirt).state == "cancelled"
    order.get_by_role("button", name="Put it away").click()
    expect(order).to_be_hidden()


def test_what_is_had_sooner_can_be_taken_with_one_press(ordering: Engine, shirt: Page) -> None:
    press(shirt, *WHOLE, "monogram")
    shirt.get_by_label("letters").fill("2")
    shirt.get_by_label("letters").press("Enter")
    shirt.get_by_role("button", name="Get a quote").click()
    shirt.locator("#quote").get_by_role("button", name="sooner without monogram").click()
    expect(option(shirt, "monogram")).to_have_attribute("aria-pressed", "false")
    expect(shirt.locator("#total")).to_have_text("€79.00")
    expect(shirt.locator("#quote")).to_have_count(0)  # it was for other choices


@pytest.mark.parametrize("shipped", [1, 19, 20])
def test_how_promises_were_kept_is_said_once_there_are_enough(
    ordering: Engine, shirt: Page, shipped: int
) -> None:
    past = {"kept": 0.75, "based_on": shipped, "days_late": 2}

    def learned(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"reliability": past})

    shirt.route("**/v1/quotes", learned)
    press(shirt, *WHOLE)
    shirt.get_by_role("button", name="Get a quote").click()
    offer = shirt.locator("#quote")
    expect(offer).to_contain_text("Ready to ship by")
    said = offer.get_by_text("75 % of the last 20 orders were ready in time.")
    expect(said).to_have_count(1 if shipped == 20 else 0)
    expect(offer.get_by_text("in time")).to_have_count(1 if shipped == 20 else 0)


def test_an_order_whose_answer_is_lost_is_held_once(ordering: Engine, shirt: Page) -> None:
    press(shirt, *WHOLE)
    shirt.get_by_role("button", name="Get a quote").click()
    keys: list[str | None] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) == 1:
            route.fetch()  # the service gets it, the page hears nothing
            route.abort()
        else:
            route.continue_()

    shirt.route("**/v1/orders", lose)
    shirt.get_by_role("button", name="Hold it for me").click()
    expect(shirt.locator("#failure")).to_contain_text("does not answer")
    shirt.get_by_role("button", name="Hold it for me").click()
    expect(shirt.locator("#order").get_by_role("heading")).to_have_text("Held for you")
    assert keys[0] == keys[1]
    held = order_of(ordering, shirt)
    assert ordering.ordering.ledger.miscounted() == []
    assert held.version == 1


def test_a_quote_whose_day_is_over_makes_room_for_a_new_one(
    ordering: Engine, shirt: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = ordering.settings.promise.model_copy(update={"quote_minutes": 30 * 24 * 60})
    long = ordering.settings.model_copy(update={"promise": days})
    monkeypatch.setattr(ordering.ordering, "settings", long)
    press(shirt, *WHOLE)
    shirt.get_by_role("button", name="Get a quote").click()
    hold = shirt.get_by_role("button", name="Hold it for me")
    expect(hold).to_be_visible()
    later = ordering.ordering.clock() + timedelta(days=20)
    monkeypatch.setattr(ordering.ordering, "clock", lambda: later)
    hold.click()
    expect(shirt.locator("#failure")).to_contain_text("promised day is over")
    expect(shirt.locator("#failure")).to_contain_text("Ask for a new quote.")
    expect(hold).to_have_count(0)
    again = shirt.get_by_role("button", name="Get a quote")
    expect(again).to_be_focused()
    again.click()
    expect(hold).to_be_visible()


def test_an_order_that_changed_elsewhere_is_shown_as_it_is(ordering: Engine, shirt: Page) -> None:
    press(shirt, *WHOLE)
    shirt.get_by_role("button", name="Get a quote").click()
    shirt.get_by_role("button", name="Hold it for me").click()
    expect(shirt.locator("#order").get_by_role("heading")).to_have_text("Held for you")
    held = order_of(ordering, shirt)
    request = RequestKey(scope="test", key=held.order_id, digest="x")
    ordering.ordering.ledger.cancel(held.order_id, version=1, request=request)
    shirt.get_by_role("button", name="Confirm the order").click()
    expect(shirt.locator("#failure")).to_be_visible()
    expect(shirt.locator("#order").get_by_role("heading")).to_have_text("Cancelled")


def test_where_no_capacity_is_stated_the_page_says_so(browser: Browser, workspace: Path) -> None:
    add_products(Workspace.open(workspace), FILES)
    with (
        open_engine(workspace, load_settings(workspace)) as engine,
        serving(create_app(engine)) as address,
        visiting(browser, f"{address}/configure/SH001") as page,
    ):
        press(page, *WHOLE)
        expect(page.locator("#date")).to_have_text("Made in 7 days. No date can be promised yet.")
        page.get_by_role("button", name="Get a quote").click()
        expect(page.locator("#failure")).to_contain_text("capacity")


def order_of(engine: Engine, page: Page) -> Order:
    """The order that the page shows, as the ledger holds it."""
    order_id = page.evaluate("sessionStorage.getItem('atelier.order.SH001')")
    return engine.ordering.ledger.order(order_id)
