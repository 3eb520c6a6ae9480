"""Candidates: the few variants a customer that the second stage looks at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.interactions import Interactions

OWNED: Final = 120
"""Variants that the customer had before, by the blend."""

NEW: Final[Mapping[str, int]] = {"blend": 120, "tifu_knn": 40, "popularity": 30}
"""Variants that the customer never bought, by each of these signals."""


def candidates(
    histories: Interactions, scores: Mapping[str, NDArray[np.float32]], known: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The union of each signal's best, by row and then variant; O(V) a customer.

    Args:
        histories: the customers' lines.
        scores: by signal, (U, V) float32.
        known: (V,) the variants that anybody took; no other is a new candidate.

    Returns:
        (M,) row and (M,) variant of each pair.
    """
    bought = histories.bought()
    owned = np.zeros(histories.shape, dtype=bool)
    owned[histories.customer[bought], histories.variant[bought]] = True
    chosen = _best(np.where(owned, scores["blend"], -np.inf), OWNED)
    for name, count in NEW.items():
        chosen |= _best(np.where(owned | ~known, -np.inf, scores[name]), count)
    row, variant = np.nonzero(chosen)
    return row.astype(np.int64), variant.astype(np.int64)


def _best(scores: NDArray[np.float32], count: int) -> NDArray[np.bool_]:
    """(U, V) bool: each row's best `count`, and what ties with the last of them."""
    variants = scores.shape[1]
    if count >= variants:
        return scores > -np.inf
    floor = np.partition(scores, variants - count, axis=1)[:, variants - count, None]
    best: NDArray[np.bool_] = (scores >= floor) & (scores > -np.inf)
    return best
