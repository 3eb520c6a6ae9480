"""Clusters: what lies apart is told apart, whatever the order, and as many as come back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.groups.clusters import adjusted_rand, choose_clusters, cluster


def blobs(sizes: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows around corners that lie ten apart, and the corner of each row."""
    random = np.random.default_rng(seed)
    corner = np.repeat(np.arange(len(sizes)), sizes)
    rows = random.normal(0, 0.5, (len(corner), len(sizes)))
    rows[np.arange(len(corner)), corner] += 10
    order = random.permutation(len(corner))
    return rows[order], corner[order]


def test_rows_that_lie_apart_are_told_apart_and_the_largest_comes_first() -> None:
    rows, corner = blobs([20, 60, 40])
    found = cluster(rows, 3, seed=1)
    assert adjusted_rand(found.label, corner) == 1
    assert np.bincount(found.label).tolist() == [60, 40, 20]
    assert found.silhouette > 0.9


@pytest.mark.parametrize("sizes", [[50, 50, 50], [30, 40, 50, 60], [40] * 6])
def test_the_number_that_comes_back_is_the_true_one(sizes: list[int]) -> None:
    rows, corner = blobs(sizes)
    found = choose_clusters(rows, counts=range(2, 9), least=10, seed=0)
    assert len(found.centers) == len(sizes)
    assert adjusted_rand(found.label, corner) == 1
    assert found.stability[len(sizes)] == 1


def test_no_cluster_is_smaller_than_told() -> None:
    rows, _ = blobs([100, 100, 4])
    found = choose_clusters(rows, counts=[3], least=5, seed=0)
    assert len(found.centers) == 1
    assert np.isnan(found.stability[3])


def test_the_same_seed_gives_the_same_clusters() -> None:
    rows = np.random.default_rng(3).normal(size=(200, 4))
    one, other = (choose_clusters(rows, counts=range(2, 6), least=5, seed=9) for _ in range(2))
    assert (one.label == other.label).all()
    assert one.stability == other.stability


def test_equal_rows_are_one_cluster() -> None:
    found = choose_clusters(np.ones((50, 3)), counts=range(2, 5), least=5, seed=0)
    assert (found.label == 0).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(6, 40))
def test_every_row_lies_with_its_nearest_center(seed: int, count: int, rows: int) -> None:
    points = np.random.default_rng(seed).normal(size=(rows, 3))
    found = cluster(points, count, seed=seed)
    apart = ((points[:, None] - found.centers[None]) ** 2).sum(axis=2)
    assert np.allclose(apart.min(axis=1), found.distance)
    sizes = np.bincount(found.label, minlength=count)
    assert sizes.sum() == rows
    assert -1 <= found.silhouette <= 1
