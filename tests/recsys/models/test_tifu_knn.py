from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.interactions import Interactions
from recsys.models.tifu_knn import TifuKnn, TifuKnnSettings
from tests.recsys.conformance import ModelTests, fit, interactions_of, random_lines, with_line

ALONE = TifuKnnSettings(own_share=1)


def spelled_out(lines: Interactions, chosen: TifuKnnSettings) -> NDArray[np.float64]:
    """(U, V) the frequencies by loops over customers, groups and baskets."""
    found = np.zeros(lines.shape)
    for customer in range(lines.shape[0]):
        mine = lines.customer == customer
        days = sorted(set(lines.age[mine].tolist()))
        groups = -(-len(days) // chosen.group_size)
        for since, day in enumerate(days):
            group, within = divmod(since, chosen.group_size)
            counted = chosen.group_decay**group * chosen.within_decay**within
            counted /= groups * min(chosen.group_size, len(days))
            found[customer, np.unique(lines.variant[mine & (lines.age == day)])] += counted
    return found


class TestTifuKnn(ModelTests):
    model = TifuKnn

    @pytest.mark.parametrize("group_size", [1, 3, 7])
    def test_frequencies_are_those_of_the_paper(self, group_size: int) -> None:
        lines = random_lines()
        chosen = ALONE.model_copy(
            update={"group_size": group_size, "within_decay": 0.9, "group_decay": 0.6}
        )
        scores = fit(TifuKnn(chosen), lines).score(lines)
        np.testing.assert_allclose(scores, spelled_out(lines, chosen), atol=2e-6)

    def test_a_worked_example(self) -> None:
        """Three baskets in groups of two: (x), (x y), (y); the first is a group of its own."""
        lines = interactions_of([("a", "x", 9), ("a", "x", 5), ("a", "y", 5), ("a", "y", 1)])
        chosen = ALONE.model_copy(update={"group_size": 2, "within_decay": 0.9, "group_decay": 0.5})
        scores = fit(TifuKnn(chosen), lines).score(lines)[0]
        np.testing.assert_allclose(scores, [(0.9 + 0.5) / 4, (1 + 0.9) / 4], atol=2e-6)

    def test_neighbours_are_the_mean_of_the_alike(self) -> None:
        """By cosine to (x): b with (x y) is 1 / sqrt 2 alike, c with (z) not at all."""
        lines = interactions_of([("a", "x", 1), ("b", "x", 1), ("b", "y", 1), ("c", "z", 1)])
        knn = fit(TifuKnn(TifuKnnSettings(own_share=0.25, locality=1)), lines)
        scores = knn.score(lines.take(np.array([0])))[0]
        likeness = 1 / np.sqrt(2)
        np.testing.assert_allclose(
            scores, [1, 0.75 * likeness / (1 + likeness), 0], rtol=1e-5, atol=2e-6
        )

    def test_neighbours_who_are_hardly_alike_are_heard_by_their_share(self) -> None:
        """To the power of 8 a likeness of 3^-13 or so is 0 in float32, and 0 of 0 no mean."""
        lines = interactions_of(
            [("b", f"y{day:02}", float(day)) for day in range(1, 100)]
            + [("b", "x", 500.0), ("c", "w", 1.0)]
        )
        chosen = {"locality": 8, "within_decay": 0.3, "group_decay": 0.3, "own_share": 0}
        knn = fit(TifuKnn.build(chosen), lines)
        history = interactions_of([("q", "x", 3)], lines.variants.tolist())
        scores = knn.score(history)
        np.testing.assert_allclose(scores, knn.score(lines.take(np.array([0]))), atol=2e-6)
        carried = knn.contributions(history, np.arange(lines.shape[1]))
        np.testing.assert_allclose(carried.sum(axis=1), scores[0], atol=2e-6)

    def test_what_nobody_took_but_the_customer_is_scored(self) -> None:
        lines = random_lines()
        knn = fit(TifuKnn(), lines)
        scores = knn.score(with_line(lines.take(np.array([2])), variant=31))[0]
        assert scores[31] > 0
        assert scores[30] == 0

    def test_baskets_count_and_not_the_days_between_them(self) -> None:
        lines = random_lines()
        fitted = fit(TifuKnn(), lines)
        later = lines.later(lines.as_of + np.timedelta64(40, "D"))
        np.testing.assert_array_equal(fitted.score(later), fitted.score(lines))

    def test_folding_in_ranks_nearly_as_a_fit_with_the_event(self) -> None:
        lines = random_lines(customers=200)
        more = with_line(lines, customer=7, variant=9)
        history = more.take(np.array([7]))
        folded, again = (fit(TifuKnn(), given).score(history) for given in (lines, more))
        np.testing.assert_allclose(folded, again, atol=0.02)
        assert np.corrcoef(folded[0], again[0])[0, 1] > 0.99
