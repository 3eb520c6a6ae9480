from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from recsys.models.ease import Ease, EaseSettings
from recsys.models.sansa import Sansa, SansaSettings, _mend
from tests.recsys.conformance import ModelTests, fit, interactions_of, random_lines


def weights_of(sansa: Sansa) -> NDArray[np.float32]:
    state = sansa.state()
    size = len(state["known"])
    held = (
        state["weights"].astype(np.float32),
        state["columns"].astype(np.int32),
        state["rows"].astype(np.int32),
    )
    weights: NDArray[np.float32] = sparse.csr_matrix(held, shape=(size, size)).toarray()
    return weights


class TestSansa(ModelTests):
    model = Sansa

    @pytest.mark.parametrize("most_whole", [0, 1_000])
    def test_with_every_neighbour_it_is_ease(self, most_whole: int) -> None:
        lines = random_lines()
        ease = fit(Ease(EaseSettings(regularization=3)), lines)
        sansa = fit(Sansa(SansaSettings(regularization=3, most_whole=most_whole)), lines)
        np.testing.assert_allclose(sansa.score(lines), ease.score(lines), atol=2e-6)
        np.testing.assert_allclose(sansa.similar(4), ease.similar(4), atol=1e-6)

    @pytest.mark.parametrize("most_whole", [0, 1_000])
    @pytest.mark.parametrize("cells", [1, 4_000_000])
    def test_weights_are_the_ridge_regression_on_the_neighbours(
        self, monkeypatch: pytest.MonkeyPatch, most_whole: int, cells: int
    ) -> None:
        """No weights to a variant from the same few variants have less regularized error."""
        monkeypatch.setattr("recsys.models.sansa.CELLS", cells)
        lines = random_lines()
        chosen = SansaSettings(regularization=3, neighbours=6, most_whole=most_whole)
        weights = weights_of(fit(Sansa(chosen), lines))
        rows = lines.recent(90).toarray().astype(float)
        assert (np.count_nonzero(weights, axis=0)[:30] == 6).all()
        for target in range(30):
            few = np.flatnonzero(weights[:, target])
            assert target not in few
            system = rows[:, few].T @ rows[:, few] + 3 * np.eye(6)
            expected = np.linalg.solve(system, rows[:, few].T @ rows[:, target])
            np.testing.assert_allclose(weights[few, target], expected, atol=1e-5)

    def test_more_neighbours_come_closer_to_ease(self) -> None:
        lines = random_lines(customers=300)
        goal = fit(Ease(EaseSettings(regularization=3)), lines).score(lines)
        apart = [
            np.abs(fit(Sansa(chosen), lines).score(lines) - goal).mean()
            for chosen in (
                SansaSettings(regularization=3, neighbours=count) for count in (3, 10, 20, 31)
            )
        ]
        assert apart == sorted(apart, reverse=True)
        assert apart[-1] < 1e-6

    def test_facts_count_the_weights(self) -> None:
        sansa = fit(Sansa(SansaSettings(neighbours=6)), random_lines())
        assert sansa.facts() == {"weights": 6 * 30, "mended": 0}
        again = Sansa().restore(dict(sansa.state()))
        assert again.facts() == sansa.facts()

    def test_variants_that_go_with_nothing_have_no_weights(self) -> None:
        lines = interactions_of([("a", "x", 1), ("b", "y", 1), ("b", "z", 1)])
        weights = weights_of(fit(Sansa(SansaSettings(neighbours=1)), lines))
        assert not weights[0].any()
        assert not weights[:, 0].any()
        assert weights[1, 2] == weights[2, 1] > 0


def test_a_system_that_pruning_left_indefinite_is_mended() -> None:
    good = np.array([[3.0, 2, 1], [2, 3, 2], [1, 2, 3]])
    bad = np.array([[1.0, 5, 5], [5, 9, 0], [5, 0, 2]])
    systems = np.stack([good, bad])
    assert np.linalg.eigvalsh(bad)[0] < 0
    assert _mend(systems, 0.5) == 1
    np.testing.assert_array_equal(systems[0], good)
    assert np.linalg.eigvalsh(systems[1])[0] >= -1e-9
    np.testing.assert_array_equal(np.diag(systems[1]), [10, 9, 5])
    np.testing.assert_array_equal(
        systems[1] - np.diag(np.diag(systems[1])), bad - np.diag([1, 9, 2])
    )


def test_of_many_systems_those_that_are_indefinite_are_mended() -> None:
    good, bad = np.array([[3.0, 2], [2, 3]]), np.array([[1.0, 5], [5, 9]])
    systems = np.stack([bad if place in {0, 3, 6} else good for place in range(7)])
    assert _mend(systems, 0.5) == 3
    assert np.linalg.eigvalsh(systems)[:, 0] == pytest.approx([1.6148, 1, 1] * 2 + [1.6148], 1e-3)
