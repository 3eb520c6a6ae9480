"""What every reader hands on, and the checks of a header that all of them share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from data.errors import SourceError
from data.findings import LONGEST_VALUE, Finding
from data.nearest import nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some rows of a file.

    Attributes:
        file: the file's name, with the sheet's where several are read.
        frame: the rows that are whole, every column as str; NA only where the file itself has
            nulls (Parquet, Excel).
        lines: (rows,) int64, the physical line on which each row starts.
        faults: what the rows that are not whole are at fault for, one finding a row.
        iso_times: times in the frame are ISO 8601, whatever the mapping's format says, because
            the file stores them as times and not as text.
        done: bytes of the file read so far (rows, where bytes are not known).
        total: bytes (rows) of the file.
    """

    file: str
    frame: pd.DataFrame
    lines: NDArray[np.int64]
    faults: tuple[Finding, ...]
    iso_times: bool
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Header:
    """A file and the columns it must have.

    Attributes:
        file: the file's name.
        wanted: columns that the mapping reads.
        aliases: other names of columns, each with the mapping's name.
    """

    file: str
    wanted: tuple[str, ...]
    aliases: dict[str, str]

    def names(self, cells: Iterable[str | None]) -> list[str]:
        """The columns' names as the mapping has them."""
        stripped = [(cell or "").strip() for cell in cells]
        return [self.aliases.get(name, name) for name in stripped]

    def finding(
        self, rule: str, hint: str, *, line: int = 0, column: str = "", value: str = ""
    ) -> Finding:
        """A finding in this file."""
        return Finding(self.file, line, column, value[:LONGEST_VALUE], rule, hint)

    def check(self, names: Sequence[str], line: int) -> None:
        """Refuse a header that lacks a wanted column or has one twice.

        Raises:
            SourceError: with a finding for every column at fault.
        """
        lacking = [name for name in self.wanted if name not in names]
        text = ", ".join(names)
        if lacking and len(lacking) == len(self.wanted):
            hint = (
                f"None of the mapped columns ({', '.join(self.wanted)}) is here; "
                "the first row must name the columns, and the mapping must be this file's."
            )
            raise SourceError([self.finding("no_header", hint, line=line, value=text)])
        findings = []
        for name in lacking:
            guess = nearest(name, [other for other in names if other not in self.wanted])
            remedy = f"did you mean '{guess}'?" if guess else f"the file has: {text[:300]}."
            findings.append(
                self.finding(
                    "missing_column", f"There is no column '{name}'; {remedy}",
                    line=line, column=name, value=guess or "",
                )
            )  # fmt: skip
        counts = Counter(names)
        findings += [
            self.finding(
                "duplicate_column", f"The header names '{name}' {counts[name]} times.",
                line=line, column=name, value=name,
            )
            for name in self.wanted
            if counts[name] > 1
        ]  # fmt: skip
        if findings:
            raise SourceError(findings)


def text_frame(names: Sequence[str], columns: Sequence[Sequence[str | None]]) -> pd.DataFrame:
    """Lists of texts as a frame of str columns; of columns named twice the first is kept."""
    frame = {}
    for name, texts in zip(names, columns, strict=True):
        if name not in frame:
            frame[name] = pd.Series(pa.array(texts, pa.large_string()), dtype="str")
    return pd.DataFrame(frame)
