"""Ranking by products of vectors: every customer's best k, at the pace of the matrix product.

Customers are scored in blocks: one matrix product writes into a board that is kept, what may not
be shown is written over, and `Grid.best` takes two passes. Blocks run side by side, each thread
with a board of its own and BLAS on one thread, so that the choice runs on every core as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from recsys.errors import BadRequest
from recsys.interactions import Interactions
from recsys.ranked import HIDDEN, Grid, Ranked, not_finite

ROWS: Final = 256
"""Customers of a block: with fewer, BLAS copies the variants' vectors too often."""

MOST_CELLS: Final = 2**25
"""Scores that a thread holds at most, 134 MB, whatever the catalogue's size."""

_LARGEST: Final = float(np.finfo(np.float32).max) / 2


def best_products(
    users: NDArray[np.float32],
    items: NDArray[np.float32],
    k: int,
    *,
    seen: Interactions | None = None,
    shown: NDArray[np.bool_] | None = None,
    threads: int | None = None,
) -> Ranked:
    """The best k variants of each customer by the product of their vectors; exact.

    O(U * V * F) time; memory of `ROWS` customers' scores a thread, and of the shown variants'
    vectors where not all are shown.

    Args:
        users: (U, F) float32.
        items: (V, F) float32.
        k: how many at most, 1 or more.
        seen: the histories of the same customers, whose bought variants are left out.
        shown: (V,) bool, what may be shown; without it, every variant.
        threads: blocks that run side by side; None for as many as BLAS may use.

    Raises:
        BadRequest: k is below 1.
        RecsysError: a product could be NaN or infinite.
    """
    if k < 1:
        raise BadRequest(f"k is {k}.", where="k", fix="Ask for 1 or more recommendations.")
    columns = None if shown is None or shown.all() else np.flatnonzero(shown)
    vectors = items if columns is None else items[columns]
    if not _longest(users) * _longest(vectors) < _LARGEST:  # no product is larger than that
        raise not_finite()
    grid = Grid.of(len(vectors), k)
    size = block_rows(grid.width)
    starts = list(range(0, len(users), size))
    hidden = _Hidden(seen, columns, len(items))

    def blocks(chosen: Sequence[int]) -> list[Ranked]:
        board = grid.board(min(size, len(users)))
        parts = []
        for start in chosen:
            block = users[start : start + size]
            here = board[: len(block)]
            np.matmul(block, vectors.T, out=here[:, : grid.variants])
            hidden.hide(here, start)
            parts.append(grid.best(here, k))
        return parts

    ranked = Ranked.joined(_side_by_side(blocks, starts, threads))
    if columns is None:
        return ranked
    return Ranked(ranked.offsets, columns[ranked.variants].astype(np.int32), ranked.scores)


def block_rows(width: int) -> int:
    """How many customers a block holds.

    Args:
        width: cells of a customer's row.
    """
    return min(ROWS, max(1, MOST_CELLS // max(width, 1)))


class _Hidden:
    """The cells of what each customer has bought, by customer."""

    def __init__(
        self, seen: Interactions | None, columns: NDArray[np.int64] | None, variants: int
    ) -> None:
        self._customer: NDArray[np.integer] = np.zeros(0, dtype=np.int64)  # (N,) ascending
        self._column: NDArray[np.integer] = np.zeros(0, dtype=np.int64)  # (N,)
        if seen is not None:
            bought = seen.bought()
            self._customer, self._column = seen.customer[bought], seen.variant[bought]
        if columns is not None:
            place = np.full(variants, -1)
            place[columns] = np.arange(len(columns))
            column = place[self._column]
            self._customer, self._column = self._customer[column >= 0], column[column >= 0]

    def hide(self, board: NDArray[np.float32], start: int) -> None:
        """Write over what the customers from `start` on have bought."""
        first, last = np.searchsorted(self._customer, (start, start + len(board)))
        board[self._customer[first:last] - start, self._column[first:last]] = HIDDEN


def _side_by_side(
    work: Callable[[Sequence[int]], list[Ranked]], starts: Sequence[int], threads: int | None
) -> list[Ranked]:
    """The blocks' lists in their order, each block ranked by one of some threads."""
    count = min(threads or _blas_threads(), len(starts))
    if count <= 1:
        return work(starts)
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(count) as pool:
        done = list(pool.map(work, [starts[first::count] for first in range(count)]))
    return [done[place % count][place // count] for place in range(len(starts))]


def _blas_threads() -> int:
    """How many threads BLAS may use now, by its environment or by a limit set around."""
    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return max((int(library["num_threads"]) for library in libraries), default=1)


def _longest(vectors: NDArray[np.float32]) -> float:
    """Length of the longest of some vectors; 0 where there is none, NaN where one is no number."""
    squares = np.einsum("nf,nf->n", vectors, vectors, dtype=np.float64)
    return float(np.sqrt(squares.max(initial=0.0)))
