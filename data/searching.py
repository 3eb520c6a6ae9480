"""Which files of a folder hold a text, byte by byte, looked for by a process of its own.

    <- {"folder": …, "texts": [...]}     on stdin: arguments of a process are there for all to read
    -> {"holding": [path, …], "unread": [path, …]}     relative to the folder, on stdout

A workspace's folder holds its SQLite store. Who closes one of a store's files gives up all locks
that his process has on it, those of its connections included (fcntl(2); "How To Corrupt An SQLite
Database File", 2.2), so that others write where they must not. Hence a process without connections.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PART: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a search, in the order of the paths.

    Attributes:
        holding: files that hold one of the texts.
        unread: files that could not be read.
    """

    holding: tuple[Path, ...]
    unread: tuple[Path, ...]


def files_with(folder: Path, texts: set[str]) -> Found:
    """Files below a folder that hold one of some texts. O(bytes).

    Args:
        folder: where to look.
        texts: what to look for, in UTF-8.

    Raises:
        CalledProcessError: the process was killed.
    """
    asked = json.dumps({"folder": str(folder.resolve()), "texts": sorted(texts)})
    done = subprocess.run(
        [sys.executable, "-P", "-m", "data.searching"],
        input=asked,
        capture_output=True,
        encoding="ascii",
        check=True,
    )
    told = json.loads(done.stdout)
    return Found(*(tuple(folder / name for name in told[kind]) for kind in ("holding", "unread")))


def _search(folder: Path, texts: list[str]) -> dict[str, list[str]]:
    sought = [text.encode("utf-8", "surrogatepass") for text in texts]
    found: dict[str, list[str]] = {"holding": [], "unread": []}
    for path in sorted(folder.rglob("*")) if sought else ():
        try:
            if path.is_file() and _holds(path, sought):
                found["holding"].append(str(path.relative_to(folder)))
        except FileNotFoundError:  # gone since it was listed, as drafts go
            continue
        except OSError:
            found["unread"].append(str(path.relative_to(folder)))
    return found


def _holds(path: Path, sought: list[bytes]) -> bool:
    tail, longest = b"", max(map(len, sought))
    with path.open("rb") as file:
        while part := file.read(_PART):
            block = tail + part
            if any(text in block for text in sought):
                return True
            tail = block[-longest:]
    return False


def _main() -> None:
    asked = json.load(sys.stdin)
    json.dump(_search(Path(asked["folder"]), asked["texts"]), sys.stdout)


if __name__ == "__main__":
    _main()
