"""Reading a training or test file of a foreign data set, for evaluation on files.

Two shapes are read:

- `.csv`, `.csv.gz`, `.parquet`: columns customer_id, variant_id and, where known, at (when) and
  quantity (units); further columns are ignored;
- `.txt`, `.txt.gz`: one customer a line, then its variants, separated by blanks (the shape of the
  LightGCN line of papers).

Nothing is guessed over: what cannot be read as one of these is refused by file, line and column.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from data.errors import SourceError
from data.findings import LONGEST_VALUE, Finding
from data.grammar import Reading
from data.nearest import nearest
from data.reading import Chunk, read_chunks
from data.tables import MOST_UNITS

REQUIRED: Final = ("customer_id", "variant_id")
OPTIONAL: Final = ("at", "quantity")
SUFFIXES: Final = (".csv", ".csv.gz", ".parquet", ".txt", ".txt.gz")

_HINTS = {
    "delimiter": "Save the file with commas between the columns.",
    "encoding": "Save the file as UTF-8.",
    "nul": "The file holds a NUL byte, so it is no text; save it as UTF-8.",
    "no_header": "The first row must name the columns customer_id and variant_id and, where "
    "known, at and quantity.",
}
"""What to do where the reader's own advice speaks of a mapping, of which there is none here."""

_ALIKE = 0.85  # from this likeness on, an optional column's name is taken for a slip
_MOST_FINDINGS = 20


def read_lines(path: Path) -> pd.DataFrame:
    """The order lines of one file.

    Args:
        path: a file with one of `SUFFIXES`.

    Returns:
        Columns customer_id and variant_id (str) and, where the file has them, ordered_at
        (datetime64[us]; times with an offset are converted to UTC) and quantity (float64).

    Raises:
        SourceError: the file is missing, empty, cut, of another encoding or shape, lacks a
            column, or holds a value that is no such thing; says where and what to do.
    """
    if not path.is_file():
        raise _refused(path, "no_file", "There is no such file; check the name.")
    if not path.name.lower().endswith(SUFFIXES):
        hint = f"The name does not say what it is; give a file with {', '.join(SUFFIXES)}."
        raise _refused(path, "unknown_kind", hint)
    if path.name.lower().endswith((".txt", ".txt.gz")):
        return _customers(path, _text(path))
    return _columns(path)


def _refused(
    path: Path, rule: str, hint: str, *, line: int = 0, column: str = "", value: str = ""
) -> SourceError:
    return SourceError([Finding(path.name, line, column, value[:LONGEST_VALUE], rule, hint)])


def _text(path: Path) -> str:
    """The decoded text of a file, gzipped or not; never empty."""
    raw = path.read_bytes()
    try:
        raw = gzip.decompress(raw) if path.name.lower().endswith(".gz") else raw
        text = raw.decode("utf-8-sig")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        hint = "The gzip archive is cut off or damaged; fetch or pack it again."
        raise _refused(path, "archive", hint) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _refused(path, "encoding", _HINTS["encoding"], line=line) from error
    if not text.strip():
        raise _refused(path, "empty", "The file is empty; export it again.")
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise _refused(path, "nul", _HINTS["nul"], line=line)
    return text


def _customers(path: Path, text: str) -> pd.DataFrame:
    """Order lines of the text shape: on each line a customer, then its variants."""
    lines = [line.split() for line in text.split("\n")]
    for number, tokens in enumerate(lines, start=1):
        if len(tokens) == 1:
            hint = (
                f"Customer '{tokens[0][:40]}' stands alone; write its variants behind it, "
                "separated by blanks, or leave the line out."
            )
            raise _refused(path, "no_variant", hint, line=number, value=tokens[0])
    lines = [tokens for tokens in lines if tokens]
    customers = np.array([tokens[0] for tokens in lines], dtype=object)
    counts = [len(tokens) - 1 for tokens in lines]
    variants = [variant for tokens in lines for variant in tokens[1:]]
    return pd.DataFrame(
        {
            "customer_id": pd.array(np.repeat(customers, counts), dtype="str"),
            "variant_id": pd.array(variants, dtype="str"),
        }
    )


