"""House rules that every file keeps, read off the syntax trees."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.errors import AtelierError
from tests.paths import ROOT

FLOORS = ("data", "recsys", "production", "api")
SOURCES = sorted(path for room in FLOORS for path in (ROOT / room).rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def rooms_above(path: Path) -> set[str]:
    room = path.relative_to(ROOT).parts[0]
    return set(FLOORS[FLOORS.index(room) + 1 :])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_room_imports_one_that_stands_above_it(path: Path) -> None:
    upward = {name for name in imports_of(path) if name.split(".")[0] in rooms_above(path)}
    assert not upward


def test_the_direction_check_catches_an_upward_import() -> None:
    assert "api" in rooms_above(ROOT / "recsys" / "model.py")
    assert rooms_above(ROOT / "api" / "errors.py") == set()


UNSAFE = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_can_run_code_is_parsed(path: Path) -> None:
    assert not UNSAFE & {name.split(".")[0] for name in imports_of(path)}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "torch":
            assert "load" not in {alias.name for alias in node.names}  # it must be seen by its name
        if not isinstance(node, ast.Call):
            continue
        options = {word.arg: ast.unparse(word.value) for word in node.keywords}
        assert options.get("allow_pickle", "False") == "False"
        if ast.unparse(node.func) == "torch.load":
            assert options.get("weights_only") == "True"
        assert not ast.unparse(node.func).endswith("read_pickle")


def error_classes() -> list[type[AtelierError]]:
    for room in FLOORS:
        importlib.import_module(f"{room}.errors")
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if module.name.endswith("errors"):
                importlib.import_module(module.name)
    found, queue = [], [AtelierError]
    while queue:
        error = queue.pop()
        found.append(error)
        queue += error.__subclasses__()
    return found


def test_every_error_has_a_code_of_its_own_that_begins_with_its_room() -> None:
    errors = error_classes()
    codes = [error.code for error in errors]
    assert len(set(codes)) == len(codes)
    for error in errors:
        if error is not AtelierError:
            assert error.code.split(".")[0] == error.__module__.split(".")[0]


SHIPPED = [
    path
    for pattern in ("*.toml", "*.lock", "Makefile", ".ci/*", "docs/**/*.md", "README.md", "*.md")
    for path in ROOT.glob(pattern)
    if path.is_file()
]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_names_an_index_or_a_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # spelled in parts, so that this file does not name them either
    forbidden = [
        "py" + "pi.org",
        "python" + "hosted",
        "--index" + "-url",
        "--find" + "-links",
        "/wo" + "rk/",
    ]
    assert not [word for word in forbidden if word in text]


def test_the_lock_pins_every_dependency_exactly() -> None:
    lines = [
        line
        for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", line) for line in lines)
    pinned = {line.split("==")[0].lower() for line in lines}
    assert {"torch", "implicit", "faiss-cpu", "pandas", "scipy", "fastapi"} <= pinned
    assert "torch==2.13.0" in lines
