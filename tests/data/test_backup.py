"""Backups of a workspace in use, and what is made from them."""

from __future__ import annotations

import json
import shutil
import tarfile
import threading
from collections.abc import Callable
from io import BytesIO
from itertools import count
from pathlib import Path

import pandas as pd
import pytest

from data.backup import MANIFEST, STORE, back_up, restore
from data.errors import BackupRefused, OutOfCapacity, WorkspaceError
from data.ledger import Ledger
from data.store.database import open_database
from data.tables import VARIANTS
from data.workspace import Workspace
from tests.data.ledger.shop import Clock, key, open_shop, units

VARIANT = pd.DataFrame({"variant_id": ["007"], "style_id": ["S"]})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "shop")
    made.write({"variants": VARIANT})
    version = made.root / "models" / "one"
    version.mkdir(parents=True, exist_ok=True)
    (version / "weights.npz").write_bytes(b"\x00" * 10_000)
    (made.root / "models" / "current").write_text("one\n")
    (made.root / "models" / ".lock").touch()
    (made.root / "signing.key").write_bytes(b"secret")
    (made.root / "signing.key").chmod(0o600)
    return made


def url_of(workspace: Workspace) -> str:
    return f"sqlite:///{workspace.root / STORE}"


def test_a_link_is_told_not_left_out(workspace: Workspace, tmp_path: Path) -> None:
    large = tmp_path / "large_disk"
    shutil.move(workspace.root / "models", large)
    (workspace.root / "models").symlink_to(large)
    with pytest.raises(BackupRefused, match="link") as refusal:
        back_up(workspace, None, tmp_path / "shop.tar")
    assert str(workspace.root / "models") in refusal.value.where
    assert not list(tmp_path.glob("*.tar*"))


def test_a_backup_under_load_restores_an_exact_ledger(workspace: Workspace, tmp_path: Path) -> None:
    ledger = open_shop(url_of(workspace), Clock(), saw=100_000)
    stop, names, held = threading.Event(), count(), []

    def writes() -> None:
        while not stop.is_set():
            held.append(ledger.hold(units(3), request=key(f"k{next(names)}")).order_id)

    writers = [threading.Thread(target=writes) for _ in range(4)]
    for writer in writers:
        writer.start()
    try:
        counts = []
        for number in range(3):
            while len(held) < 20 * (number + 1):
                stop.wait(0.01)
            before = list(held)
            database = open_database(url_of(workspace), 5.0)
            back_up(workspace, database, tmp_path / f"{number}.tar")
            database.close()
            counts.append((before, tmp_path / f"{number}.tar"))
    finally:
        stop.set()
        for writer in writers:
            writer.join()
        ledger.close()
    assert len(held) > len(counts[-1][0])  # they went on
    for number, (before, archive) in enumerate(counts):
        root = tmp_path / f"restored{number}"
        restore(archive, root)
        again = Ledger(database=open_database(f"sqlite:///{root / STORE}", 5.0), clock=Clock())
        assert again.miscounted() == []
        assert again.verify_audit().faults == ()
        [saw] = again.free("saw", [units(1).lines[0].needs[0].day])
        assert saw.held % 3 == 0
        assert 3 * len(before) <= saw.held <= 3 * len(held)
        assert saw.free + saw.held == 100_000
        for order_id in before:  # what was answered before the backup is in it
            assert again.order(order_id).state == "held"
        with pytest.raises(OutOfCapacity):
            again.hold(units(saw.free + 1), request=key("more"))
        again.close()


def test_everything_but_locks_comes_back(workspace: Workspace, tmp_path: Path) -> None:
    done = back_up(workspace, None, tmp_path / "a.tar")
    assert not done.store
    assert restore(tmp_path / "a.tar", tmp_path / "b") == done
    again = Workspace.open(tmp_path / "b")
    pd.testing.assert_frame_equal(again.read(VARIANTS), workspace.read(VARIANTS))
    assert (again.root / "models" / "current").read_text() == "one\n"
    assert (again.root / "models" / "one" / "weights.npz").read_bytes() == b"\x00" * 10_000
    assert (again.root / "signing.key").stat().st_mode & 0o777 == 0o600
    assert not (again.root / "models" / ".lock").exists()
    assert (tmp_path / "a.tar").stat().st_mode & 0o777 == 0o600
    assert again.digest() == workspace.digest()


