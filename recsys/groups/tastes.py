"""Tastes: one short vector a customer, so that those who take alike things lie close together.

What customers took is scaled by how much each took and how much each variant is taken, and laid
along the leading directions that many share (`recsys.spectrum`): customers who never took the same
variant are alike where others took what both did. Each vector has unit length: groups are told by
what is taken, not by how much.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.interactions import Interactions
from recsys.spectrum import leading, scaled

DIRECTIONS: Final = 16
"""Directions kept; what lies beyond is mostly chance."""

RECENCY_DAYS: Final = 365.0
"""e-folding time of a line: last year's taste counts a third."""

CUSTOMER_EXPONENT: Final = 0.5
VARIANT_EXPONENT: Final = 0.5


def tastes(interactions: Interactions, *, seed: int) -> NDArray[np.float64]:
    """(U, F) float64, rows of unit length; zero for a customer who shares nothing with others.

    Args:
        interactions: what the customers took.
        seed: of the search for the directions.
    """
    rows = interactions.recent(RECENCY_DAYS).log1p()
    graph = scaled(rows, CUSTOMER_EXPONENT, VARIANT_EXPONENT)
    _, directions = leading(graph, DIRECTIONS + 1, seed=seed)
    # the first direction is how much is taken at all, which every customer has alike
    found: NDArray[np.float64] = np.asarray(graph @ directions[:, 1:], dtype=np.float64)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.where(length > 1e-9, length, np.inf)
