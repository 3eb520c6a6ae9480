"""The physical lines of a text file, remembered record by record, and put back when need be."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Final, TextIO

LONGEST_LINE: Final = 1 << 22
"""Characters of a line that are read; the rest is passed over, so that none fills the memory."""

LARGEST_BLOCK: Final = 1 << 23
"""Characters after which a block of lines is full."""


def broken_off(line: str) -> bool:
    """Whether only the beginning of a line was read."""
    return len(line) >= LONGEST_LINE and not line.endswith(("\n", "\r"))


class Lines:
    """Iterates over lines for csv.reader and knows which of them the current record took.

    Attributes:
        start: physical line, from 1, on which the current record starts.
        record: the lines of the current record so far.
    """

    __slots__ = ("_again", "_next", "record", "start")

    def __init__(self, stream: TextIO) -> None:
        self._next: Iterator[str] = iter(partial(stream.readline, LONGEST_LINE), "")
        self._again: deque[str] = deque()
        self.start = 1
        self.record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        again, fresh = self._again, self._next
        while True:
            if again:
                line = again.popleft()
            else:
                line = next(fresh, "")
                if not line:
                    return
                if len(line) == LONGEST_LINE:
                    self._skip_rest(line)
            self.record.append(line)
            yield line

    @property
    def pending(self) -> bool:
        """Lines have been put back and come again first."""
        return bool(self._again)

    def block(self, size: int) -> list[str]:
        """The next lines, at most `size` of them, outside any record; none may be pending."""
        taken, characters = [], 0
        for line in islice(self._next, size):
            taken.append(line)
            characters += len(line)
            if len(line) == LONGEST_LINE:
                self._skip_rest(line)
            if characters >= LARGEST_BLOCK:
                break
        return taken

    def put_back(self, block: list[str]) -> None:
        """Let the lines of a block come again, record by record."""
        self._again.extend(block)

    def _skip_rest(self, piece: str) -> None:
        """Pass over what is left of a line that was broken off."""
        while piece and not piece.endswith(("\n", "\r")):
            piece = next(self._next, "")

    def finish(self) -> None:
        """The current record is complete; the next line starts another."""
        self.start += len(self.record)
        self.record.clear()

    def break_off(self) -> None:
        """The current record is at fault: only its first line goes with it, the rest come again."""
        self._again.extendleft(reversed(self.record[1:]))
        self.start += 1
        self.record.clear()
