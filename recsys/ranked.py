"""Ranked lists, and the choice of the best k of each row of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from recsys.errors import RecsysError

HIDDEN: Final = np.float32(-np.inf)
"""The score of what may not be shown; no list ever holds it."""

_LEAST: Final = np.finfo(np.float32).min

_GROUPS_PER_PLACE: Final = 50
"""Groups of variants for each place of a list: more cost more peaks, fewer larger groups."""

_SLICE: Final = 32
"""Rows of scores whose best are chosen at a time."""

_CROWD: Final = 4
"""Groups for each place of a list beyond which a row is crowded with equal scores."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Lists of several customers, one after the other.

    Attributes:
        offsets: (U + 1,) int64; customer u's list is offsets[u]:offsets[u + 1].
        variants: (M,) int32, positions of variants, best first within a list.
        scores: (M,) float32, their scores, finite, never rising within a list.
    """

    offsets: NDArray[np.int64]
    variants: NDArray[np.int32]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The lists of all parts, one part after the other."""
        if not parts:
            return cls(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
        sizes = np.concatenate([np.diff(part.offsets) for part in parts])
        return cls(
            np.concatenate(([0], np.cumsum(sizes))),
            np.concatenate([part.variants for part in parts]),
            np.concatenate([part.scores for part in parts]),
        )

    def of(self, customer: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """One customer's variants and their scores, best first."""
        here = slice(self.offsets[customer], self.offsets[customer + 1])
        return self.variants[here], self.scores[here]

    @property
    def customer(self) -> NDArray[np.int64]:
        """(M,) int64: the row that each entry belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @property
    def rank(self) -> NDArray[np.int64]:
        """(M,) int64: 1 for the best of its list, and so on."""
        return np.arange(len(self.variants)) - self.offsets[self.customer] + 1


@dataclass(frozen=True, slots=True)
class Grid:
    """A row of variants dealt out to groups: the first to the first group, and so on, in turns.

    Variants dealt in one turn lie side by side, so the groups' peaks are found by comparing whole
    turns, many cells an instruction. The last cells of a row stand for no variant and are always
    hidden.

    Attributes:
        variants: V, how many there are.
        groups: how many groups they make.
        depth: cells of each group.
    """

    variants: int
    groups: int
    depth: int

    @classmethod
    def of(cls, variants: int, k: int) -> Self:
        """The grid that suits lists of k."""
        depth = max(1, variants // (_GROUPS_PER_PLACE * k))
        return cls(variants, -(-variants // depth), depth)

    @property
    def width(self) -> int:
        """Cells of a row."""
        return self.groups * self.depth

    def board(self, rows: int) -> NDArray[np.float32]:
        """(rows, width) float32, all hidden; scores go into the first V columns."""
        return np.full((rows, self.width), HIDDEN)

    def best(self, board: NDArray[np.float32], k: int) -> Ranked:
        """The best k of each row that are not hidden; ties go to the smaller position.

        Rows go in slices that a processor's cache holds: the second pass finds them there.

        Args:
            board: (U, width) float32, C-contiguous.
            k: how many at most, 1 or more.

        Raises:
            RecsysError: a score is NaN or infinite.
        """
        slices = [board[start : start + _SLICE] for start in range(0, len(board), _SLICE)]
        return Ranked.joined([self._best(part, k) for part in slices])

    def _best(self, board: NDArray[np.float32], k: int) -> Ranked:
        """What `best` answers for one slice.

        The k-th highest peak is the floor: k groups have a variant as good, so no list needs a
        worse one, and none of a group whose peak lies lower.
        """
        grid = board.reshape(len(board), self.depth, self.groups)
        peaks = grid.max(axis=1)
        if not (peaks < np.inf).all():
            raise not_finite()
        floor = _floor(peaks, k)  # (U, 1)
        good = peaks >= floor
        crowded = np.flatnonzero(good.sum(axis=1) > _CROWD * k)
        good[crowded] = False
        row, group = np.nonzero(good)
        candidates = grid[row, :, group]  # (C, depth)
        place, turn = np.nonzero(candidates >= floor[row])
        customer, variant = row[place], turn * self.groups + group[place]
        if len(crowded):
            tied, position = _of_crowded(board[crowded], floor[crowded], k)
            customer = np.concatenate([customer, crowded[tied]])
            variant = np.concatenate([variant, position])
        values = board[customer, variant]
        order = _order(customer.astype(np.min_scalar_type(len(board))), values, variant)
        customer = customer[order]
        starts = np.searchsorted(customer, np.arange(len(board) + 1))
        order = order[np.arange(len(order)) - starts[customer] < k]
        offsets = np.concatenate(([0], np.cumsum(np.minimum(np.diff(starts), k))))
        return Ranked(offsets, variant[order].astype(np.int32), values[order])


def check_finite(scores: NDArray[np.float32]) -> None:
    """Refuse scores that no ranking can be made of.

    Raises:
        RecsysError: a score is NaN or infinite.
    """
    if scores.size and not (scores.min() > -np.inf and scores.max() < np.inf):
        raise not_finite()


def not_finite() -> RecsysError:
    """The error for a score that is no finite number."""
    return RecsysError("A score is NaN or infinite.", fix="Train the model anew.")


def _order(
    customer: NDArray[np.unsignedinteger],
    values: NDArray[np.float32],
    variant: NDArray[np.integer],
) -> NDArray[np.intp]:
    """(C,) by customer, then descending value, then variant.

    Stable sorts one after the other: by the digits of a short integer they are faster than
    `np.lexsort`.
    """
    order = np.argsort(variant, kind="stable")
    order = order[np.argsort(-values[order], kind="stable")]
    return order[np.argsort(customer[order], kind="stable")]


def _floor(peaks: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """(U, 1) float32: the k-th highest peak of each row, and never as low as what is hidden."""
    last = peaks.shape[1] - k
    if last <= 0:
        return np.full((len(peaks), 1), _LEAST)
    floor: NDArray[np.float32] = np.partition(peaks, last, axis=1)[:, last, None]
    return np.maximum(floor, _LEAST)


def _of_crowded(
    board: NDArray[np.float32], floor: NDArray[np.float32], k: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of what is above a row's floor, and of the first k that are as high."""
    tied = board == floor
    row, column = np.nonzero((board > floor) | (tied & (tied.cumsum(axis=1) <= k)))
    return row, column
