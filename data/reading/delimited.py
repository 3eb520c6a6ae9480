"""CSV files, also in gzip: strict, and with the physical line of every row."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from data.errors import SourceError
from data.findings import Finding
from data.grammar import Reading
from data.reading.chunk import Chunk, Header, text_frame
from data.reading.lines import LONGEST_LINE, Lines, broken_off

ROWS: Final = 50_000
"""Rows of a chunk, or few more."""

CHARACTERS: Final = 1 << 25
"""Characters of a chunk, or few more: long rows make chunks of fewer rows."""

LONGEST_FIELD: Final = 1 << 20
"""Characters of a field; a longer one is refused."""

BLOCK: Final = 2_000
"""Lines that are looked at together."""

TOO_LONG: Final = (
    f"A field has at most {LONGEST_FIELD:,} characters, and a line {LONGEST_LINE:,}; shorten it."
)

UNDECODED: Final = re.compile("[\ud800-\udfff]")
"""What bytes that are no text become under errors='surrogateescape'."""

DELIMITERS: Final = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}


def delimited_chunks(path: Path, reading: Reading, header: Header) -> Iterator[Chunk]:
    """The rows of a CSV file. Time O(bytes); memory one chunk of rows.

    Raises:
        SourceError: the file as a whole is at fault.
    """
    with path.open("rb") as raw:
        zipped = raw.peek(2)[:2] == b"\x1f\x8b"
        stream: io.BufferedIOBase = gzip.GzipFile(fileobj=raw) if zipped else raw
        try:
            with _text(stream, reading, header) as text:
                parser = _Parser(text, reading, header)
                total = path.stat().st_size
                yield from parser.chunks(lambda: min(raw.tell(), total), total)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            hint = "The gzip archive is cut off or damaged; fetch or pack it again."
            raise SourceError([header.finding("archive", hint)]) from error
        except UnicodeError as error:
            hint = f"The file is not {reading.encoding}; set the encoding in the mapping."
            raise SourceError([header.finding("encoding", hint)]) from error


def _text(stream: io.BufferedIOBase, reading: Reading, header: Header) -> io.TextIOWrapper:
    """The stream as text; UTF-16 is refused unless the mapping declares it."""
    buffered = io.BufferedReader(stream, 1 << 18)
    head = buffered.peek(4)[:4]
    declared = reading.encoding.lower().replace("_", "-")
    if not declared.startswith("utf-16") and (head[:2] in {b"\xff\xfe", b"\xfe\xff"}):
        hint = 'The file is UTF-16; save it as UTF-8, or set encoding = "utf-16" in the mapping.'
        raise SourceError([header.finding("encoding", hint, line=1)])
    encoding = "utf-8-sig" if declared in {"utf-8", "utf8"} else reading.encoding
    try:
        return io.TextIOWrapper(buffered, encoding, errors="surrogateescape", newline="")
    except LookupError as error:
        hint = f"No encoding is called '{reading.encoding}'; see Python's codecs."
        raise SourceError([header.finding("encoding", hint)]) from error


@dataclass(slots=True)
class _Batch:
    """Rows on their way into a chunk."""

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)
    characters: int = 0

    @property
    def full(self) -> bool:
        """Whether the rows are enough for a chunk."""
        return len(self.rows) + len(self.faults) >= ROWS or self.characters >= CHARACTERS


class _Parser:
    """Takes a text apart into rows, and says what is wrong with those that are not whole."""

    def __init__(self, text: io.TextIOWrapper, reading: Reading, header: Header) -> None:
        self.lines = Lines(text)
        self.reading = reading
        self.header = header
        self.reader = self._reader()
        mark = re.escape(reading.delimiter)
        cell = rf'(?:[^"{mark}]*|"[^"]*(?:""[^"]*)*")'
        self.well_quoted = re.compile(rf"{cell}(?:{mark}{cell})*")
        self.names = self._names()

    def _reader(self) -> Iterator[list[str]]:
        csv.field_size_limit(LONGEST_FIELD)  # it holds for the whole process; the default is 128 K
        return csv.reader(iter(self.lines), delimiter=self.reading.delimiter, strict=True)

    def _names(self) -> list[str]:
        try:
            self.header_row = next(self.reader)
        except StopIteration:
            hint = "The file is empty; export it again."
            raise SourceError([self.header.finding("empty", hint)]) from None
        except csv.Error as error:
            hint = f"The header cannot be read ({error}); mend its quotes."
            raise SourceError([self.header.finding("quote", hint, line=1)]) from error
        names = self.header.names(self.header_row)
        line = "".join(self.lines.record)
        if "\0" in line:
            hint = "The file holds NUL bytes; it is no text in the mapping's encoding."
            raise SourceError([self.header.finding("nul", hint, line=1)])
        if UNDECODED.search(line):
            hint = f"The header is not {self.reading.encoding}; set the encoding in the mapping."
            raise SourceError([self.header.finding("encoding", hint, line=1)])
        if not any(names):
            hint = "The first line must name the columns."
            raise SourceError([self.header.finding("no_header", hint, line=1)])
        self._check_delimiter(line, names)
        self.header.check(names, 1)
        self.lines.finish()
        return names

    def _check_delimiter(self, line: str, names: list[str]) -> None:
        """Refuse a header that another delimiter splits into the wanted columns."""
        wanted = set(self.header.wanted)
        here = len(wanted & set(names))
        for mark, called in DELIMITERS.items():
            others = {cell.strip().strip('"') for cell in line.strip().split(mark)}
            if mark != self.reading.delimiter and len(wanted & others) > here:
                hint = (
                    f"The columns are split by {called}; set delimiter = {mark!r} in the mapping."
                )
                raise SourceError(
                    [self.header.finding("delimiter", hint, line=1, value=line.strip())]
                )

    def chunks(self, tell: Callable[[], int], total: int) -> Iterator[Chunk]:
        """The rows after the header; `tell` gives the bytes read so far."""
        seen = False
        while True:
            batch = self._batch()
            if not batch.rows and not batch.faults:
                break
            seen = True
            yield self._chunk(batch, tell(), total)
        if not seen:
            hint = "There is a header and no row; export the file again."
            raise SourceError([self.header.finding("header_only", hint, line=1)])

    def _batch(self) -> _Batch:
        """The next rows, some ROWS of them.

        Lines are taken in blocks. A block in which every line is a sound row goes through at
        once; any other is put back and gone through record by record.
        """
        batch, lines = _Batch(), self.lines
        while not batch.full and (block := lines.block(BLOCK)):
            batch.characters += sum(map(len, block))
            if rows := self._sound(block):
                batch.rows += rows
                batch.lines += range(lines.start, lines.start + len(rows))
                lines.start += len(rows)
            else:
                lines.put_back(block)
                while lines.pending:
                    self._take(batch)
        return batch

    def _sound(self, block: list[str]) -> list[list[str]] | None:
        """The rows of a block, one a line; None where there is anything to look at closely."""
        text = "".join(block)
        if any(map(broken_off, block)):
            return None
        if "\0" in text or not (text.isascii() or UNDECODED.search(text) is None):
            return None
        try:
            rows = list(csv.reader(block, delimiter=self.reading.delimiter, strict=True))
        except csv.Error:
            return None
        if len(rows) != len(block) or set(map(len, rows)) != {len(self.names)}:
            return None
        if self.header_row in rows:
            return None
        quoted = (line.rstrip("\r\n") for line in block if '"' in line)
        return rows if all(map(self.well_quoted.fullmatch, quoted)) else None

    def _take(self, batch: _Batch) -> None:
        """Add the next record to a batch, as a row or as a fault."""
        lines = self.lines
        try:
            row = next(self.reader)
        except csv.Error as error:
            batch.faults.append(self._unparsed(str(error)))
            lines.break_off()
            self.reader = self._reader()
            return
        if fault := self._fault(row, "".join(lines.record)):
            batch.faults.append(fault)
        else:
            batch.rows.append(row)
            batch.lines.append(lines.start)
        lines.finish()

    def _unparsed(self, error: str) -> Finding:
        """What csv.reader refused: the record begins at the first of its lines."""
        line = self.lines.record[0]
        if broken_off(line) or ("field limit" in error and len(self.lines.record) == 1):
            rule, hint = "field_size", TOO_LONG
        elif "end of data" in error and len(self.lines.record) == 1:
            rule, hint = "cut", "The file ends within quotes, cut off in mid-row; fetch it again."
        else:
            rule, hint = "quote", 'A quote is opened and not closed; write it as "" within quotes.'
        return self.header.finding(rule, hint, line=self.lines.start, value=_shown(line))

    def _fault(self, row: list[str], line: str) -> Finding | None:
        """What is wrong with a row that could be taken apart; None where nothing is."""
        width = len(self.names)
        rule = hint = ""
        if any(map(broken_off, self.lines.record)):
            rule, hint = "field_size", TOO_LONG
        elif "\0" in line:
            rule, hint = "nul", "The row holds a NUL byte; remove it."
        elif not line.isascii() and UNDECODED.search(line):
            rule = "encoding"
            hint = (
                f"The row is not {self.reading.encoding}; save the file as UTF-8, or set the "
                'encoding in the mapping (older exports are often "cp1252").'
            )
        elif not row:
            rule, hint = "blank_line", "The line is blank; remove it."
        elif '"' in line and not self.well_quoted.fullmatch(line.rstrip("\r\n")):
            rule = "quote"
            hint = 'A quote stands in a field without quotes; write it as "" within quotes.'
        elif len(row) < width and not line.endswith(("\n", "\r")):
            rule, hint = "cut", "The file ends in mid-row, cut off; fetch it again."
        elif len(row) != width:
            rule = "short_row" if len(row) < width else "long_row"
            hint = f"The row has {len(row)} fields where the header has {width}."
        elif row == self.header_row:
            rule, hint = "repeated_header", "The header stands here again; remove it."
        if not rule:
            return None
        return self.header.finding(rule, hint, line=self.lines.start, value=_shown(line))

    def _chunk(self, batch: _Batch, done: int, total: int) -> Chunk:
        columns: Sequence[Sequence[str]] = list(zip(*batch.rows, strict=True))
        return Chunk(
            file=self.header.file,
            frame=text_frame(self.names, columns or [()] * len(self.names)),
            lines=np.array(batch.lines, dtype=np.int64),
            faults=tuple(batch.faults),
            iso_times=False,
            done=done,
            total=total,
        )


def _shown(line: str) -> str:
    """A line fit for a report: no byte in it that is no text."""
    return UNDECODED.sub("\N{REPLACEMENT CHARACTER}", line.rstrip("\r\n")).replace("\0", "\\0")
