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

_GROUPS_PER_PLACE: Final = 4
"""Groups of variants for each place of a list: more cost more peaks, fewer larger groups."""


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
    """A row of variants cut into groups of neighbours, all of one size.

    The last cells of a row stand for no variant and are always hidden.

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
        depth = max(1, variants // max(_GROUPS_PER_PLACE * k, 64))
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

        A list is in the k groups with the highest peaks: each of these has a variant as good as
        the least of the peaks, and no variant of another group is better than that one. So two
        passes do, and the second sees k groups of each row; groups are in the order of the
        positions, so among equal peaks the first ones do.

        Args:
            board: (U, width) float32, C-contiguous.
            k: how many at most, 1 or more.

        Raises:
            RecsysError: a score is NaN or infinite.
        """
        cells = board.reshape(-1, self.depth)
        peaks = cells.max(axis=1).reshape(len(board), self.groups)
        if not (peaks < np.inf).all():
            raise not_finite()
        floor = _floor(peaks, k)  # (U, 1)
        group = np.flatnonzero(_chosen(peaks, floor, k))
        candidates = np.take(cells, group, axis=0)  # (C, depth)
        cell = np.flatnonzero(candidates >= floor[group // self.groups])
        place, within = np.divmod(cell, self.depth)
        customer, group = np.divmod(group[place], self.groups)
        values = candidates.ravel()[cell]
        starts = np.searchsorted(customer, np.arange(len(board) + 1))
        order = _order(customer.astype(np.min_scalar_type(len(board))), values)
        order = order[np.arange(len(cell)) - starts[customer] < k]
        offsets = np.concatenate(([0], np.cumsum(np.minimum(np.diff(starts), k))))
        variants = (group * self.depth + within)[order]
        return Ranked(offsets, variants.astype(np.int32), values[order])


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


def _order(customer: NDArray[np.unsignedinteger], values: NDArray[np.float32]) -> NDArray[np.intp]:
    """(C,) by customer, then descending value, ties as they came.

    Two stable sorts; the second goes by the digits of a short integer, three times as fast as
    `np.lexsort`.
    """
    order = np.argsort(-values, kind="stable")
    return order[np.argsort(customer[order], kind="stable")]


def _floor(peaks: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """(U, 1) float32: the k-th highest peak of each row, and never as low as what is hidden."""
    last = peaks.shape[1] - k
    if last <= 0:
        return np.full((len(peaks), 1), _LEAST)
    floor: NDArray[np.float32] = np.partition(peaks, last, axis=1)[:, last, None]
    return np.maximum(floor, _LEAST)


def _chosen(peaks: NDArray[np.float32], floor: NDArray[np.float32], k: int) -> NDArray[np.bool_]:
    """(U, groups) bool: at most k groups a row, those with the highest peaks, ties to the first."""
    good = peaks >= floor
    if (good.sum(axis=1) > k).any():
        above = peaks > floor
        room = k - above.sum(axis=1, keepdims=True)
        tied = good & ~above
        good = above | (tied & (tied.cumsum(axis=1) <= room))
    return good
