"""A real browser on a running service, for the tests of pages.

Playwright's own loop runs in the thread that starts it, where `asyncio.run`, and so `Client`,
cannot be used meanwhile: a module that browses asks over HTTP by the page's own means.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from api.service.server import bind

CHROMIUM: Final = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
"""Where the browser lies; None where there is none."""

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)"
)

SECONDS_TO_START: Final = 20.0


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of an app that is served on a free port of this machine meanwhile."""
    with bind("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until = time.monotonic() + SECONDS_TO_START
        while not server.started:
            assert thread.is_alive(), "the server ended before it began"
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(SECONDS_TO_START)


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser without a window; ask for `needs_chromium` first."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Watch:
    """What a page did that no page should.

    Attributes:
        outside: addresses that it asked for and that are not the service's.
        errors: what it threw, or wrote to the console as an error or a warning.
    """

    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def visiting(
    browser: Browser, url: str, *, width: int = 1280, height: int = 900, dark: bool = False
) -> Iterator[Page]:
    """A page of the service at an address, of which nothing may ask elsewhere or go wrong.

    Args:
        browser: that `browsing` gave.
        url: address of the service and path of the page.
        width: of the window, in CSS pixels.
        height: likewise.
        dark: whether the person prefers dark colours.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        service_workers="block",
    )
    context.set_default_timeout(10_000)
    page, watch = context.new_page(), Watch()
    _watch(page, watch, origin="/".join(url.split("/")[:3]))
    try:
        page.goto(url)
        yield page
    finally:
        context.close()
    assert watch == Watch(), watch


def _watch(page: Page, watch: Watch, *, origin: str) -> None:
    def requested(request: Request) -> None:
        if not request.url.startswith((f"{origin}/", "data:", "blob:")):
            watch.outside.append(request.url)

    def written(message: ConsoleMessage) -> None:
        # that an answer was a 4xx is written by the browser itself, whatever the page makes of it
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load"):
            watch.errors.append(message.text)

    page.on("request", requested)
    page.on("console", written)
    page.on("pageerror", lambda error: watch.errors.append(str(error)))


def too_wide(page: Page) -> list[str]:
    """What stands out to the right of the window, as tag, id and classes: nothing should."""
    found: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return [...document.body.querySelectorAll("*")]
            .filter((one) => one.getBoundingClientRect().right > width + 1)
            .map((one) => `${one.tagName} #${one.id} .${one.className}`).slice(0, 10);
        }"""
    )
    return found
