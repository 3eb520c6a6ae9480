"""The helpers that pages are tested with notice what they are there for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser

from tests.api.browsing import browsing, needs_chromium, serving, too_wide, visiting

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<img src='http://192.0.2.1/x.png' alt=''>", "192.0.2.1"),
        ("<script>null.x</script>", "Cannot read properties of null"),
        ("<script>console.error('a mistake')</script>", "a mistake"),
    ],
)
def test_a_page_that_asks_elsewhere_or_goes_wrong_is_seen(
    browser: Browser, body: str, what: str
) -> None:
    app = FastAPI()
    head = "<!doctype html><link rel=icon href='data:,'>"
    app.get("/", response_class=HTMLResponse)(lambda: head + body)
    with (
        serving(app) as address,
        pytest.raises(AssertionError, match=what),
        visiting(browser, f"{address}/") as page,
    ):
        page.wait_for_timeout(50)


def test_what_stands_out_to_the_right_is_named(browser: Browser) -> None:
    app = FastAPI()
    head = "<!doctype html><link rel=icon href='data:,'>"
    wide = "<p id=wide style='width: 500px'>x</p>"
    app.get("/", response_class=HTMLResponse)(lambda: head + wide)
    with serving(app) as address:
        with visiting(browser, f"{address}/", width=390) as page:
            assert too_wide(page) == ["P #wide ."]
        with visiting(browser, f"{address}/") as page:
            assert too_wide(page) == []
