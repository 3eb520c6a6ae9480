"""Sequences: customers' lines in the order of time, as padded arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recsys.interactions import Interactions

NONE = -1
"""In place of a target: nothing is known to come next."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """Rows of at most L lines of a customer, oldest first, padded on the left.

    Attributes:
        variant: (S, L) int64, positions of variants; 0 where padded.
        weight: (S, L) float32, of each line; 0 where padded.
        line: (S, L) int64, which line of the interactions; `NONE` where padded.
        next_start: (N,) int64, of each line, the first line of what the customer took next.
        next_stop: (N,) int64, the line behind its last; equal to `next_start` where there is none.
        lines_variant: (N,) int64, the variant of each line.
    """

    variant: NDArray[np.int64]
    weight: NDArray[np.float32]
    line: NDArray[np.int64]
    next_start: NDArray[np.int64]
    next_stop: NDArray[np.int64]
    lines_variant: NDArray[np.int64]

    @classmethod
    def of(cls, lines: Interactions, length: int, random: np.random.Generator) -> Self:
        """All lines of all customers, in rows of at most `length`, counted from each one's last.

        The lines of one moment have no order, and are shuffled. What comes next are the lines of
        the customer's next moment; for one with a single moment, as where no times are known, the
        lines behind it.

        Args:
            lines: of all customers.
            length: L, most lines of a row.
            random: shuffles.
        """
        lines = _shuffled(lines, random)
        start, stop = _next(lines)
        row, slot = _places(lines, length)
        shape = (int(row.max(initial=-1)) + 1, length)
        line = np.full(shape, NONE, dtype=np.int64)
        line[row, slot] = np.arange(len(lines))
        return cls(*_filled(lines, line), line, start, stop, lines.variant.astype(np.int64))

    def targets(self, random: np.random.Generator) -> NDArray[np.int64]:
        """(S, L) int64: for each place a variant, drawn evenly, of what came next, or `NONE`."""
        choices = self.next_stop - self.next_start
        drawn = self.next_start + (random.random(len(choices)) * choices).astype(np.int64)
        known = np.where(choices > 0, self.lines_variant[np.minimum(drawn, len(drawn) - 1)], NONE)
        found: NDArray[np.int64] = np.where(self.line >= 0, known[self.line], NONE)
        return found

    def batches(self, size: int) -> list[tuple[NDArray[np.intp], int]]:
        """Rows of like length together, and the length of the longest of them."""
        lengths = (self.line >= 0).sum(axis=1)
        order = np.argsort(lengths, kind="stable")
        parts = [order[start : start + size] for start in range(0, len(order), size)]
        return [(part, int(lengths[part[-1]])) for part in parts]


def last_lines(lines: Interactions, length: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Each customer's last `length` lines: (U, L) variants and (U, L) weights, padded on the left.

    A customer without a line has a row of padding.
    """
    stop = np.searchsorted(lines.customer, lines.customer, side="right")
    from_end = stop - 1 - np.arange(len(lines))
    kept = np.flatnonzero(from_end < length)
    line = np.full((lines.shape[0], length), NONE, dtype=np.int64)
    line[lines.customer[kept], length - 1 - from_end[kept]] = kept
    return _filled(lines, line)


def _filled(
    lines: Interactions, line: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Variants and weights of the lines; 0 for `NONE`."""
    variant, weight = np.append(lines.variant, 0), np.append(lines.weight, 0)
    return variant[line].astype(np.int64), weight[line].astype(np.float32)


def _places(lines: Interactions, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(N,) row and (N,) slot of each line: customers' lines counted from the end, L a row."""
    start = np.searchsorted(lines.customer, np.arange(lines.shape[0]), side="left")
    stop = np.searchsorted(lines.customer, np.arange(lines.shape[0]), side="right")
    rows = -(-(stop - start) // length)  # of each customer
    first = np.cumsum(rows) - rows
    from_end = stop[lines.customer] - 1 - np.arange(len(lines))
    return first[lines.customer] + from_end // length, length - 1 - from_end % length


def _next(lines: Interactions) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(N,) first and (N,) stop of the lines that come next after each line."""
    count = len(lines)
    begins = np.ones(count, dtype=bool)
    begins[1:] = (np.diff(lines.customer) != 0) | (np.diff(lines.age) != 0)
    moment = np.cumsum(begins) - 1  # of each line
    edges = np.append(np.flatnonzero(begins), count)  # where each moment starts
    stop = edges[moment + 1]
    after = np.append(edges, count)[moment + 2]
    own = np.append(lines.customer, -1)
    follows = own[stop] == lines.customer
    start = np.where(follows, stop, 0)
    behind = np.where(follows, after, 0)
    moments = np.bincount(lines.customer[begins], minlength=lines.shape[0])
    single = moments[lines.customer] == 1
    behind_it = np.arange(count) + 1
    return np.where(single, behind_it, start), np.where(single, stop, behind)


def _shuffled(lines: Interactions, random: np.random.Generator) -> Interactions:
    """The same lines, those of one moment of a customer in random order."""
    order = np.lexsort((random.random(len(lines)), -lines.age, lines.customer))
    return replace(
        lines,
        customer=lines.customer[order],
        variant=lines.variant[order],
        age=lines.age[order],
        quantity=lines.quantity[order],
        weight=lines.weight[order],
    )
