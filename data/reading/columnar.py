"""Parquet files: typed columns turned to text, so that one grammar fits every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from data.errors import SourceError
from data.reading.chunk import Chunk, Header

ROWS: Final = 200_000
"""Rows of a chunk."""

LARGEST_EXACT: Final = 2.0**53


def parquet_chunks(path: Path, header: Header) -> Iterator[Chunk]:
    """The rows of a Parquet file as text; a row's line is its number, from 1.

    Raises:
        SourceError: the file as a whole is at fault.
    """
    try:
        with parquet.ParquetFile(path) as file:
            names = header.names(file.schema_arrow.names)
            header.check(names, 0)
            total = file.metadata.num_rows
            if total == 0:
                raise SourceError([header.finding("header_only", "The file has no row.")])
            done = 0
            for batch in file.iter_batches(ROWS):
                lines = np.arange(done + 1, done + 1 + len(batch), dtype=np.int64)
                done += len(batch)
                yield Chunk(
                    file=header.file,
                    frame=_texts(batch, names),
                    lines=lines,
                    faults=(),
                    iso_times=True,
                    done=done,
                    total=total,
                )
    except (pa.ArrowException, OSError) as error:
        hint = "This is no Parquet file, or a damaged one; write it again."
        raise SourceError([header.finding("archive", hint)]) from error


def _texts(batch: pa.RecordBatch, names: Sequence[str]) -> pd.DataFrame:
    """The columns of a batch that can be texts; nested ones are left out."""
    frame = {}
    for name, column in zip(names, batch.columns, strict=True):
        if not pa.types.is_nested(column.type):
            frame[name] = pd.Series(_text(column), dtype="str")
    return pd.DataFrame(frame)


def _text(column: pa.Array) -> pa.Array:
    """One column as text; 13085.0 becomes 13085, as ids with gaps are often stored so."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        finite = pc.is_finite(column)
        whole = pc.and_(finite, pc.equal(pc.trunc(column), column))
        small = pc.less(pc.abs(column), LARGEST_EXACT)
        if pc.all(pc.and_(whole, small), min_count=0).as_py():
            column = column.cast(pa.int64())
    return column.cast(pa.large_string())
