"""The trials of a search on disk: one JSON line each, so that a search goes on where it stopped.

The first line says what is searched and on what; a journal of another search is refused. A trial
is on the disk before the next begins, and a line that a crash cut off does not count.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from data.failpoints import reach
from recsys.errors import JournalRefused


class Trial(BaseModel):
    """One finished trial."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    parameters: dict[str, int | FiniteFloat]
    """The hyperparameters tried, by dotted name."""

    figure: FiniteFloat | None
    """Mean of `figures`; None where the trial failed."""

    figures: list[FiniteFloat]
    """The metric at each origin."""

    failed: str = ""
    """Why it failed, such as a matrix that could not be inverted with these values."""


class Journal:
    """The finished trials of a search, oldest first; `append` keeps another one."""

    def __init__(self, trials: list[Trial], file: BufferedRandom | None) -> None:
        self.trials = trials
        self._file = file

    def append(self, trial: Trial) -> None:
        """Keep a finished trial; it is on the disk when this returns."""
        self.trials.append(trial)
        if self._file is not None:
            _write(self._file, trial.model_dump())
            reach("trial-kept")


@contextmanager
def open_journal(
    path: Path | None, search: Mapping[str, Any], *, restart: bool = False
) -> Iterator[Journal]:
    """The journal of a search, begun where there is none, held until the block ends.

    Args:
        path: the file, in a folder that exists; None keeps the trials in memory alone.
        search: what is searched and on what, as JSON would hold it.
        restart: forget the trials that are there, of whatever search.

    Raises:
        JournalRefused: the trials are of another search, damaged, or being written.
    """
    if path is None:
        yield Journal([], None)
        return
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalRefused(
                "Another process goes on with this search.",
                where=str(path),
                fix="Wait for it to end, or end it.",
            ) from None
        if restart:
            file.truncate(0)
        yield Journal(_trials(path, file, json.loads(json.dumps(search))), file)


def _trials(path: Path, file: BufferedRandom, search: dict[str, Any]) -> list[Trial]:
    """The trials in the file, once they are of this search."""
    file.seek(0)
    content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    file.truncate(len(whole))
    if not whole:
        _write(file, search)
        return []
    first, *rest = whole.splitlines()
    try:
        found = dict(json.loads(first))
        trials = [Trial.model_validate_json(line) for line in rest]
    except (ValueError, TypeError, ValidationError) as error:
        raise JournalRefused(
            "The trials of the search cannot be read.",
            where=str(path),
            fix="Begin anew with --restart.",
        ) from error
    other = sorted(name for name in {*found, *search} if found.get(name) != search.get(name))
    if other:
        raise JournalRefused(
            f"There are {len(rest)} trials of another search, which differs in: "
            f"{', '.join(other)}.",
            where=str(path),
            fix="Give the same options to go on with it, or --restart to forget its trials.",
        )
    return trials


def _write(file: BufferedRandom, line: Mapping[str, Any]) -> None:
    file.write(json.dumps(line, sort_keys=True).encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())
