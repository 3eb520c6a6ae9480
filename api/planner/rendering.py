"""The planner's page as HTML: templates that escape every text, a style sheet and a script."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from production.report import page
from production.report.shown import FILTERS

HERE: Final = Path(__file__).parent

ASSETS: Final = {"planner.css": "text/css", "planner.js": "text/javascript"}
"""Files that the page loads from its own service, and their media types."""


@cache
def asset(name: str) -> bytes:
    """The content of one of ASSETS; the style sheet begins with the report's."""
    own = (HERE / name).read_bytes()
    return (page.HERE / "page.css").read_bytes() + own if name == "planner.css" else own


def render(template: str, *, planned: bool, **values: Any) -> str:
    """A page.

    Args:
        template: its name, without endings.
        planned: whether there is a plan, whose report can be loaded.
        values: what it shows.
    """
    return _environment().get_template(f"{template}.html.j2").render(values, planned=planned)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.globals["address"] = address
    return environment


@cache
def address(name: str) -> str:
    """Where an asset lies; another content has another address, so that browsers may keep it."""
    return f"/planner/{name}?v={hashlib.sha256(asset(name)).hexdigest()[:12]}"
