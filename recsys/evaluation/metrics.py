"""Figures of ranked lists against what customers then bought.

Everything is read off one boolean matrix: `hits[u, r]` says that the variant at rank r + 1 of
customer u's list is among the u-th customer's test items. A list shorter than k has False where
it has no variant. No function loops over customers.

Two customers, lists of three; the first bought two variants and finds them at ranks 1 and 3, the
second bought one and finds nothing:

>>> hits = np.array([[True, False, True], [False, False, False]])
>>> items = np.array([2, 1])
>>> recall(hits, items)
array([1., 0.])
>>> ndcg(hits, items).round(4)
array([0.9197, 0.    ])
>>> hit_rate(hits)
array([1., 0.])
>>> precision(hits).round(4)
array([0.6667, 0.    ])
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.errors import RecsysError


def pair_keys(
    rows: NDArray[np.integer], items: NDArray[np.integer], width: int
) -> NDArray[np.int64]:
    """One int64 for each (row, item) pair, so that pairs can be sorted and sought.

    Args:
        rows: (M,) row of each pair.
        items: (M,) item of each pair, below `width`.
        width: more than the largest item.
    """
    return rows.astype(np.int64) * width + items


def contains(sorted_keys: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of `keys` stand in `sorted_keys`; O(keys · log sorted_keys).

    >>> contains(np.array([2, 5, 9]), np.array([5, 10, 2]))
    array([ True, False,  True])
    """
    if not len(sorted_keys):
        return np.zeros(len(keys), dtype=np.bool_)
    place = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return np.asarray(sorted_keys[place] == keys)


def hit_matrix(
    row: NDArray[np.integer],
    rank: NDArray[np.integer],
    is_hit: NDArray[np.bool_],
    *,
    customers: int,
    k: int,
) -> NDArray[np.bool_]:
    """(customers, k) bool from flat lists.

    Args:
        row: (L,) whose list each recommendation stands in.
        rank: (L,) its rank, from 1.
        is_hit: (L,) whether it is a test item of that customer.
        customers: how many customers there are, those with an empty list too.
        k: length that a full list has.

    Raises:
        RecsysError: a rank lies outside 1..k.

    >>> hit_matrix(np.array([0, 0, 1]), np.array([1, 2, 1]), np.array([False, True, True]),
    ...            customers=3, k=2)
    array([[False,  True],
           [ True, False],
           [False, False]])
    """
    if len(rank) and not 1 <= rank.min() <= rank.max() <= k:
        raise RecsysError(f"A rank lies outside 1..{k}.", where="rank", fix="Rank from 1 to k.")
    hits = np.zeros((customers, k), dtype=np.bool_)
    hits[row[is_hit], rank[is_hit] - 1] = True
    return hits


def _hits_over(whole: NDArray[np.integer] | int, hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = hits.sum(axis=1) / whole
    return shares


def recall(hits: NDArray[np.bool_], items: NDArray[np.integer]) -> NDArray[np.float64]:
    """Hits over the number of test items, by customer.

    A customer with more test items than k cannot reach 1.

    Args:
        hits: (n, k) bool.
        items: (n,) number of test items, at least 1.

    Returns:
        (n,) float64 in [0, 1].
    """
    return _hits_over(items, hits)


def capped_recall(hits: NDArray[np.bool_], items: NDArray[np.integer]) -> NDArray[np.float64]:
    """Hits over min(k, number of test items), by customer: a perfect list has 1.

    >>> capped_recall(np.array([[True, True]]), np.array([8]))
    array([1.])
    """
    return _hits_over(np.minimum(items, hits.shape[1]), hits)


def ndcg(hits: NDArray[np.bool_], items: NDArray[np.integer]) -> NDArray[np.float64]:
    """Normalised discounted cumulative gain with binary gains, by customer.

    Σ_r hit_r / log₂(r + 1) over Σ_{r ≤ min(k, items)} 1 / log₂(r + 1)
    (Järvelin and Kekäläinen 2002, in the form of the LightGCN line of papers).

    Args:
        hits: (n, k) bool.
        items: (n,) number of test items, at least 1.

    Returns:
        (n,) float64 in [0, 1].
    """
    discounts = 1.0 / np.log2(np.arange(2, hits.shape[1] + 2))
    ideal = np.cumsum(discounts)
    best = ideal[np.minimum(items, hits.shape[1]) - 1]
    # summed in the order of the ideal, so that a perfect list has exactly 1
    gain: NDArray[np.float64] = np.cumsum(hits * discounts, axis=1)[:, -1]
    shares: NDArray[np.float64] = gain / best
    return shares


def hit_rate(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """1 for a customer whose list has at least one hit, else 0."""
    return np.where(hits.any(axis=1), 1.0, 0.0)


def precision(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Hits over k, by customer, whether or not the list is full."""
    return _hits_over(hits.shape[1], hits)


def coverage(variants: NDArray[np.integer], catalogue: int) -> float:
    """Distinct variants over all lists, as a share of the catalogue.

    >>> coverage(np.array([4, 4, 7]), 10)
    0.2
    """
    return len(np.unique(variants)) / max(catalogue, 1)