def _columns(path: Path) -> pd.DataFrame:
    """Order lines of a file with named columns."""
    rows = read_chunks(path, Reading(), REQUIRED)
    try:
        chunks = [_wanted(path, chunk) for chunk in rows]
    except SourceError as error:
        findings = [
            replace(finding, hint=_HINTS.get(finding.rule, finding.hint))
            for finding in error.findings
        ]
        raise SourceError(findings) from None
    finally:
        if isinstance(rows, Generator):
            rows.close()  # a refusal half-way would leave the file open
    raw = pd.concat(chunks)
    columns: dict[str, pd.Series] = {name: _ids(path, raw[name]) for name in REQUIRED}
    if "at" in raw:
        columns["ordered_at"] = _times(path, raw["at"])
    if "quantity" in raw:
        columns["quantity"] = _quantities(path, raw["quantity"])
    return pd.DataFrame(columns).reset_index(drop=True)


def _wanted(path: Path, chunk: Chunk) -> pd.DataFrame:
    """A chunk's columns that count, indexed by physical line; refuses bad rows and names."""
    if chunk.faults:
        raise SourceError(chunk.faults[:_MOST_FINDINGS])
    columns = chunk.frame.columns.astype(str)
    names = [name for name in REQUIRED + OPTIONAL if name in columns]
    slip = _misspelt(set(OPTIONAL) - set(names), set(columns) - set(names))
    if slip is not None:
        meant, written = slip
        hint = f"If '{written}' means '{meant}', rename it so; if not, name it otherwise."
        raise _refused(path, "misspelt_column", hint, line=1, column=written)
    return chunk.frame[names].set_axis(pd.Index(chunk.lines), axis="index")


def _misspelt(absent: Iterable[str], others: Iterable[str]) -> tuple[str, str] | None:
    """An absent column, and the one that was probably meant to be it."""
    written = sorted(others)
    for name in sorted(absent):
        near = nearest(name, written, alike=_ALIKE)
        if near:
            return name, near
    return None


def _refuse_bad(path: Path, raw: pd.Series, bad: pd.Series, rule: str, remedy: str) -> None:
    """Raise where values of a column are bad, with a finding for each up to a cap."""
    lines = raw.index.to_numpy()[bad][:_MOST_FINDINGS].tolist()
    values = raw[bad].fillna("").head(_MOST_FINDINGS).tolist()
    findings = [
        Finding(
            path.name,
            line,
            str(raw.name),
            value[:LONGEST_VALUE],
            rule,
            f"'{value[:40]}' in column {raw.name} is no {rule}; {remedy}",
        )
        for line, value in zip(lines, values, strict=True)
    ]
    if findings:
        raise SourceError(findings)


def _ids(path: Path, raw: pd.Series) -> pd.Series:
    ids = raw.str.strip()
    _refuse_bad(path, raw, ids.isna() | (ids == ""), "id", "fill it, or leave the row out.")
    return ids


def _times(path: Path, raw: pd.Series) -> pd.Series:
    times = pd.to_datetime(raw, format="ISO8601", errors="coerce", utc=True)
    remedy = "write 2010-09-06 or 2010-09-06 13:45:00, or leave the column out."
    _refuse_bad(path, raw, times.isna(), "time", remedy)
    return times.dt.tz_localize(None).astype("datetime64[us]")


def _quantities(path: Path, raw: pd.Series) -> pd.Series:
    units = pd.to_numeric(raw, errors="coerce").astype("float64")
    remedy = f"write a number of units within ±{MOST_UNITS:,}, or leave the column out."
    _refuse_bad(path, raw, units.isna() | (units.abs() > MOST_UNITS), "quantity", remedy)
    return units
