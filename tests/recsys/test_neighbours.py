from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import sparse

from recsys.neighbours import Neighbours, likeness_of_columns


def matrix(rows: Sequence[Sequence[float]]) -> sparse.csr_matrix[np.float32]:
    return sparse.csr_matrix(np.array(rows, dtype=np.float32))


TASTES = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
OFFERS = [[1, 2, 0], [0, 4, 0], [8, 0, 0], [16, 16, 16]]


def neighbours(count: int, *, locality: float = 1.0, mean: bool = False) -> Neighbours:
    return Neighbours(
        tastes=matrix(TASTES).T.tocsr(),
        offers=matrix(OFFERS),
        count=count,
        locality=locality,
        mean=mean,
    )


@pytest.mark.parametrize(
    ("count", "locality", "mean", "expected"),
    [
        (1, 1.0, False, [1, 2, 0]),
        (2, 1.0, False, [1, 4, 0]),
        (2, 2.0, False, [1, 3, 0]),
        (2, 0.0, True, [0.5, 3, 0]),
        (9, 1.0, True, [1 / 1.5, 4 / 1.5, 0]),
    ],
)
def test_the_nearest_offer_by_likeness(
    count: int, locality: float, mean: bool, expected: list[float]
) -> None:
    """The history is as like the first customer as 1, the second as 1/2, the others as 0."""
    found = neighbours(count, locality=locality, mean=mean).score(matrix([[1, 0, 0]]))
    np.testing.assert_allclose(found, [expected], rtol=1e-6)


def test_of_equals_the_first_is_the_neighbour() -> None:
    found = neighbours(1).score(matrix([[1, 1, 0]]))  # customers 0, 1 and 2 are alike
    np.testing.assert_array_equal(found, [OFFERS[0]])


def test_who_is_like_nobody_hears_nobody() -> None:
    few = neighbours(3, mean=True)
    np.testing.assert_array_equal(few.score(matrix([[0, 0, 0]])), np.zeros((1, 3)))
    assert few.contributions(matrix([[0, 0, 0]]), np.arange(3)).shape == (3, 0)


def test_contributions_part_the_score_by_what_is_shared() -> None:
    history = matrix([[1, 3, 0]])
    parts = neighbours(2).contributions(history, np.arange(3))  # likeness 2 to 1, and 3 to 2
    np.testing.assert_allclose(parts, [[0, 24], [2, 6], [0, 0]])
    np.testing.assert_allclose(parts.sum(axis=1), neighbours(2).score(history)[0])


def test_a_block_of_histories_scores_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(3)
    rows = sparse.csr_matrix(draw.integers(0, 3, size=(40, 12)).astype(np.float32))
    few = Neighbours(tastes=rows.T.tocsr(), offers=rows, count=5, locality=1.5, mean=True)
    whole = few.score(rows)
    monkeypatch.setattr("recsys.neighbours.CELLS", 90)
    np.testing.assert_array_equal(few.score(rows), whole)


def test_columns_are_alike_by_cosine() -> None:
    rows = matrix([[1, 2, 0, 0], [2, 1, 1, 0]])
    likeness = likeness_of_columns(rows, 0)
    np.testing.assert_allclose(likeness, [-np.inf, 4 / 5, 2 / np.sqrt(5), 0], rtol=1e-6)
