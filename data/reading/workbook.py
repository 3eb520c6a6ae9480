"""Excel workbooks (xlsx, xls, xlsb, ods), read with calamine; a row's line is its sheet row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from data.errors import SourceError
from data.findings import Finding
from data.grammar import Reading
from data.nearest import nearest
from data.reading.chunk import Chunk, Header, text_frame

ROWS: Final = 50_000
"""Rows of a chunk."""


def workbook_chunks(path: Path, reading: Reading, header: Header) -> Iterator[Chunk]:
    """The rows of a workbook's sheets as text.

    Raises:
        SourceError: the file or a sheet as a whole is at fault.
    """
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            sheets = reading.sheets or book.sheet_names[:1]
            for name in sheets:
                if name not in book.sheet_names:
                    guess = nearest(name, book.sheet_names)
                    remedy = f"did you mean '{guess}'?" if guess else ", ".join(book.sheet_names)
                    hint = f"There is no sheet '{name}'; {remedy}"
                    raise SourceError([header.finding("missing_sheet", hint, value=name)])
                within = header
                if len(sheets) > 1:  # rows are numbered sheet by sheet
                    within = replace(header, file=f"{header.file} [{name}]")
                yield from _sheet(book.get_sheet_by_name(name), within)
    except (CalamineError, OSError) as error:
        hint = "This is no workbook, or a damaged or locked one; save it again."
        raise SourceError([header.finding("archive", hint)]) from error


def _sheet(sheet: CalamineSheet, header: Header) -> Iterator[Chunk]:
    """The rows of one sheet, its first row being the header."""
    rows = ([_text(cell) for cell in row] for row in sheet.iter_rows())
    first = next(rows, None)
    if first is None:
        raise SourceError([header.finding("empty", "The sheet is empty.", value=sheet.name)])
    names = header.names(first)
    header.check(names, 1)
    line = 1
    while batch := list(islice(rows, ROWS)):
        kept, lines, faults = [], [], []
        for row in batch:
            line += 1
            if fault := _fault(row, first, line, header):
                faults.append(fault)
            else:
                kept.append(row)
                lines.append(line)
        yield Chunk(
            file=header.file,
            frame=text_frame(names, list(zip(*kept, strict=True)) or [()] * len(names)),
            lines=np.array(lines, dtype=np.int64),
            faults=tuple(faults),
            iso_times=True,
            done=line,
            total=sheet.total_height,
        )
    if line == 1:
        hint = "There is a header and no row."
        raise SourceError([header.finding("header_only", hint, line=1, value=sheet.name)])


def _fault(
    row: list[str | None], first: list[str | None], line: int, header: Header
) -> Finding | None:
    """What is wrong with a row as a whole; None where nothing is."""
    if not any(row):
        return header.finding("blank_line", "The row is blank; remove it.", line=line)
    if row == first:
        hint = "The header stands here again; remove it."
        return header.finding("repeated_header", hint, line=line)
    return None


def _text(cell: object) -> str | None:
    """A cell as the text that a CSV export would have; None where it is empty."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
