"""Looking for texts in files: where they are, and that a store's locks stay held meanwhile."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.searching import Found, files_with

CANARY = "canary-of-the-search"

TRIES_TO_WRITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.execute("BEGIN IMMEDIATE")
    print("took it")
except sqlite3.OperationalError as error:
    print(error)
"""


def test_every_file_that_holds_one_of_the_texts_is_found(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.bin").write_bytes(b"\x00\xff" + CANARY.encode())
    (tmp_path / "a.txt").write_text("M\u00fcnchen \u4e0a\u6d77", encoding="utf-8")
    (tmp_path / "c.txt").write_text("nothing")
    found = files_with(tmp_path, {CANARY, "\u4e0a\u6d77"})
    assert found == Found((tmp_path / "a.txt", tmp_path / "deep" / "b.bin"), ())
    assert files_with(tmp_path, set()) == Found((), ())


def test_a_text_across_two_reads_is_found(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"-" * ((1 << 20) - 5) + CANARY.encode())
    (tmp_path / "b").write_bytes(b"-" * (1 << 20))
    assert files_with(tmp_path, {CANARY}).holding == (tmp_path / "a",)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads whatever the mode says")
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(CANARY)
    (tmp_path / "a").chmod(0)
    assert files_with(tmp_path, {CANARY}) == Found((), (tmp_path / "a",))


@pytest.fixture
def writing(tmp_path: Path) -> Iterator[Path]:
    """A store in whose log a connection of this process writes."""
    path = tmp_path / "store.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO t VALUES (?)", (CANARY,))
    yield path
    connection.execute("COMMIT")
    connection.close()


def another_writes(path: Path) -> str:
    asked = [sys.executable, "-c", TRIES_TO_WRITE, str(path)]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def test_a_store_that_is_written_stays_locked(writing: Path) -> None:
    assert another_writes(writing) == "database is locked"
    files_with(writing.parent, {CANARY})
    assert another_writes(writing) == "database is locked"


def test_to_read_a_stores_files_here_would_let_its_locks_go(writing: Path) -> None:
    for path in writing.parent.iterdir():
        path.read_bytes()
    assert another_writes(writing) == "took it"
