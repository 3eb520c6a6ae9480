"""Neighbours: the fitted customers whose histories are most like one, and what they would add.

A customer's own row is among the neighbours of everyone whose history is like theirs, their own
too: who asks is not known, so it is treated as any other. A history scores the same whether or not
it is one of the fitted, and a row that lags behind by today's events is simply a good neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.strongest import strongest

CELLS: Final = 2_000_000
"""Likenesses of a history to a fitted customer that are held at a time: 100 MB with their sort."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The fitted customers as neighbours.

    The likeness of a history h to customer n is the product h'a_n, and n is one of the neighbours
    if no more than `count` - 1 are more alike, ties by position, and the likeness is positive.
    Each adds likeness^locality times b_n to the score; divided, if asked, by the sum of
    likeness^locality over the neighbours.

    Attributes:
        tastes: (V, U) float32, no cell negative; a column is a_n.
        offers: (U, V) float32; a row is b_n.
        count: most neighbours of a history, 1 or more.
        locality: exponent of the likeness.
        mean: whether the sum is divided.
    """

    tastes: sparse.csr_matrix[np.float32]
    offers: sparse.csr_matrix[np.float32]
    count: int
    locality: float
    mean: bool

    def score(self, histories: sparse.csr_matrix[np.float32]) -> NDArray[np.float32]:
        """(n, V) float32: what the neighbours of each of n histories add.

        Time is that of the sparse products; memory one block of histories by customers.
        """
        size = max(1, CELLS // max(self.tastes.shape[1], 1))
        scores = np.zeros(histories.shape, dtype=np.float32)
        for start in range(0, histories.shape[0], size):
            likeness = histories[start : start + size] @ self.tastes
            weights = self._weighted(_strongest(likeness.tocsr(), self.count))
            scores[start : start + size] = (weights @ self.offers).toarray()
        return scores

    def _weighted(self, likeness: sparse.csr_matrix[np.float32]) -> sparse.csr_matrix[np.float32]:
        """(n, U) the weight of each neighbour's offer."""
        weights = likeness.copy()
        if not self.mean:
            weights.data = likeness.data ** np.float32(self.locality)
            return weights
        row = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
        most = np.zeros(weights.shape[0], dtype=np.float32)
        np.maximum.at(most, row, likeness.data)
        # as parts of the greatest: a power of all small likenesses may be below any float
        parts = (likeness.data / most[row]) ** np.float32(self.locality)
        totals = np.bincount(row, parts, minlength=weights.shape[0])
        weights.data = (parts / totals[row]).astype(np.float32)
        return weights

    def contributions(
        self, history: sparse.csr_matrix[np.float32], variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """(M, n) float32: `score` of M variants, by the n cells of one history.

        A neighbour's offer is parted as their likeness is: by what each cell adds to it.
        """
        likeness = _strongest((history @ self.tastes).tocsr(), self.count)
        weights = self._weighted(likeness)
        shared = self.tastes[history.indices][:, likeness.indices].astype(np.float64)  # (n, k)
        each = weights.data.astype(np.float64) / likeness.data  # (k,)
        shared.data *= np.repeat(history.data, np.diff(shared.indptr)) * each[shared.indices]
        offers = self.offers[likeness.indices][:, variants]  # (k, M)
        parts: NDArray[np.float32] = (shared @ offers).toarray().T.astype(np.float32)
        return parts


def likeness_of_columns(rows: sparse.csr_matrix[np.float32], column: int) -> NDArray[np.float32]:
    """(V,) float32: cosine of each column with one, whose own is -inf; O(cells)."""
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=0), dtype=np.float64)).ravel()
    lengths[lengths == 0] = 1
    one = rows[:, [column]].toarray().ravel().astype(np.float64)
    shared = np.asarray(rows.T @ one, dtype=np.float64)
    likeness: NDArray[np.float32] = (shared / (lengths * lengths[column])).astype(np.float32)
    likeness[column] = -np.inf
    return likeness


def _strongest(
    likeness: sparse.csr_matrix[np.float32], count: int
) -> sparse.csr_matrix[np.float32]:
    """The `count` greatest positive cells of each row, ties by position; columns ascending."""
    likeness.sort_indices()
    row = np.repeat(np.arange(likeness.shape[0]), np.diff(likeness.indptr))
    positive = likeness.data > 0
    row, column, value = row[positive], likeness.indices[positive], likeness.data[positive]
    kept, _ = strongest(row, value, count)
    kept.sort()
    found: sparse.csr_matrix[np.float32] = sparse.csr_matrix(
        (value[kept], (row[kept], column[kept])), shape=likeness.shape
    )
    return found
