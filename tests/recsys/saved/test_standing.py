"""Which version stands for one that was written anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.workspace import Workspace
from recsys.saved.saving import locked
from recsys.saved.standing import FILE, stand_for, standing

A, B, C = (f"20240601-popularity-{digit * 12}" for digit in "abc")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "shop")
    (made.root / "models" / C).mkdir(parents=True)
    return made


def write(workspace: Workspace, *pairs: tuple[str, str]) -> None:
    models = workspace.root / "models"
    with locked(models):
        for old, new in pairs:
            stand_for(models, old, new)


def test_what_took_a_versions_place_is_found_over_any_number_of_steps(workspace: Workspace) -> None:
    assert [standing(workspace, one) for one in (A, B, C)] == [A, B, C]
    write(workspace, (A, B))
    assert standing(workspace, A) == B
    write(workspace, (B, C))
    assert [standing(workspace, one) for one in (A, B, C)] == [C, C, C]


def test_a_version_that_is_there_stands_for_itself(workspace: Workspace) -> None:
    write(workspace, (C, A), (A, C))
    assert standing(workspace, C) == C
    assert standing(workspace, A) == C


def test_a_file_that_turns_in_circles_or_says_nothing_ends(workspace: Workspace) -> None:
    write(workspace, (A, B), (B, A))
    assert standing(workspace, A) in {A, B}
    file = workspace.root / "models" / FILE
    file.write_bytes(b"\xff\n\n" + A.encode())  # as a crash leaves it
    assert standing(workspace, A) == A
    write(workspace, (A, C))
    assert standing(workspace, A) == C
    file.write_text(f"{A} ../../tables\n")
    assert standing(workspace, A) == A
    assert standing(workspace, "../../tables") == "../../tables"
