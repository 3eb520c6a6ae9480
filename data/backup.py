"""A workspace in one file, taken while it is in use, and made anew from that file.

The archive is a plain tar: the workspace's files, the store as `atelier.db`, and last of all
`manifest.json` with the size and SHA-256 of each. It takes its name only once it is whole.

What it holds is of one moment each: tables while their lock is held, so that no import swaps them;
saved models, plans and forecasts, which never change, after the pointers that name the current
ones; the store in one read of SQLite's online backup, beside writers that go on.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from data.errors import BackupRefused, StoreError
from data.kept import digest_of, to_disk
from data.store.database import Database
from data.workspace import FOLDERS, Workspace, check_free

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DISKS_OWN: Final = "lost+found"
"""What the root of a disk has that is mounted into a workspace."""

STORE: Final = "atelier.db"
MOST_FILES: Final = 1_000_000
MOST_MANIFEST: Final = 500_000_000
"""Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """What an archive holds.

    Attributes:
        files: how many files.
        size: their bytes.
        store: whether the store is among them.
    """

    files: int
    size: int
    store: bool


def back_up(workspace: Workspace, database: Database | None, archive: Path) -> BackedUp:
    """Write a workspace into an archive, which others may read only if this one's mask lets them.

    Args:
        workspace: what to keep; it may be served and written meanwhile.
        database: its store; None to leave the store out.
        archive: the new file; it must not be there.

    Raises:
        BackupRefused: the file is there already, the store lies in PostgreSQL, or a link or a file
            that cannot be read lies in the workspace.
        WorkspaceError: an import is changing the tables.
        StoreError: the store cannot be read.
    """
    if archive.exists():
        raise BackupRefused(
            "The file is there already.", where=str(archive), fix="Name a new file."
        )
    if database is not None and database.is_postgresql:
        raise BackupRefused(
            "The store lies in PostgreSQL, whose own tools back it up.",
            where="database_url",
            fix="Take a pg_dump, then back up the rest with --without-store.",
        )
    partial = archive.with_name(f".{archive.name}.partial")
    try:
        with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
            copy = None if database is None else _copy_of(database, Path(folder) / STORE)
            partial.touch(mode=0o600)
            with tarfile.open(partial, "w") as tar, workspace.locked():
                entries = dict(_add_files(tar, workspace.root, copy))
                _add_manifest(tar, entries)
        to_disk(partial)
        partial.rename(archive)
        to_disk(archive.parent)
    except FileNotFoundError as error:
        raise BackupRefused(
            "A file went away while it was read.",
            where=str(error.filename),
            fix="Somebody removes or replaces saved versions: try again.",
        ) from error
    except PermissionError as error:
        raise BackupRefused(
            "A file of the workspace cannot be read.",
            where=str(error.filename),
            fix="Back up as the user who serves the workspace.",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    size = sum(entry["size"] for entry in entries.values())
    return BackedUp(files=len(entries), size=size, store=copy is not None)


def restore(archive: Path, root: Path) -> BackedUp:
    """Make a workspace from an archive; it appears once every byte is checked, or not at all.

    Raises:
        BackupRefused: the archive is none, cut off, or altered.
        WorkspaceError: the folder holds something.
    """
    check_free(root)
    partial = root.parent / f".{root.resolve().name}.restored"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        try:
            with tarfile.open(archive, "r:") as tar:
                found = {one.name: one for one in _members(tar, archive)}
                entries = _manifest(tar, found, archive)
                for name, entry in entries.items():
                    _unpack(tar, found[name], entry, partial / name)
        except tarfile.TarError as error:
            raise _refused(archive, "is no archive of a workspace, or is cut off") from error
        for folder in FOLDERS:  # an archive has files alone
            (partial / folder).mkdir(exist_ok=True)
        Workspace.open(partial)
        _check_store(partial / STORE)
        partial.chmod(0o755)
        if root.is_dir():
            root.rmdir()
        partial.rename(root)
        to_disk(root.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    size = sum(entry["size"] for entry in entries.values())
    return BackedUp(files=len(entries), size=size, store=STORE in entries)


def _copy_of(database: Database, path: Path) -> Path | None:
    """The store as it is at one moment; writers go on meanwhile. None where there is none yet.

    Raises:
        StoreError: it cannot be read.
    """
    database_file = Path(database.engine.url.database or "")
    if not database_file.is_file():
        return None
    try:
        source, target = sqlite3.connect(database_file), sqlite3.connect(path)
        try:
            source.backup(target)  # all pages in one read transaction
            target.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        finally:
            target.close()
            source.close()
    except sqlite3.Error as error:
        raise StoreError(
            "The store cannot be read.", where=str(database_file), fix="Run 'atelier doctor'."
        ) from error
    return path


def _files(root: Path) -> Iterator[Path]:
    """What a workspace keeps: pointers before what they name, no lock, no draft, no store."""
    for path in sorted(root.iterdir(), key=lambda one: (one.is_dir(), one.name)):
        if path.name.startswith((".", STORE)) or path.name == DISKS_OWN:
            continue
        if path.is_symlink():
            raise BackupRefused(
                "A link lies in the workspace; what it leads to would be left out.",
                where=str(path),
                fix="Put the file or folder itself there, or mount it there.",
            )
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _add_files(
    tar: tarfile.TarFile, root: Path, store: Path | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in _files(root):
        name = path.relative_to(root).as_posix()
        yield name, _add(tar, path, name)
    if store is not None:
        yield STORE, _add(tar, store, STORE)


def _add(tar: tarfile.TarFile, path: Path, name: str) -> dict[str, Any]:
    with path.open("rb") as file:
        info = tar.gettarinfo(arcname=name, fileobj=file)
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        reading = _Hashing(file)
        tar.addfile(info, reading)
    return {"size": info.size, "sha256": reading.digest.hexdigest()}


class _Hashing:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        content = self._file.read(size)
        self.digest.update(content)
        return content


def _add_manifest(tar: tarfile.TarFile, entries: dict[str, dict[str, Any]]) -> None:
    content = json.dumps({"format": FORMAT, "files": entries}, indent=1).encode()
    info = tarfile.TarInfo(MANIFEST)
    info.size, info.mode = len(content), 0o600
    tar.addfile(info, BytesIO(content))


def _members(tar: tarfile.TarFile, archive: Path) -> Iterator[tarfile.TarInfo]:
    """The archive's entries: plain files that lie inside the workspace, at most MOST_FILES."""
    for number, one in enumerate(tar):
        path = PurePosixPath(one.name)
        if not one.isreg() or path.is_absolute() or ".." in path.parts or number > MOST_FILES:
            raise _refused(archive, f"holds {one.name[:100]!a}, which no backup writes")
        yield one


def _manifest(
    tar: tarfile.TarFile, found: dict[str, tarfile.TarInfo], archive: Path
) -> dict[str, dict[str, Any]]:
    """By name, size and digest of what the archive must hold, exactly."""
    last = found.get(MANIFEST)
    file = None if last is None or last.size > MOST_MANIFEST else tar.extractfile(last)
    if file is None:
        raise _refused(archive, "has no manifest: it is cut off, or no backup")
    try:
        manifest = json.loads(file.read())
        entries: dict[str, dict[str, Any]] = manifest["files"]
        told = {name: (int(one["size"]), str(one["sha256"])) for name, one in entries.items()}
        known = manifest["format"] == FORMAT
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _refused(archive, "has a manifest that cannot be read") from error
    if not known:
        raise _refused(archive, "is of another version of Atelier")
    if told.keys() != found.keys() - {MANIFEST}:
        raise _refused(archive, "does not hold what its manifest says")
    return entries


def _unpack(
    tar: tarfile.TarFile, member: tarfile.TarInfo, entry: dict[str, Any], path: Path
) -> None:
    """Write one file, and check it as it lies on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source = tar.extractfile(member)
    with path.open("wb") as file:
        if source is not None:
            shutil.copyfileobj(source, file)
    path.chmod(member.mode & 0o600 | (member.mode & 0o044))
    to_disk(path)
    if (path.stat().st_size, digest_of(path)) != (entry["size"], entry["sha256"]):
        raise _refused(path, f"holds {member.name!a} with other bytes than were written")


def _check_store(path: Path) -> None:
    """Let SQLite look through a restored store, if there is one."""
    if not path.is_file():
        return
    try:
        store = sqlite3.connect(path)
        try:
            found = store.execute("PRAGMA integrity_check").fetchone()[0]
        finally:
            store.close()
    except sqlite3.Error as error:
        raise _refused(path, "is no store") from error
    if found != "ok":
        raise _refused(path, "is damaged")


def _refused(where: Path, what: str) -> BackupRefused:
    return BackupRefused(f"It {what}.", where=str(where), fix="Take another backup.")
