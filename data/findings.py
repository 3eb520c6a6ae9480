"""Findings: what is wrong with a row, where it stands, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, fields

import pandas as pd


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in one place.

    Attributes:
        file: the file's name.
        line: the physical line on which the row starts, from 1 (the row, for Excel and Parquet);
            0 where the whole file is meant.
        column: the file's column; empty where the whole row is meant.
        value: the text as it stands in the file, cut at 200 characters.
        rule: the name of what it breaks.
        hint: what to do.
    """

    file: str
    line: int
    column: str
    value: str
    rule: str
    hint: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        cell = f" {self.column}={self.value!r}" if self.column else ""
        return f"{place}:{cell} [{self.rule}] {self.hint}"

    def to_json(self) -> dict[str, str | int]:
        """The finding for a program."""
        return asdict(self)


FINDING_COLUMNS = tuple(field.name for field in fields(Finding))
LONGEST_VALUE = 200


def finding_frame(findings: Iterable[Finding] = ()) -> pd.DataFrame:
    """Findings as a frame with FINDING_COLUMNS, for when there are many."""
    frame = pd.DataFrame([astuple(finding) for finding in findings], columns=list(FINDING_COLUMNS))
    return frame.astype({name: "int64" if name == "line" else "str" for name in FINDING_COLUMNS})


def findings_of(frame: pd.DataFrame) -> tuple[Finding, ...]:
    """The findings that a frame holds."""
    return tuple(Finding(*row) for row in frame[list(FINDING_COLUMNS)].itertuples(index=False))
