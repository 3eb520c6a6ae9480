"""Logs and policies of any program, as CSV or Parquet files."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from data.errors import SourceError
from data.grammar import Reading
from data.reading import read_chunks
from recsys.errors import BadLog
from recsys.evaluation.policy.log import LOG, POLICY

MOST_PLACES: Final = 50_000_000
"""Rows of a file: what a machine of 16 GB judges in memory."""


def read_log(path: Path) -> pd.DataFrame:
    """A file with the columns of `recsys.evaluation.policy.log.LOG`, and `customer_id` if there.

    Raises:
        SourceError: the file is missing, empty, no such file, or lacks a column.
        BadLog: it is too long.
    """
    return _read(path, LOG, ("customer_id",))


def read_policy(path: Path) -> pd.DataFrame:
    """A file with the columns of `recsys.evaluation.policy.log.POLICY`; errors as `read_log`."""
    return _read(path, POLICY, ())


def _read(path: Path, wanted: Sequence[str], optional: Sequence[str]) -> pd.DataFrame:
    """The columns as text."""
    chunks = read_chunks(path, Reading(), wanted)
    found: list[pd.DataFrame] = []
    rows = 0
    try:
        for chunk in chunks:
            if chunk.faults:
                raise SourceError(chunk.faults)
            rows += len(chunk.frame)
            if rows > MOST_PLACES:
                raise BadLog(
                    f"The file has more than {MOST_PLACES:,} rows.",
                    where=str(path),
                    fix="Judge a part of the lists.",
                )
            names = [*wanted, *(name for name in optional if name in chunk.frame)]
            found.append(chunk.frame[names])
    finally:
        if isinstance(chunks, Generator):
            chunks.close()  # a refusal half-way would leave the file open
    return pd.concat(found, ignore_index=True)
