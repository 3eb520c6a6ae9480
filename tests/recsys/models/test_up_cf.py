from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys.models.up_cf import UpCf, UpCfSettings
from tests.recsys.conformance import ModelTests, fit, interactions_of, random_lines, with_line


class TestUpCf(ModelTests):
    model = UpCf

    @pytest.mark.parametrize(("asymmetry", "locality"), [(0.0, 1.0), (0.25, 3.0), (1.0, 2.0)])
    def test_scores_are_the_formula_of_the_paper(self, asymmetry: float, locality: float) -> None:
        lines = random_lines(customers=20, variants=12)
        chosen = UpCfSettings(
            recent_baskets=3,
            asymmetry=asymmetry,
            locality=locality,
            neighbours=1_000,
            own_weight=2,
        )
        sets = lines.matrix().toarray().astype(float)
        popularity = np.zeros(lines.shape)
        for customer in range(lines.shape[0]):
            mine = lines.customer == customer
            days = sorted(set(lines.age[mine].tolist()))[:3]
            for day in days:
                taken = np.unique(lines.variant[mine & (lines.age == day)])
                popularity[customer, taken] += 1 / len(days)
        sizes = sets.sum(axis=1)
        likeness = sets @ sets.T / (sizes[:, None] ** asymmetry * sizes ** (1 - asymmetry))
        expected = 2 * popularity + likeness**locality @ popularity
        scores = fit(UpCf(chosen), lines).score(lines)
        np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=2e-6)

    def test_who_only_viewed_it_is_less_alike_than_who_took_it(self) -> None:
        """b bought x and y, c viewed x and z: a, who bought x, hears b more than c."""
        lines = interactions_of([("a", "x", 1), ("b", "x", 1), ("b", "y", 1)], ["x", "y", "z"])
        lines = replace(lines, customers=np.array(["a", "b", "c"], dtype=object),
                        regions=np.full(3, "", dtype=object))  # fmt: skip
        for variant in (0, 2):
            lines = with_line(lines, variant=variant, customer=2, weight=0.1)
        for asymmetry in (0.0, 0.3, 1.0):
            knn = fit(UpCf(UpCfSettings(asymmetry=asymmetry, own_weight=0)), lines)
            scores = knn.score(lines.take(np.array([0])))[0]
            assert scores[0] <= 3  # each of three neighbours is heard by 1 at most
            assert scores[1] > scores[2] > 0

    def test_only_the_last_baskets_are_popular(self) -> None:
        lines = interactions_of([("a", "x", 9), ("a", "y", 5), ("a", "z", 1)])
        scores = fit(UpCf(UpCfSettings(recent_baskets=2)), lines).score(lines)[0]
        assert scores[0] < 1e-5
        assert scores[1] == pytest.approx(scores[2], rel=1e-5)

    def test_the_nearest_alone_are_heard(self) -> None:
        taken = {"a": "xy", "b": "xyz", "c": "xw"}
        lines = interactions_of([(who, what, 1) for who in taken for what in taken[who]])
        history = lines.take(np.array([0]))
        for count, heard in ((1, [False, False]), (2, [False, True]), (3, [True, True])):
            knn = fit(UpCf(UpCfSettings(neighbours=count)), lines)
            others = knn.score(history)[0, [0, 3]]  # w, of c, and z, of b
            np.testing.assert_array_equal(others > 1e-5, heard)

    def test_folding_in_ranks_nearly_as_a_fit_with_the_event(self) -> None:
        lines = random_lines(customers=200)
        more = with_line(lines, customer=7, variant=9)
        history = more.take(np.array([7]))
        folded, again = (fit(UpCf(), given).score(history)[0] for given in (lines, more))
        assert np.corrcoef(folded, again)[0, 1] > 0.99
