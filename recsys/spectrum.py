"""Customers and variants as a graph: its scaled matrix, and the leading directions of that.

Graph filters score by P = R'R, where R is what the customers took, divided by powers of how much
each customer and each variant has of it (Shen et al., "How Powerful is Graph Convolution for
Recommendation?", CIKM 2021). P's leading eigenvectors, R's right singular vectors, are the tastes
that many customers share; what lies beyond them is mostly chance.
"""

from __future__ import annotations

import os
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.interactions import Interactions

LEAST_SUM: Final = 1e-4
"""Sums are raised to a negative power as if they were at least this: the weight of a line of nine
e-folding times ago, which nobody buys by any more."""

MOST_EXACT: Final = 1_500
"""Customers or variants, whichever are fewer, up to which the eigenvectors are exact."""

SPARE: Final = 64
"""Directions beyond those asked for that the iteration carries: they speed it up."""

ROUNDS: Final = 2
"""How often the directions are made orthogonal again and multiplied by P."""

MULTIPLIED: Final = 3
"""Products with P in a round; with more, single precision would lose the weaker directions."""

WORTH_CORES: Final = 1e11
"""Operations from which all cores are used: some ten seconds of one."""


def popularity_of(interactions: Interactions, recency_days: float) -> NDArray[np.float32]:
    """(V,) float32: how much of each variant the customers took, by recency."""
    recency = interactions.recency(recency_days)
    sums = np.bincount(interactions.variant, weights=recency, minlength=interactions.shape[1])
    return sums.astype(np.float32)


def power_of(sums: NDArray[np.floating], exponent: float) -> NDArray[np.float32]:
    """Each sum to a power, as float32; 0 where it is 0, and always finite.

    >>> power_of(np.array([4.0, 0.0]), -0.5)
    array([0.5, 0. ], dtype=float32)
    """
    raised = np.maximum(sums.astype(np.float64), LEAST_SUM) ** exponent
    return np.where(sums > 0, raised, 0).astype(np.float32)


def scaled(
    rows: sparse.csr_matrix[np.float32], customer_exponent: float, variant_exponent: float
) -> sparse.csr_matrix[np.float32]:
    """(U, V) D_u^-customer_exponent R D_i^-variant_exponent, D the sums of rows and of columns.

    Args:
        rows: (U, V) R, weights that are not negative.
        customer_exponent: how much less a customer says who takes much.
        variant_exponent: how much less a variant says that many take.
    """
    of_customer = power_of(np.asarray(rows.sum(axis=1)).ravel(), -customer_exponent)
    of_variant = power_of(np.asarray(rows.sum(axis=0)).ravel(), -variant_exponent)
    found = rows.copy()
    found.data *= np.repeat(of_customer, np.diff(rows.indptr)) * of_variant[rows.indices]
    return found


def leading(
    rows: sparse.csr_matrix[np.float32], rank: int, *, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The largest singular values, (k,), and their right vectors, (V, k), in falling order.

    Exact up to `MOST_EXACT` customers or variants; beyond, by subspace iteration (Halko,
    Martinsson and Tropp, "Finding Structure with Randomness", SIAM Review 2011), which takes
    O(rank * cells + rank^2 * (customers + variants)). Columns without a cell do not matter: their
    entries are 0.

    Args:
        rows: (U, V).
        rank: how many; fewer come back where the matrix has fewer that differ from 0.
        seed: of the iteration's start.
    """
    taken = np.flatnonzero(np.bincount(rows.indices, minlength=rows.shape[1]))
    few = rows[:, taken]
    exact = min(few.shape) <= max(MOST_EXACT, rank + SPARE)
    values, directions = _exact(few) if exact else _iterated(few, rank, seed)
    kept = np.flatnonzero(values[:rank] > values[0] * 1e-4)
    vectors = np.zeros((rows.shape[1], len(kept)), dtype=np.float32)
    vectors[taken] = directions[:, kept]
    return values[kept].astype(np.float32), vectors


def _exact(
    rows: sparse.csr_matrix[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All singular values and right vectors, by the smaller of the two Gram matrices."""
    values = rows.astype(np.float64)
    customers, variants = rows.shape
    gram = (values.T @ values if variants <= customers else values @ values.T).toarray()
    squares, vectors = np.linalg.eigh(gram)
    squares, vectors = squares[::-1], vectors[:, ::-1]
    found = np.sqrt(np.maximum(squares, 0))
    if variants > customers:
        vectors = (values.T @ vectors) / np.maximum(found, np.finfo(np.float32).tiny)
    return found, vectors


def _iterated(
    rows: sparse.csr_matrix[np.float32], rank: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """The leading singular values and right vectors, the weakest of them roughly."""
    columns = rows.T.tocsr()
    start = np.random.default_rng(seed).standard_normal(
        (rows.shape[1], rank + SPARE), dtype=np.float32
    )
    for _ in range(ROUNDS):
        for _ in range(MULTIPLIED):
            start = columns @ (rows @ start)
            start /= np.abs(start).max()
        start = np.linalg.qr(start)[0]
    seen = rows @ start  # (U, rank + SPARE)
    squares, turn = np.linalg.eigh((seen.T @ seen).astype(np.float64))
    order = np.argsort(-squares, kind="stable")
    found = np.sqrt(np.maximum(squares[order], 0))
    return found, start @ turn[:, order].astype(np.float32)


def gainful_threads(rows: sparse.csr_matrix[np.float32], rank: int) -> int:
    """Threads that `leading` uses unless told: one where it takes seconds, else every core."""
    operations = 4.0 * ROUNDS * sum(rows.shape) * rank * rank
    if operations < WORTH_CORES:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
