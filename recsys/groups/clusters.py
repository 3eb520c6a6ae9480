"""Clusters: rows that lie close together, by k-means with a stated choice of how many.

k-means++ starts (Arthur and Vassilvitskii, "k-means++: The Advantages of Careful Seeding", SODA
2007), Lloyd's iteration, the best of a few restarts. How many clusters: the number that comes
back. The rows are halved at random, each half is clustered by itself, both say where every row
belongs, and the agreement is the adjusted Rand index (Hubert and Arabie, "Comparing Partitions",
1985): 1 for the same clusters, 0 for chance. The number of the highest mean agreement over
`SPLITS` halvings wins, among those whose clusters are all large enough (after Tibshirani and
Walther, "Cluster Validation by Prediction Strength", 2005). A planner who asks again next month
should find the groups that were there. Deterministic for a seed; clusters are numbered from the
largest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

RESTARTS: Final = 4
SPLITS: Final = 3
ROUNDS: Final = 50
SAMPLE: Final = 20_000
"""Rows that centers are learned from at most; all rows are then given to the nearest center."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """N rows in K clusters.

    Attributes:
        centers: (K, F) the mean of each cluster, the largest cluster first.
        label: (N,) each row's cluster.
        distance: (N,) squared distance to its center.
        silhouette: mean simplified silhouette of the rows, from -1 to 1: (b - a) / max(a, b), a
            the distance to the own center, b to the nearest other; 0 for one cluster.
        stability: by number of clusters tried, the agreement of two halves; NaN where a cluster
            was too small.
    """

    centers: Floats
    label: NDArray[np.intp]
    distance: Floats
    silhouette: float
    stability: dict[int, float]


def choose_clusters(rows: Floats, *, counts: Sequence[int], least: int, seed: int) -> Clusters:
    """The clusters of the number that comes back most surely.

    Args:
        rows: (N, F), N at least 1.
        counts: numbers of clusters to try, each at least 1; of equals the first wins.
        least: rows that each cluster must hold; a number that breaks it is passed over. Where
            every number does, all rows are one cluster.
        seed: the only source of randomness.
    """
    best = cluster(rows, 1, seed=seed)
    stability: dict[int, float] = {}
    for count in counts:
        if count * least > len(rows):
            continue
        found = cluster(rows, count, seed=seed)
        if np.bincount(found.label, minlength=count).min() < least:
            stability[count] = float("nan")
            continue
        highest = max(
            (value for value in stability.values() if not math.isnan(value)), default=-1.0
        )
        stability[count] = _stability(rows, count, seed)
        if stability[count] > highest:
            best = found
    return replace(best, stability=stability)


def _stability(rows: Floats, count: int, seed: int) -> float:
    """Mean adjusted Rand index of the clusters of two halves, over `SPLITS` halvings."""
    random = np.random.default_rng([seed, count])
    rows = _sampled(rows, random)
    found = []
    for _ in range(SPLITS):
        order = random.permutation(len(rows))
        halves = np.array_split(order, 2)
        if len(halves[1]) < count:
            return 0.0
        labels = [
            squares(rows, _centers(rows[np.sort(half)], count, random)).argmin(axis=1)
            for half in halves
        ]
        found.append(adjusted_rand(labels[0], labels[1]))
    return float(np.mean(found))


def adjusted_rand(one: NDArray[np.intp], other: NDArray[np.intp]) -> float:
    """How far two partitions of the same rows agree beyond chance; 1 for equal ones.

    >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    1.0
    """
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1)

    def pairs(count: Floats) -> float:
        return float((count * (count - 1) / 2).sum())

    rows, columns = pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    chance = rows * columns / max(pairs(np.array([len(one)])), 1.0)
    most = (rows + columns) / 2
    return 1.0 if most == chance else (pairs(table) - chance) / (most - chance)


def cluster(rows: Floats, count: int, *, seed: int) -> Clusters:
    """k-means of exactly `count` centers; O(restarts * rounds * N * K * F).

    Args:
        rows: (N, F).
        count: clusters, 1 to N.
        seed: of starts and of the sample that the centers are learned from.
    """
    random = np.random.default_rng(seed)
    centers = _centers(_sampled(rows, random), count, random)
    label = squares(rows, centers).argmin(axis=1)
    order = np.lexsort((np.arange(count), -np.bincount(label, minlength=count)))
    centers = centers[order]
    apart = squares(rows, centers)
    label = apart.argmin(axis=1)
    return Clusters(
        centers=centers,
        label=label,
        distance=apart[np.arange(len(rows)), label],
        silhouette=_silhouette(apart, label),
        stability={},
    )


def _sampled(rows: Floats, random: np.random.Generator) -> Floats:
    """At most SAMPLE of the rows, in their order."""
    if len(rows) <= SAMPLE:
        return rows
    return rows[np.sort(random.choice(len(rows), SAMPLE, replace=False))]


def _centers(rows: Floats, count: int, random: np.random.Generator) -> Floats:
    """(K, F) the centers of the best of `RESTARTS` runs."""
    runs = [_lloyd(rows, _seeded(rows, count, random)) for _ in range(RESTARTS)]
    return min(runs, key=lambda run: run[0])[1]


def squares(rows: Floats, centers: Floats) -> Floats:
    """(N, K) squared distances."""
    product = rows @ centers.T
    apart: Floats = (rows**2).sum(axis=1)[:, None] - 2 * product + (centers**2).sum(axis=1)
    return np.maximum(apart, 0.0)


def _seeded(rows: Floats, count: int, random: np.random.Generator) -> Floats:
    """(K, F) k-means++: each next start is drawn by its squared distance to those before."""
    centers = rows[[int(random.integers(len(rows)))]]
    nearest = squares(rows, centers)[:, 0]
    for _ in range(count - 1):
        total = nearest.sum()
        drawn = np.searchsorted(np.cumsum(nearest), random.random() * total, side="right")
        chosen = rows[[min(int(drawn), len(rows) - 1)]]
        centers = np.vstack([centers, chosen])
        nearest = np.minimum(nearest, squares(rows, chosen)[:, 0])
    return centers


def _lloyd(rows: Floats, centers: Floats) -> tuple[float, Floats]:
    """Sum of squared distances and the centers, once no row changes its center."""
    label = np.full(len(rows), -1)
    for _ in range(ROUNDS):
        apart = squares(rows, centers)
        nearest = apart.argmin(axis=1)
        if (nearest == label).all():
            break
        label = nearest
        centers = _means(rows, label, centers)
    return float(squares(rows, centers).min(axis=1).sum()), centers


def _means(rows: Floats, label: NDArray[np.intp], centers: Floats) -> Floats:
    """(K, F) the mean of each cluster; an empty one keeps its center."""
    count = np.bincount(label, minlength=len(centers))
    order = np.argsort(label, kind="stable")
    starts = np.searchsorted(label[order], np.arange(len(centers)))
    sums = np.add.reduceat(rows[order], np.minimum(starts, len(rows) - 1), axis=0)
    means: Floats = np.where(count[:, None] > 0, sums / np.maximum(count, 1)[:, None], centers)
    return means


def _silhouette(apart: Floats, label: NDArray[np.intp]) -> float:
    if apart.shape[1] < 2:
        return 0.0
    own = np.sqrt(apart[np.arange(len(label)), label])
    others = apart.copy()
    others[np.arange(len(label)), label] = np.inf
    nearest = np.sqrt(others.min(axis=1))
    larger = np.maximum(own, nearest)
    return float(
        np.mean(np.divide(nearest - own, larger, out=np.zeros_like(own), where=larger > 0))
    )