def test_a_workspace_without_tables_comes_back(tmp_path: Path) -> None:
    empty = Workspace.create(tmp_path / "empty")
    back_up(empty, None, tmp_path / "a.tar")
    restore(tmp_path / "a.tar", tmp_path / "b")
    again = Workspace.open(tmp_path / "b")
    again.write({"variants": VARIANT})
    assert again.read(VARIANTS)["variant_id"].tolist() == ["007"]


def test_pointers_are_read_before_what_they_name(workspace: Workspace, tmp_path: Path) -> None:
    back_up(workspace, None, tmp_path / "a.tar")
    with tarfile.open(tmp_path / "a.tar") as tar:
        names = tar.getnames()
    assert names.index("models/current") < names.index("models/one/weights.npz")
    assert names[-1] == MANIFEST


def test_what_is_in_the_way_is_left_alone(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(workspace, None, tmp_path / "a.tar")
    content = (tmp_path / "a.tar").read_bytes()
    with pytest.raises(BackupRefused, match="already"):
        back_up(workspace, None, tmp_path / "a.tar")
    assert (tmp_path / "a.tar").read_bytes() == content
    with pytest.raises(WorkspaceError):
        restore(tmp_path / "a.tar", workspace.root)
    monkeypatch.setattr("data.workspace.PATIENCE", 0.1)
    with workspace.locked(), pytest.raises(WorkspaceError, match="Another process"):
        back_up(workspace, None, tmp_path / "b.tar")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "shop"]


def test_a_store_in_postgresql_is_refused_plainly(workspace: Workspace, tmp_path: Path) -> None:
    database = open_database("postgresql://nobody@127.0.0.1:1/none", 1.0)
    with pytest.raises(BackupRefused, match="PostgreSQL") as refusal:
        back_up(workspace, database, tmp_path / "a.tar")
    assert "--without-store" in refusal.value.fix
    assert not (tmp_path / "a.tar").exists()
    database.close()


def flipped(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[content.index(b"\x00" * 9_000) + 4_000] ^= 1
    archive.write_bytes(content)


def cut(archive: Path) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])


def no_tar(archive: Path) -> None:
    archive.write_bytes(b"hello")


def with_member(name: str, kind: bytes = tarfile.REGTYPE) -> Callable[[Path], None]:
    def add(archive: Path) -> None:
        with tarfile.open(archive, "a") as tar:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info, BytesIO(b""))

    return add


def other_version(archive: Path) -> None:
    manifest = json.dumps({"format": 99, "files": {}}).encode()
    with tarfile.open(archive, "w") as tar:
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(manifest)
        tar.addfile(info, BytesIO(manifest))


@pytest.mark.parametrize(
    "spoil",
    [
        flipped, cut, no_tar, other_version, with_member("more"), with_member("../evil"),
        with_member("/evil"), with_member("models/link", tarfile.SYMTYPE),
    ],
)  # fmt: skip
def test_a_spoilt_archive_restores_nothing(
    workspace: Workspace, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    archive = tmp_path / "a.tar"
    back_up(workspace, None, archive)
    spoil(archive)
    with pytest.raises(BackupRefused):
        restore(archive, tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "shop"]


def test_a_damaged_store_is_not_restored(workspace: Workspace, tmp_path: Path) -> None:
    open_shop(url_of(workspace), Clock()).close()
    database = open_database(url_of(workspace), 5.0)
    back_up(workspace, database, tmp_path / "a.tar")
    database.close()
    with tarfile.open(tmp_path / "a.tar") as tar:
        assert STORE in tar.getnames()
        assert not [name for name in tar.getnames() if name.endswith(("-wal", "-shm"))]
    shutil.rmtree(workspace.root)
    assert restore(tmp_path / "a.tar", workspace.root).store
