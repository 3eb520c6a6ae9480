"""Folders kept in a workspace: one folder a version, whole or not there, and which is the latest.

    <home>/<name>/   the version's files
    <home>/latest    the name that was kept last

A version is written beside, put on the disk and then renamed, so that whoever reads finds all of it
or nothing. Models have their own store (`recsys.saved`), which signs what it keeps.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def keep(home: Path, write: Callable[[Path], str], *, anew: bool = False) -> Path:
    """Write a version and make it the latest.

    Args:
        home: where versions lie; made if it is not there.
        write: writes the version's files into a folder and says the version's name.
        anew: put it in the place of a version of the same name; else that one stays.

    Returns:
        The version's folder.
    """
    home.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=home))
    try:
        folder = home / write(draft)
        if anew or not folder.is_dir():
            draft.chmod(0o755)
            for path in (*draft.iterdir(), draft):
                to_disk(path)
            shutil.rmtree(folder, ignore_errors=True)
            draft.rename(folder)
            to_disk(home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    handle, pointer = tempfile.mkstemp(prefix=".latest-", dir=home)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(folder.name + "\n")
    Path(pointer).chmod(0o644)
    Path(pointer).replace(home / "latest")
    return folder


def latest(home: Path) -> str | None:
    """The name of the version that was kept last; None where there is none."""
    pointer = home / "latest"
    return pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else None


def kept(home: Path, file: str) -> tuple[str, ...]:
    """Names of the versions that hold a file of that name, ascending."""
    folders = home.iterdir() if home.is_dir() else ()
    return tuple(sorted(one.name for one in folders if (one / file).is_file()))


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_disk(path: Path) -> None:
    """Let a file, or the names in a folder, outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
