"""The Gram matrix X'X by neighbourhoods: all of it where it is small, its strongest cells else.

A cell (i, j) says how much variants i and j are taken by the same customers. It counts as a
neighbour of j by its strength G_ij / sqrt(G_ii + lambda): the square is what variant i alone takes
off the error of a ridge regression of variant j, so the strongest are the best single predictors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.strongest import strongest

CELLS: Final = 8_000_000
"""Cells of the product that are worked on at a time: some 300 MB with what sorts them."""

CACHED: Final = 500_000
"""Variants' places in neighbourhoods that are looked up at a time: 2 MB, which a cache holds."""


@dataclass(frozen=True, slots=True)
class WholeGram:
    """Every cell of a Gram matrix of V variants; position V stands for none, with empty cells.

    Attributes:
        cells: (V + 1, V + 1).
        nearest: (V, K) the strongest neighbours of each variant, strongest first, then V; never
            itself. Where there is room for all others, also those with an empty cell are in it.
    """

    cells: NDArray[np.float64]
    nearest: NDArray[np.int32]

    def among(self, places: NDArray[np.integer]) -> NDArray[np.float64]:
        """(B, n, n) the cells among the n places of each of B neighbourhoods, (B, n)."""
        found: NDArray[np.float64] = self.cells[places[:, :, None], places[:, None, :]]
        return found


@dataclass(frozen=True, slots=True)
class PrunedGram:
    """The diagonal and the strongest cells of each row; position V stands for none.

    A cell is missed only if it is among the strongest of neither its row nor its column.

    Attributes:
        columns: (V + 1, W) where each row's strongest cells are, strongest first, then V.
        values: (V + 1, W) the cells.
        diagonal: (V + 1,).
        nearest: see `WholeGram`.
    """

    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    diagonal: NDArray[np.float64]
    nearest: NDArray[np.int32]

    def among(self, places: NDArray[np.integer]) -> NDArray[np.float64]:
        """See `WholeGram`; the greater of a cell and its mirror, one of which may be missed."""
        batch, size = places.shape
        none, width = len(self.columns) - 1, self.columns.shape[1]
        found = np.zeros((batch, size, size))
        some = max(1, min(batch, CACHED // (none + 1), CELLS // (4 * size * width)))
        order = np.full(some * (none + 1), -1, dtype=np.int32)  # place in its neighbourhood
        for start in range(0, batch, some):
            part = places[start : start + some]
            first = np.arange(len(part))[:, None] * (none + 1)
            order[first + part] = np.arange(size)
            order[first + none] = -1
            at = order.take((first[:, :, None] + self.columns[part]).ravel())  # of B * n * W cells
            order[first + part] = -1
            hit = np.flatnonzero(at >= 0)
            cells = found[start : start + some].reshape(-1)
            cells[hit // width * size + at[hit]] = self.values[part].ravel()[hit]
        np.maximum(found, found.transpose(0, 2, 1).copy(), out=found)
        found[:, np.arange(size), np.arange(size)] = self.diagonal[places]
        return found


Gram = WholeGram | PrunedGram
"""A Gram matrix that gives its cells by neighbourhood."""


def gram_of(
    rows: sparse.csr_matrix[np.float32],
    *,
    neighbours: int,
    width: int,
    regularization: float,
    most_whole: int,
) -> Gram:
    """The Gram matrix of rows with positive cells, in blocks of bounded memory.

    Time is that of the sparse product: the sum over customers of the square of their variants.

    Args:
        rows: (U, V) customers' weights.
        neighbours: strongest ones looked up for each variant.
        width: cells kept of each row where not all are, at least `neighbours`.
        regularization: lambda of the strength.
        most_whole: variants up to which every cell is held.
    """
    variants = rows.shape[1]
    values = rows.astype(np.float64)
    diagonal = np.append(np.asarray(values.multiply(values).sum(axis=0)).ravel(), 0)  # (V + 1,)
    whole = variants <= most_whole
    keep = min(neighbours if whole else max(width, neighbours), variants - 1)
    columns = np.full((variants + 1, max(keep, 1)), variants, dtype=np.int32)
    cells = np.zeros(columns.shape, dtype=np.float32)
    dense = np.zeros((variants + 1, variants + 1)) if whole else None
    for start, block in _row_blocks(values):
        _keep_strongest(block, start, np.sqrt(diagonal[:-1] + regularization), columns, cells)
        if dense is not None:
            dense[start : start + block.shape[0], :variants] = block.toarray()
    nearest = columns[:variants, :neighbours]
    if neighbours >= variants - 1:
        nearest = _all_others(variants)
    if dense is not None:
        return WholeGram(dense, nearest)
    return PrunedGram(columns, cells, diagonal, nearest)


def _all_others(variants: int) -> NDArray[np.int32]:
    """(V, V - 1): for each variant every other, also those that nobody took with it."""
    places = np.arange(variants, dtype=np.int32)
    others = np.tile(places, (variants, 1))
    found: NDArray[np.int32] = others[others != places[:, None]].reshape(variants, variants - 1)
    return found


def _row_blocks(
    values: sparse.csr_matrix[np.float64],
) -> Iterator[tuple[int, sparse.csr_matrix[np.float64]]]:
    """The first row and the rows of each block of X'X, of at most about `CELLS` cells."""
    columns = values.T.tocsr()  # (V, U)
    held = np.diff(values.indptr)[columns.indices]  # how much each taker of a variant took
    reach = np.concatenate(([0], np.cumsum(held)))[columns.indptr[1:]]
    start, variants = 0, columns.shape[0]
    while start < variants:
        done = int(reach[start - 1]) if start else 0
        stop = max(int(np.searchsorted(reach, done + CELLS)), start + 1)
        yield start, (columns[start:stop] @ values).tocsr()
        start = stop


def _keep_strongest(
    block: sparse.csr_matrix[np.float64],
    start: int,
    norms: NDArray[np.float64],
    columns: NDArray[np.int32],
    cells: NDArray[np.float32],
) -> None:
    """Write each row's strongest cells beside the diagonal, strongest first, ties by position."""
    block.sort_indices()
    row = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
    beside = (block.indices != row + start) & (block.data > 0)
    row, column, value = row[beside], block.indices[beside], block.data[beside]
    kept, place = strongest(row, (value / norms[column]).astype(np.float32), columns.shape[1])
    columns[row[kept] + start, place] = column[kept]
    cells[row[kept] + start, place] = value[kept]
