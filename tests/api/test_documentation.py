"""Every command, flag, route, role, code, metric and setting is in the docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

import pytest
import typer
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from api.cli import app
from api.lists import AskedBoost, AskedRules, ListRequest
from api.service.access import role_of
from api.service.problems import STATUS
from api.service.routes import ROUTERS
from api.settings import Settings
from data.errors import AtelierError
from recsys.lists.reasons import Kind
from recsys.lists.recommendation import Fallback
from tests.paths import ROOT

DOCS = ROOT / "docs"


def commands(command: object, path: str = "atelier") -> Iterator[tuple[str, list[str]]]:
    """Each command's path and its flags."""
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from commands(inner, f"{path} {name}")
        if not command.invoke_without_command:  # type: ignore[attr-defined]  # a group has it
            return
    flags = [
        max(parameter.opts, key=len)
        for parameter in command.params  # type: ignore[attr-defined]  # a click command has them
        if parameter.param_type_name == "option" and "--help" not in parameter.opts
    ]
    yield path, flags


COMMANDS = list(commands(typer.main.get_command(app)))
METRICS = ("counters", "metrics")
ROUTES = [route for router in ROUTERS for route in router.routes]


def section(path: str) -> str:
    """The part of docs/cli.md under the heading of a command."""
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    heading = f"## {path}\n"
    assert heading in text, f"docs/cli.md has no section '{path}'"
    return text.split(heading, maxsplit=1)[1].split("\n## ", maxsplit=1)[0]


@pytest.mark.parametrize(("path", "flags"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_every_command_and_flag_is_documented(path: str, flags: list[str]) -> None:
    text = section(path)
    assert [flag for flag in flags if f"`{flag}" not in text] == []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_route_is_documented(route: object) -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    for method in route.methods:  # type: ignore[attr-defined]  # an API route has them
        assert f"`{method} {route.path_format}" in text  # type: ignore[attr-defined]


def row(text: str, cell: str) -> str:
    """The table row of docs/api.md that begins with a cell."""
    return next(line for line in text.splitlines() if line.startswith(f"| {cell}"))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_the_role_of_every_route_is_documented(route: object) -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    for method in route.methods:  # type: ignore[attr-defined]  # an API route has them
        name = f"`{method} {route.path_format}`"  # type: ignore[attr-defined]
        line = next(one for one in text.splitlines() if one.startswith("| `") and name in one)
        declared = role_of(route.openapi_extra, "")  # type: ignore[attr-defined]
        assert line.split(" | ")[1] == declared


@pytest.mark.parametrize(("kind", "status"), STATUS, ids=[kind.code for kind, _ in STATUS])
def test_the_status_of_every_code_is_documented(kind: type[AtelierError], status: int) -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    assert f"`{kind.code}`" in row(text, f"{status} | ")


def test_every_metric_is_documented() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    source = "".join((ROOT / "api" / "service" / f"{one}.py").read_text() for one in METRICS)
    names = set(re.findall(r'"(atelier_[a-z_]+)"', source))
    assert len(names) > 12
    assert [name for name in sorted(names) if f"| `{name}" not in text] == []


def parameters(dependant: Dependant) -> Iterator[str]:
    """The query parameters of a route and of what it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from parameters(inner)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_parameter_is_documented(route: object) -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    names = set(parameters(route.dependant))  # type: ignore[attr-defined]  # an API route has it
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


@pytest.mark.parametrize("model", [AskedRules, AskedBoost, ListRequest])
def test_every_field_of_a_list_request_is_documented(model: type[BaseModel]) -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    assert [name for name in model.model_fields if f"`{name}`" not in text] == []


@pytest.mark.parametrize("kind", [*get_args(Kind), *get_args(Fallback)])
def test_every_kind_of_reason_and_fallback_is_documented(kind: str) -> None:
    assert f"`{kind}`" in (DOCS / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert f"| `{name}` | `ATELIER_{name.upper()}`" in text


@pytest.mark.parametrize("table", ["demand", "economics", "explore", "promise", "risk"])
def test_every_setting_of_a_table_is_documented(table: str) -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    inner = text.split(f"| in `[{table}]` |", maxsplit=1)[1].split("\n\n", maxsplit=1)[0]
    for name in type(getattr(Settings(), table)).model_fields:
        assert f"| `{name}` |" in inner
