"""Versions are kept whole or not at all, and the last one kept is the latest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data.kept import digest_of, keep, kept, latest


def writing(text: str, name: str = "one") -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / "text").write_text(text)
        return name

    return write


def test_what_is_kept_last_is_the_latest(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert latest(home) is None
    assert kept(home, "text") == ()
    folder = keep(home, writing("a"))
    assert (folder / "text").read_text() == "a"
    keep(home, writing("b", "two"))
    assert latest(home) == "two"
    assert kept(home, "text") == ("one", "two")
    assert kept(home, "other") == ()
    keep(home, writing("a"))
    assert latest(home) == "one"


def test_a_name_that_is_kept_stays_unless_it_is_to_be_made_anew(tmp_path: Path) -> None:
    keep(tmp_path, writing("a"))
    assert (keep(tmp_path, writing("b")) / "text").read_text() == "a"
    assert (keep(tmp_path, writing("b"), anew=True) / "text").read_text() == "b"


def test_a_write_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    keep(tmp_path, writing("a"))

    def write(folder: Path) -> str:
        (folder / "text").write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        keep(tmp_path, write, anew=True)
    assert latest(tmp_path) == "one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "one"]
    assert (tmp_path / "one" / "text").read_text() == "a"


def test_another_user_may_read(tmp_path: Path) -> None:
    folder = keep(tmp_path, writing("a"))
    assert folder.stat().st_mode & 0o055 == 0o055
    assert (tmp_path / "latest").stat().st_mode & 0o044 == 0o044


def test_a_digest_is_that_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert digest_of(tmp_path / "empty").startswith("e3b0c44298fc1c149afbf4c8996fb924")
