"""The workspace: what is written is there whole, whenever the process dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from data.errors import WorkspaceError
from data.tables import MARKET, ORDERS, VARIANTS
from data.workspace import Workspace
from tests.data import shop
from tests.paths import ROOT

SCRIPT = """
import sys
from pathlib import Path
from tests.data import shop
from tests.paths import ROOT
folder = Path(sys.argv[1])
shop.bring(folder, shop.mapping(shop.ORDERS), folder / sys.argv[2])
"""

NEW_POINTS = ("quarantine-written", "table-orders", "tables-written", "tables-away",
              "tables-swapped", "workspace-built")  # fmt: skip


def killed_at(point: str, folder: Path, file: str) -> None:
    """Import a file in another process that dies at a failpoint."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), file],
        env=os.environ | {"ATELIER_FAILPOINT": point},
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


def order_ids(folder: Path) -> list[str]:
    return list(Workspace.open(folder / "shop").read(ORDERS)["order_id"])


@pytest.mark.parametrize("point", NEW_POINTS)
def test_a_new_workspace_is_there_whole_or_not_at_all(point: str, tmp_path: Path) -> None:
    shop.put(tmp_path, "orders1.csv", shop.HEADER, "1,C,V,1,1,2024-05-01")
    killed_at(point, tmp_path, "orders1.csv")
    assert not (tmp_path / "shop").exists()
    shop.bring(tmp_path, shop.mapping(shop.ORDERS), tmp_path / "orders1.csv")
    assert order_ids(tmp_path) == ["1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["orders1.csv", "shop"]


@pytest.mark.parametrize(
    ("point", "there"),
    [
        ("quarantine-written", ["1"]),
        ("table-orders", ["1"]),
        ("tables-written", ["1"]),
        ("tables-away", ["1", "2"]),
        ("tables-swapped", ["1", "2"]),
    ],
)
def test_an_import_is_all_there_or_not_at_all(point: str, there: list[str], tmp_path: Path) -> None:
    mapped = shop.mapping(shop.ORDERS)
    shop.bring(
        tmp_path, mapped, shop.put(tmp_path, "orders1.csv", shop.HEADER, "1,C,V,1,1,2024-05-01")
    )
    second = shop.put(tmp_path, "orders2.csv", shop.HEADER, "2,C,V,1,1,2024-05-02")
    killed_at(point, tmp_path, second.name)
    assert order_ids(tmp_path) == there
    assert shop.bring(tmp_path, mapped, second).already == (there == ["1", "2"])
    assert order_ids(tmp_path) == ["1", "2"]
    folders = {path.name for path in (tmp_path / "shop").iterdir() if path.is_dir()}
    assert folders == {"tables", "models", "plans", "reports"}


def market(*days: str) -> pd.DataFrame:
    return pd.DataFrame({"date": pd.to_datetime(list(days)).astype("datetime64[us]")})


def test_tables_that_are_not_written_stay(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "shop")
    workspace.write({"market": market("2024-01-01")})
    first = workspace.digest()
    workspace.write({"variants": pd.DataFrame({"variant_id": ["a"]})})
    assert workspace.has(MARKET)
    assert workspace.has(VARIANTS)
    assert not workspace.has(ORDERS)
    assert workspace.digest() != first


def test_the_digest_is_the_same_for_the_same_tables(tmp_path: Path) -> None:
    digests = set()
    for name in ("a", "b"):
        workspace = Workspace.create(tmp_path / name)
        workspace.write({"market": market("2024-01-01", "2024-01-02")})
        digests.add(workspace.digest())
    assert len(digests) == 1


def test_two_writers_never_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.create(tmp_path / "shop")
    monkeypatch.setattr("data.workspace.PATIENCE", 0.1)
    with workspace.locked(), pytest.raises(WorkspaceError, match="Another process"):
        Workspace.open(tmp_path / "shop").write({"market": market("2024-01-01")})
    workspace.write({"market": market("2024-01-01")})
    assert len(workspace.read(MARKET)) == 1


def test_what_is_no_workspace_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no Atelier workspace"):
        Workspace.open(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(WorkspaceError, match="not empty"):
        Workspace.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("marker", ["", "{}", "[]", '{"format": 3}'])
def test_a_damaged_or_foreign_marker_is_told(tmp_path: Path, marker: str) -> None:
    workspace = Workspace.create(tmp_path / "shop")
    (workspace.root / "workspace.json").write_text(marker)
    with pytest.raises(WorkspaceError, match=r"marker|format"):
        Workspace.open(workspace.root)


def test_a_damaged_table_is_told(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "shop")
    workspace.write({"market": market("2024-01-01")})
    workspace.path(MARKET).write_bytes(b"PAR1 and then nothing")
    with pytest.raises(WorkspaceError, match="damaged"):
        workspace.read(MARKET)
    with pytest.raises(WorkspaceError, match="no table 'orders'"):
        workspace.read(ORDERS)
