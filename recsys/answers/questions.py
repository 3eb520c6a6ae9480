"""Questions whose entry is known, from a CSV or Parquet file."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Final

import pandas as pd

from data.errors import SourceError
from data.grammar import Reading
from data.reading import read_chunks

COLUMNS: Final = ("question", "answer_id", "language")
"""The last may be missing."""


def read_questions(path: Path) -> pd.DataFrame:
    """Text in `COLUMNS`; an answer_id is missing where nothing answers the question.

    Raises:
        SourceError: the file is missing, empty, no such file, or lacks a column.
    """
    chunks = read_chunks(path, Reading(), COLUMNS[:2])
    found: list[pd.DataFrame] = []
    try:
        for chunk in chunks:
            if chunk.faults:
                raise SourceError(chunk.faults)
            found.append(chunk.frame[[name for name in COLUMNS if name in chunk.frame]])
    finally:
        if isinstance(chunks, Generator):
            chunks.close()  # a refusal half-way would leave the file open
    questions = pd.concat(found, ignore_index=True).astype("str")
    return questions.mask(questions == "")
