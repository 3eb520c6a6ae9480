"""Reading: a file's rows as raw text, in chunks, each row with its physical line.

Nothing is guessed over. What a file is at fault for as a whole (no header, no such column, a
damaged archive) raises SourceError; what a single row is at fault for (too short, a stray
quote, bytes that are no text) comes with the chunk as findings, beside the good rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from data.errors import SourceError
from data.findings import Finding
from data.grammar import Reading
from data.reading.chunk import Chunk, Header
from data.reading.columnar import parquet_chunks
from data.reading.delimited import delimited_chunks
from data.reading.workbook import workbook_chunks

__all__ = ["Chunk", "Header", "read_chunks"]

WORKBOOKS = (".xlsx", ".xls", ".xlsb", ".ods")


def read_chunks(
    path: Path, reading: Reading, wanted: Sequence[str], name: str = ""
) -> Iterator[Chunk]:
    """The rows of a file as text.

    Args:
        path: a CSV file (`.gz` for one in gzip), a Parquet file or an Excel workbook.
        reading: how it is written.
        wanted: the columns that it must have.
        name: what findings call the file; its own name unless given.

    Raises:
        SourceError: the file as a whole is at fault; says where and what to do.
    """
    header = Header(name or path.name, tuple(dict.fromkeys(wanted)), reading.aliases)
    if not path.is_file():
        raise SourceError(
            [Finding(str(path), 0, "", "", "no_file", "There is no such file; check the name.")]
        )
    if path.stat().st_size == 0:
        raise SourceError([header.finding("empty", "The file is empty; export it again.")])
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return parquet_chunks(path, header)
    if suffix in WORKBOOKS:
        return workbook_chunks(path, reading, header)
    return delimited_chunks(path, reading, header)
