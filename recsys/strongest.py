"""The strongest cells of each row of a sparse matrix."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_INFINITY: Final = 0x7F800000
"""The bits of float32's infinity: those of positive numbers are as ordered as the numbers."""


def strongest(
    row: NDArray[np.integer], value: NDArray[np.float32], count: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The `count` greatest cells of each row, by row, then greatest first; ties as they came.

    One sort of integers that hold row and value: several times faster than a sort by two keys.

    >>> strongest(np.array([0, 0, 0, 2]), np.array([1, 3, 2, 5], dtype=np.float32), 2)
    (array([1, 2, 3]), array([0, 1, 0]))

    Args:
        row: (N,) int, ascending, below 2^31.
        value: (N,) float32, positive and finite.
        count: 1 or more.

    Returns:
        (M,) which cells, and (M,) the place of each in its row from 0.
    """
    weakness = _INFINITY - np.ascontiguousarray(value).view(np.int32).astype(np.int64)
    order = np.argsort((row.astype(np.int64) << 32) | weakness, kind="stable")
    place = np.arange(len(row)) - np.searchsorted(row, row)  # rows stay where they were
    kept = place < count
    return order[kept], place[kept]
