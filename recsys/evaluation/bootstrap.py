"""Percentile bootstrap over customers: how far a mean could lie off by the luck of who was asked.

Customers are the unit that is drawn, for the purchases of one customer are not independent. One
set of draws serves all models of an origin, so that the difference of two models is paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

DRAWS: Final = 1_000
LEVEL: Final = 0.95
_CELLS = 4_000_000  # weights held at once: 32 MB


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a mean lies with probability `LEVEL`."""

    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside it."""
        return self.low > 0 or self.high < 0


def resampled_means(
    values: NDArray[np.float64], *, seed: int, draws: int = DRAWS
) -> NDArray[np.float64]:
    """Means of the columns over customers drawn with replacement.

    Each draw is a multinomial weight vector (how often each customer was drawn), and all columns
    of all models are weighted by one matrix product. O(draws · n · columns) and 32 MB at a time.

    Args:
        values: (n, columns) one figure of each customer in each column; n at least 1.
        seed: the only source of randomness.
        draws: how many samples are drawn.

    Returns:
        (draws, columns) float64.
    """
    customers = len(values)
    random = np.random.default_rng(seed)
    block = max(1, _CELLS // customers)
    means = np.empty((draws, values.shape[1]))
    for start in range(0, draws, block):
        rows = min(block, draws - start)
        drawn = random.integers(customers, size=(rows, customers))
        drawn += np.arange(rows)[:, None] * customers
        weights = np.bincount(drawn.ravel(), minlength=rows * customers)
        means[start : start + rows] = weights.reshape(rows, customers) @ values / customers
    return means


def interval(means: NDArray[np.float64], level: float = LEVEL) -> Interval:
    """The middle `level` of resampled means.

    Args:
        means: (draws,) resampled means, or differences of them.
        level: probability inside, between 0 and 1.

    >>> interval(np.arange(101.0), level=0.5)
    Interval(low=25.0, high=75.0)
    """
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
