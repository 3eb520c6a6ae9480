"""Many correlated factors as a few scores: principal components of their past.

Columns are standardized by their mean and deviation before the origin; the scores are their
projections on the first right singular vectors (Pearson 1901; as factors for forecasting Stock
and Watson 2002, "Forecasting using principal components from a large number of predictors").
The future is projected with what the past taught. Signs are set so that the largest loading of
each component is positive: the same data give the same scores on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Scores = Literal["auto"] | int
"""How many scores of a group of columns; `auto` takes as many as explain a stated share."""

ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """What was learned of a group of columns.

    Attributes:
        mean: (C,) of each column before the origin.
        scale: (C,) its standard deviation; 1 where it never moved.
        loadings: (C, K) orthonormal.
        explained: (K,) share of the group's variance that each score carries, descending.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    loadings: NDArray[np.float64]
    explained: NDArray[np.float64]

    def scores(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, K) of (N, C) values."""
        found: NDArray[np.float64] = (values - self.mean) / self.scale @ self.loadings
        return found


def learn_components(past: NDArray[np.float64], count: Scores, share: float) -> Components:
    """Components of past values; O(T C min(T, C)).

    Args:
        past: (T, C), no NaN.
        count: how many at most; `auto` for the fewest that explain `share`.
        share: in (0, 1].
    """
    mean, scale = past.mean(axis=0), past.std(axis=0)
    scale = np.where(scale > ROUNDING * np.maximum(np.abs(mean), 1e-300), scale, 1.0)
    _, sizes, rows = np.linalg.svd((past - mean) / scale, full_matrices=False)
    power = sizes**2
    explained = power / max(float(power.sum()), 1e-300)
    rank = int((sizes > ROUNDING * len(past)).sum())
    if rank == 0:
        kept = 0
    elif count == "auto":
        kept = int(np.searchsorted(explained.cumsum(), share - ROUNDING)) + 1
    else:
        kept = count
    kept = max(0, min(kept, rank))
    loadings = rows[:kept].T
    largest = np.abs(loadings).argmax(axis=0)
    sign = np.sign(loadings[largest, np.arange(kept)])
    return Components(mean=mean, scale=scale, loadings=loadings * sign, explained=explained[:kept])
