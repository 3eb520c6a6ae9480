"""How far what customers take now lies from what a model was trained on."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

LEAST_SHARE: Final = 0.01
"""Of what was learned from; classes with less are taken together."""


def population_stability(expected: NDArray[np.floating], seen: NDArray[np.floating]) -> float:
    """Population stability index, Σ (s - e) ln(s / e) over classes; 0 is no drift.

    Below 0.1 is usually taken for stable and above 0.25 for another population (Siddiqi, "Credit
    Risk Scorecards", 2006). Half a count is added to each class, so that none is empty; with n
    counts seen, chance alone gives about (classes - 1) / n.

    Args:
        expected: (K,) counts or weights by class that were learned from.
        seen: (K,) counts by class now.

    >>> population_stability(np.array([50.0, 50.0]), np.array([500.0, 500.0]))
    0.0
    >>> population_stability(np.array([50.0, 50.0]), np.array([900.0, 100.0])) > 0.25
    True
    """
    small = expected < LEAST_SHARE * expected.sum()
    pooled = [np.append(one[~small], one[small].sum()) for one in (expected, seen)]
    kept = (pooled[0] > 0) | (pooled[1] > 0)
    shares = [(one[kept] + 0.5) / (one[kept] + 0.5).sum() for one in pooled]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
