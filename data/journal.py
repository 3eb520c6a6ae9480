"""Records that are only ever added to: one JSON line each, on the disk before anybody relies on it.

A line that a crash cut off does not count, and the next one takes its place. Whoever adds a record
holds the file meanwhile, so that what it was decided on is still so when it is written.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from data.errors import RecordsRefused
from data.failpoints import reach
from data.kept import to_disk

Record = TypeVar("Record", bound=BaseModel)


def records(path: Path, kind: type[Record]) -> list[Record]:
    """The records of a file, oldest first; none where there is no file.

    Raises:
        RecordsRefused: a line is no record of that kind.
    """
    return _parsed(path, path.read_bytes(), kind) if path.is_file() else []


def append(path: Path, kind: type[Record], decide: Callable[[Sequence[Record]], Record]) -> Record:
    """Add the record that `decide` makes of those that are there.

    Args:
        path: the file, in a folder that exists; begun where there is none.
        kind: what its lines are.
        decide: given the records, says the next, or raises and nothing is added.

    Returns:
        The record; it is on the disk.

    Raises:
        RecordsRefused: a line is no record of that kind.
    """
    anew = not path.exists()
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        content = file.read()
        record = decide(_parsed(path, content, kind))
        file.truncate(content.rfind(b"\n") + 1)
        line: Mapping[str, Any] = record.model_dump(mode="json")
        file.write(json.dumps(line, sort_keys=True, ensure_ascii=False).encode() + b"\n")
        reach("record-written")
        file.flush()
        os.fsync(file.fileno())
    if anew:
        to_disk(path.parent)
    return record


def _parsed(path: Path, content: bytes, kind: type[Record]) -> list[Record]:
    whole = content[: content.rfind(b"\n") + 1].split(b"\n")[:-1]
    found = []
    for number, line in enumerate(whole, start=1):
        try:
            found.append(kind.model_validate_json(line))
        except ValidationError as error:
            raise RecordsRefused(
                f"A line is no record of this file: {error.errors(include_url=False)[0]['msg']}.",
                where=f"{path}, line {number}",
                fix="Restore the file from a copy.",
            ) from None
    return found
