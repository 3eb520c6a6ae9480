"""Percentile bootstrap over customers: how far a mean could lie off by the luck of who was asked.

Customers are the unit that is drawn, for the purchases of one customer are not independent. One
set of draws serves all models of an origin, so that the difference of two models is paired.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

DRAWS: Final = 1_000
LEVEL: Final = 0.95
FLIPS: Final = 10_000
_CELLS = 4_000_000  # weights held at once: 32 MB
_ROUNDING = 1e-12  # of the sum of all differences: two sums that close are taken for equal


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a mean lies with probability `LEVEL`."""

    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside it."""
        return self.low > 0 or self.high < 0


def drawn_weights(
    customers: int, *, seed: int, draws: int = DRAWS
) -> Iterator[NDArray[np.float64]]:
    """Blocks of draws with replacement: how often each customer was drawn in each of them.

    Args:
        customers: how many there are, at least 1.
        seed: the only source of randomness.
        draws: how many samples are drawn, over all blocks.

    Yields:
        (rows, customers) float64, at most 32 MB; each row adds up to `customers`.
    """
    random = np.random.default_rng(seed)
    block = max(1, _CELLS // customers)
    for start in range(0, draws, block):
        rows = min(block, draws - start)
        drawn = random.integers(customers, size=(rows, customers))
        drawn += np.arange(rows)[:, None] * customers
        weights = np.bincount(drawn.ravel(), minlength=rows * customers)
        yield weights.reshape(rows, customers).astype(np.float64)


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
    blocks = drawn_weights(len(values), seed=seed, draws=draws)
    return np.vstack([weights @ values / len(values) for weights in blocks])


def resampled_known_means(
    values: NDArray[np.float64], *, seed: int, draws: int = DRAWS
) -> NDArray[np.float64]:
    """Like `resampled_means`, but each column's mean is over the customers who have the figure.

    Args:
        values: (n, columns), NaN where a customer has no such figure.
        seed: the only source of randomness.
        draws: how many samples are drawn.

    Returns:
        (draws, columns) float64; NaN where nobody who was drawn has the figure.
    """
    known = ~np.isnan(values)
    both = np.hstack([np.where(known, values, 0.0), known.astype(np.float64)])
    totals, counts = np.hsplit(resampled_means(both, seed=seed, draws=draws), 2)
    return np.divide(totals, counts, out=np.full_like(totals, np.nan), where=counts > 0)


def resampled_group_means(
    values: NDArray[np.float64],
    group: NDArray[np.integer],
    groups: int,
    *,
    seed: int,
    draws: int = DRAWS,
) -> NDArray[np.float64]:
    """Means of each group over customers drawn with replacement; O(draws · n), however many groups.

    Args:
        values: (n,) one figure of each customer.
        group: (n,) each one's group, from 0; below 0 for none.
        groups: how many groups there are.
        seed: the only source of randomness.
        draws: how many samples are drawn.

    Returns:
        (draws, groups) float64; NaN where nobody of the group was drawn.
    """
    known = np.flatnonzero(group >= 0)
    both = sparse.csr_array(
        (
            np.concatenate((values[known], np.ones(len(known)))),
            (np.concatenate((group[known], groups + group[known])), np.tile(known, 2)),
        ),
        shape=(2 * groups, len(values)),
    )
    blocks = drawn_weights(len(values), seed=seed, draws=draws)
    sums = np.hstack([np.asarray(both @ weights.T) for weights in blocks])  # (2 groups, draws)
    totals, counts = sums[:groups], sums[groups:]
    means: NDArray[np.float64] = np.divide(
        totals, counts, out=np.full_like(totals, np.nan), where=counts > 0
    )
    return means.T


def interval(means: NDArray[np.float64], level: float = LEVEL) -> Interval:
    """The middle `level` of resampled means; draws without a mean (NaN) are left out.

    Args:
        means: (draws,) resampled means, or differences of them; not all NaN.
        level: probability inside, between 0 and 1.

    >>> interval(np.arange(101.0), level=0.5)
    Interval(low=25.0, high=75.0)
    """
    low, high = np.nanquantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def sign_flip_p(
    differences: NDArray[np.float64], *, seed: int, flips: int = FLIPS
) -> NDArray[np.float64]:
    """Two-sided p-values of paired differences: how often chance alone gives sums that large.

    Were the two models alike, either sign of a customer's difference would be as likely. Signs
    are drawn at random, the same for all columns, and p = (1 + b) / (1 + flips), where b flips
    have a sum at least as far from zero as the one found: the paired randomisation test (Fisher
    1935; for retrieval Smucker, Allan and Carterette 2007), with the count of Phipson and Smyth
    (2010), which is never 0. No correction is made for how many models are compared.

    Args:
        differences: (n, columns) one difference of each customer in each column.
        seed: the only source of randomness.
        flips: how many sign vectors are drawn.

    Returns:
        (columns,) float64 in [1 / (1 + flips), 1].
    """
    random = np.random.default_rng(seed)
    customers = len(differences)
    found = np.abs(differences.sum(axis=0)) - _ROUNDING * np.abs(differences).sum(axis=0)
    as_far = np.zeros(differences.shape[1], dtype=np.int64)
    block = max(1, _CELLS // customers)
    for start in range(0, flips, block):
        size = (min(block, flips - start), customers)
        signs = random.integers(2, size=size, dtype=np.int8) * 2.0 - 1.0
        as_far += (np.abs(signs @ differences) >= found).sum(axis=0)
    return np.asarray((1 + as_far) / (1 + flips), dtype=np.float64)
