"""Examples to learn from: what customers had taken by a day of the past, and what came next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.interactions import Interactions


@dataclass(frozen=True, slots=True)
class Examples:
    """Histories and what followed them, row by row.

    Attributes:
        histories: (E, V) float32, recency of what a customer had taken; no row is empty.
        targets: (E, V) float32, 1 for each variant taken next; no row is empty.
    """

    histories: sparse.csr_matrix[np.float32]
    targets: sparse.csr_matrix[np.float32]

    def __len__(self) -> int:
        return int(self.histories.shape[0])

    def dense(self, rows: NDArray[np.integer]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(B, V) histories and (B, V) targets that add up to 1, of some rows."""
        targets = self.targets[rows].toarray()
        targets /= targets.sum(axis=1, keepdims=True)
        return self.histories[rows].toarray(), targets


def of_windows(
    lines: Interactions, *, recency_days: float, window_days: float, windows: int
) -> Examples:
    """For each of the last windows, who had a history by its first day and bought within it.

    Args:
        lines: all customers' lines.
        recency_days: e-folding time of a line's weight at the window's first day.
        window_days: length of a window.
        windows: how many windows before `lines.as_of` are taken.
    """
    parts = []
    for number in range(1, windows + 1):
        start = np.float32(number * window_days)
        before = lines.age > start
        within = (lines.age > start - np.float32(window_days)) & ~before & lines.bought()
        if before.any() and within.any():
            recency = lines.weight * np.exp(-(lines.age - start) / np.float32(recency_days))
            parts.append(_pairs(lines, np.where(before, recency, 0), within))
    return _stacked(parts, lines.shape[1])


def of_parts(lines: Interactions, *, recency_days: float, random: np.random.Generator) -> Examples:
    """A random part of each customer's lines, and the order lines of the other part.

    For lines of which no times are known: what belongs together, if not what comes next.

    Args:
        lines: all customers' lines.
        recency_days: e-folding time of a line's weight.
        random: decides the parts; each customer's share of lines that are hidden is drawn too.
    """
    share = random.uniform(0.2, 0.8, lines.shape[0])
    hidden = random.random(len(lines)) < share[lines.customer]
    shown = np.where(hidden, 0, lines.recency(recency_days))
    return _stacked([_pairs(lines, shown, hidden & lines.bought())], lines.shape[1])


def _pairs(
    lines: Interactions, shown: NDArray[np.float32], wanted: NDArray[np.bool_]
) -> tuple[sparse.csr_matrix[np.float32], sparse.csr_matrix[np.float32]]:
    """Histories and targets of the customers who have both."""
    histories, targets = lines.matrix(shown), lines.matrix(wanted.astype(np.float32))
    for matrix in (histories, targets):
        matrix.eliminate_zeros()
    targets.data[:] = 1
    both = np.flatnonzero((np.diff(histories.indptr) > 0) & (np.diff(targets.indptr) > 0))
    return histories[both], targets[both]


def _stacked(
    parts: list[tuple[sparse.csr_matrix[np.float32], sparse.csr_matrix[np.float32]]], variants: int
) -> Examples:
    none = sparse.csr_matrix(np.zeros((0, variants), dtype=np.float32))
    histories, targets = zip(*parts, strict=True) if parts else ((none,), (none,))
    return Examples(
        sparse.vstack(histories, format="csr", dtype=np.float32),
        sparse.vstack(targets, format="csr", dtype=np.float32),
    )
