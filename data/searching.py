"""Which files of a folder hold a text, byte by byte, looked for by a process of its own.

    <- {"folder": …, "texts": [...]}     on stdin: arguments of a process are there for all to read
    -> [path, …]                         relative to the folder, on stdout

A workspace's folder holds its SQLite store. Who closes one of a store's files gives up all locks
that his process has on it, those of its connections included (fcntl(2); "How To Corrupt An SQLite
Database File", 2.2), so that others write where they must not. Hence a process without connections.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from data.errors import WorkspaceError

_PART: Final = 1 << 20


def files_with(folder: Path, texts: set[str]) -> list[Path]:
    """Files below a folder that hold one of some texts, in the order of their paths. O(bytes).

    Args:
        folder: where to look.
        texts: what to look for, in UTF-8.

    Raises:
        WorkspaceError: the folder could not be looked through.
    """
    asked = json.dumps({"folder": str(folder.resolve()), "texts": sorted(texts)})
    done = subprocess.run(
        [sys.executable, "-P", "-m", "data.searching"],
        input=asked,
        capture_output=True,
        encoding="ascii",
        check=False,
    )
    if done.returncode:
        raise WorkspaceError(
            "The files of the folder cannot be looked through.",
            where=str(folder),
            fix="Make them readable for whoever runs this, then try again.",
        )
    return [folder / name for name in json.loads(done.stdout)]


def _search(folder: Path, texts: list[str]) -> Iterator[Path]:
    sought = [text.encode("utf-8", "surrogatepass") for text in texts]
    longest = max(map(len, sought), default=0)
    for path in sorted(folder.rglob("*")):
        if not sought or not path.is_file():
            continue
        tail = b""
        try:
            with path.open("rb") as file:
                while part := file.read(_PART):
                    block = tail + part
                    if any(text in block for text in sought):
                        yield path.relative_to(folder)
                        break
                    tail = block[-longest:]
        except FileNotFoundError:  # gone since it was listed, as drafts go
            continue


def _main() -> None:
    asked = json.load(sys.stdin)
    found = _search(Path(asked["folder"]), asked["texts"])
    json.dump([str(path) for path in found], sys.stdout)


if __name__ == "__main__":
    _main()
