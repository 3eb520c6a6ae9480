"""One CSV file as arrays: texts as codes, numbers as float64, and the physical line of each row.

A file in which nothing is quoted is read in one pass by pyarrow. Where that fails, or anything
looks unusual, the strict reader of the imports takes the file instead, which knows the physical
line of every row and says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from re import Pattern
from typing import Final, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from data.errors import AtelierError, SourceError
from data.grammar import Reading
from data.reading import read_chunks

Floats = NDArray[np.float64]

HIGHEST: Final = 1e15
"""Largest number in a file: above, sums would lose whole units."""


UNUSUAL: Final = (b'"', b"\0", b"\xef\xbb\xbf", b"\n\n", b"\n\r")
"""Quotes, NUL bytes, byte order marks and blank lines: for the strict reader."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of ids.

    Attributes:
        codes: (N,) which of the names each row has.
        names: (M,) each once.
    """

    codes: NDArray[np.int64]
    names: NDArray[np.object_]

    def __getitem__(self, row: int) -> str:
        return str(self.names[self.codes[row]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A file's columns.

    Attributes:
        name: the file's name.
        texts: ids by column.
        numbers: (N,) by column; NaN where blank.
        blank: (N,) by column of numbers, where nothing is written.
        lines: (N,) the physical line of each row.
    """

    name: str
    texts: dict[str, Texts]
    numbers: dict[str, Floats]
    blank: dict[str, NDArray[np.bool_]]
    lines: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lines)

    def refuse(
        self, error: type[AtelierError], wrong: NDArray[np.bool_], column: str, what: str, fix: str
    ) -> None:
        """Raise for the first row that is wrong, if any is.

        Args:
            error: its class.
            wrong: (N,) which rows are.
            column: which column is at fault.
            what: what is wrong; "{value}" stands for what the row has there.
            fix: what to do about it.
        """
        if not wrong.any():
            return
        row = int(np.argmax(wrong))
        owner = ", ".join(f"{name[:-3]} '{ids[row]}'" for name, ids in self.texts.items())
        raise error(
            what.replace("{value}", self._value(row, column)),
            where=f"{self.name}, line {self.lines[row]}, column {column}, {owner}",
            fix=fix,
        )

    def refuse_numbers(
        self, error: type[AtelierError], column: str, *, missing: bool = False
    ) -> None:
        """Refuse a column of numbers with one that is missing, no number, negative or too large."""
        values, blank = self.numbers[column], self.blank[column]
        checks = (
            (blank & (not missing), "is missing"),
            (np.isnan(values) & ~blank, "is not a number: {value}"),
            (values < 0, "is negative: {value}"),
            (values > HIGHEST, f"is above {HIGHEST:g}: {{value}}"),
        )
        for wrong, what in checks:
            fix = "Write a number that is not negative, such as 12.5."
            self.refuse(error, wrong, column, f"'{column}' {what}.", fix)

    def refuse_ids(self, error: type[AtelierError], columns: Sequence[str]) -> None:
        """Refuse a blank id, and a second row with the same ids."""
        key = np.zeros(len(self), dtype=np.int64)
        for column in columns:
            ids = self.texts[column]
            nameless = np.array([not str(name).strip() for name in ids.names])
            wrong = nameless[ids.codes]
            self.refuse(error, wrong, column, f"'{column}' is blank.", "Write an id.")
            key = key * len(ids.names) + ids.codes
        twice = pd.Series(key).duplicated().to_numpy()
        what = "A second row has the same " + " and ".join(columns) + ": {value}."
        self.refuse(error, twice, columns[0], what, "Keep one row for each.")

    def _value(self, row: int, column: str) -> str:
        if column in self.texts:
            return f"'{self.texts[column][row]}'"
        return "" if self.blank[column][row] else f"{self.numbers[column][row]:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What a file has to have, and what it may have; other columns are left aside.

    Attributes:
        texts: columns of ids.
        numbers: columns of numbers.
        optional: columns of numbers that it may have.
        pattern: names of further columns of numbers.
    """

    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    optional: tuple[str, ...] = ()
    pattern: Pattern[str] | None = None

    @property
    def wanted(self) -> tuple[str, ...]:
        """Columns that must be there."""
        return (*self.texts, *self.numbers)

    def counted(self, names: Iterable[str]) -> list[str]:
        """The columns of numbers in a header."""
        more = [name for name in names if name not in self.wanted and self._may(name)]
        return [*self.numbers, *dict.fromkeys(more)]

    def _may(self, name: str) -> bool:
        return name in self.optional or bool(self.pattern and self.pattern.fullmatch(name))


def read_sheet(path: Path, columns: Columns, error: type[AtelierError]) -> Sheet:
    """A CSV file's columns.

    Args:
        path: the file; `.gz` for one in gzip.
        columns: what it has.
        error: raised where a text stands in place of a number.

    Raises:
        SourceError: the file is missing, damaged, or lacks a column; a row is not whole.
    """
    return _plain(path, columns) or _strict(path, columns, error)


def _plain(path: Path, columns: Columns) -> Sheet | None:
    """The file in one pass; None where anything in it needs a closer look."""
    content = path.read_bytes() if path.is_file() else b""
    if any(mark in content for mark in UNUSUAL):
        return None
    header = content[: content.find(b"\n") + 1].decode("utf-8", errors="replace").rstrip("\r\n")
    names = header.split(",")
    if len(set(names)) < len(names) or not set(columns.wanted) <= set(names):
        return None
    counted = columns.counted(names)
    types: dict[str, pa.DataType] = {name: pa.float64() for name in counted}
    types |= {name: pa.dictionary(pa.int32(), pa.string()) for name in columns.texts}
    try:
        table = pacsv.read_csv(
            pa.py_buffer(content),
            read_options=pacsv.ReadOptions(use_threads=False),
            parse_options=pacsv.ParseOptions(ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                column_types=types, include_columns=list(types), null_values=[""]
            ),
        )
    except pa.ArrowInvalid:
        return None
    if not len(table) or header.encode() in content[len(header) :].splitlines():
        return None
    return Sheet(
        name=path.name,
        texts={name: _texts(table.column(name)) for name in columns.texts},
        numbers={name: table.column(name).to_numpy().astype(np.float64) for name in counted},
        blank={name: table.column(name).is_null().to_numpy() for name in counted},
        lines=np.arange(2, len(table) + 2),
    )


def _texts(column: pa.ChunkedArray) -> Texts:
    encoded = column.unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0)
    names = np.array(encoded.dictionary.to_pylist(), dtype=object)
    return Texts(encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), names)


def _strict(path: Path, columns: Columns, error: type[AtelierError]) -> Sheet:
    """The file row by row, with the physical line of each."""
    chunks = list(read_chunks(path, Reading(), columns.wanted))
    for chunk in chunks:
        if chunk.faults:
            raise SourceError(chunk.faults[:1])
    frame = pd.concat([chunk.frame for chunk in chunks], ignore_index=True)
    lines = np.concatenate([chunk.lines for chunk in chunks])
    texts = {}
    for name in columns.texts:
        codes, found = pd.factorize(frame[name].astype(object))
        texts[name] = Texts(codes.astype(np.int64), np.asarray(found, dtype=object))
    numbers, blank = {}, {}
    for name in columns.counted(frame.columns):
        cells = frame[name].str.strip()
        empty = (cells == "").to_numpy()
        values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
        stated = cells.str.lower().isin(("nan", "+nan", "-nan")).to_numpy()
        wrong = np.isnan(values) & ~empty & ~stated
        if wrong.any():
            _refuse_text(path, lines, wrong, cells, error)
        numbers[name], blank[name] = values, empty
    return Sheet(name=path.name, texts=texts, numbers=numbers, blank=blank, lines=lines)


def _refuse_text(
    path: Path,
    lines: NDArray[np.int64],
    wrong: NDArray[np.bool_],
    cells: pd.Series,
    error: type[AtelierError],
) -> NoReturn:
    row = int(np.argmax(wrong))
    raise error(
        f"'{cells.name}' is not a number: '{cells.iloc[row]}'.",
        where=f"{path.name}, line {lines[row]}, column {cells.name}",
        fix="Write a number such as 12.5, with a point and without units.",
    )
