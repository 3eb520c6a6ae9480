from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recsys.sparse_gram import Gram, PrunedGram, WholeGram, gram_of


def rows() -> sparse.csr_matrix[np.float32]:
    draw = np.random.default_rng(5)
    cells = draw.random((40, 9)) * (draw.random((40, 9)) < 0.3)
    cells[:, 8] = 0
    return sparse.csr_matrix(cells.astype(np.float32))


def gram(*, neighbours: int = 3, width: int = 9, most_whole: int = 0) -> Gram:
    return gram_of(
        rows(), neighbours=neighbours, width=width, regularization=2.0, most_whole=most_whole
    )


@pytest.mark.parametrize("most_whole", [0, 9])
@pytest.mark.parametrize("cells", [1, 70, 8_000_000])
def test_neighbours_are_the_best_single_predictors(
    monkeypatch: pytest.MonkeyPatch, most_whole: int, cells: int
) -> None:
    monkeypatch.setattr("recsys.sparse_gram.CELLS", cells)
    table = rows().toarray().astype(float)
    product = table.T @ table
    nearest = gram(most_whole=most_whole).nearest
    assert nearest.shape == (9, 3)
    np.testing.assert_array_equal(nearest[8], [9, 9, 9])
    for target in range(8):
        gains = [
            product[one, target] ** 2 / (product[one, one] + 2) if one != target else -1
            for one in range(9)
        ]
        np.testing.assert_array_equal(nearest[target], np.argsort(gains)[::-1][:3])


def test_whole_and_unpruned_hold_the_same_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    places = np.array([[3, 0, 7, 9], [8, 2, 1, 4], [5, 6, 9, 9]])
    whole, unpruned = gram(most_whole=9), gram()
    assert isinstance(whole, WholeGram)
    assert isinstance(unpruned, PrunedGram)
    table = np.pad(rows().toarray().astype(float), ((0, 0), (0, 1)))
    expected = (table.T @ table)[places[:, :, None], places[:, None, :]]
    np.testing.assert_allclose(whole.among(places), expected, rtol=1e-6)
    for cached in (1, 25, 500_000):
        monkeypatch.setattr("recsys.sparse_gram.CACHED", cached)
        np.testing.assert_allclose(unpruned.among(places), expected, rtol=1e-6)


def test_a_cell_that_is_strong_for_either_side_is_held() -> None:
    table = np.zeros((8, 4), dtype=np.float32)
    table[:5, [0, 1]] = 1  # the nearest of 0 is 1
    table[5:7, [0, 2]] = 1  # the nearest of 2 is 0
    table[7, [2, 3]] = 1
    pruned = gram_of(
        sparse.csr_matrix(table), neighbours=1, width=1, regularization=1.0, most_whole=0
    )
    found = pruned.among(np.array([[0, 1, 2, 3]]))[0]
    np.testing.assert_array_equal(found, [[7, 5, 2, 0], [5, 5, 0, 0], [2, 0, 3, 1], [0, 0, 1, 1]])


def test_with_room_for_all_everyone_is_a_neighbour() -> None:
    np.testing.assert_array_equal(np.sort(gram(neighbours=8).nearest[8]), np.arange(8))
