from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Run
from recsys.models.atelier import Atelier
from recsys.models.chebyshev import Chebyshev
from recsys.models.restacked import Restacked
from recsys.ranking import top
from recsys.second_stage.set_aside import SHARE, part
from recsys.second_stage.views import NAMES, SIGNALS, STEPS, Views, chosen_of
from tests.recsys.conformance import ModelTests, fit, interactions_of, random_lines

SMALL: dict[str, object] = {
    "first": {"score_exponent": 0.5},  # popular variants stand too low: trees can learn it
    "trees": {"trees": 20, "leaves": 8, "least_in_leaf": 20, "learning_rate": 0.1},
    "candidates": 10,
    "least_customers": 100,
}


def paired(seed: int = 5, customers: int = 400, variants: int = 40) -> Interactions:
    """Two tastes, some variants popular; who takes one of a pair takes the other too."""
    draw = np.random.default_rng(seed)
    popularity = 1.0 / np.arange(1, variants // 4 + 1)
    taken = []
    for customer in range(customers):
        chosen = draw.choice(variants // 4, 3, replace=False, p=popularity / popularity.sum())
        pairs = 4 * chosen + customer % 2
        others = 2 * draw.integers(variants // 2, size=2) + customer % 2
        mine = np.concatenate((pairs, pairs + 2, others)).tolist()
        taken += [(f"c{customer:03}", f"v{variant:03}", 1.0) for variant in mine]
    lines = interactions_of(taken, [f"v{variant:03}" for variant in range(variants + 2)])
    lines.age[:] = 0
    return lines


class TestFirstStageAlone(ModelTests):
    """Too few customers for a trial."""

    model = Restacked


class TestTwoStages(ModelTests):
    """The same conformance where the second stage ranks."""

    model = Restacked
    settings = SMALL
    uncarried = None
    thread_tolerance = 0.5

    @pytest.fixture(scope="class")
    @classmethod
    def lines(cls) -> Interactions:
        return paired()

    def test_it_won_its_trial_and_says_so(self, fitted: Restacked) -> None:
        assert fitted.trial is not None
        assert fitted.trial.won
        assert fitted.facts()["second_stage"] is True
        assert fitted.facts()["trial"] == fitted.trial.to_json()

    def test_it_deals_the_first_stages_scores_out_anew(
        self, fitted: Restacked, lines: Interactions
    ) -> None:
        mine, first = fitted.score(lines), fitted.first.score(lines)
        np.testing.assert_array_equal(np.sort(mine, axis=1), np.sort(first, axis=1))
        assert (mine != first).any(axis=1).mean() > 0.5
        row, variant = lines.customer, lines.variant
        np.testing.assert_array_equal(mine[row, variant], first[row, variant])


class TestUntimedAtelier(ModelTests):
    """The default where no times are known."""

    model = Atelier
    settings: ClassVar[dict[str, object]] = {"untimed": SMALL}
    uncarried = None
    thread_tolerance = 0.5

    @pytest.fixture(scope="class")
    @classmethod
    def lines(cls) -> Interactions:
        return paired()

    def test_it_says_that_the_second_stage_ranks(self, fitted: Atelier) -> None:
        assert fitted.facts()["second_stage"] is True
        restored = Atelier.build({"untimed": SMALL}).restore(dict(fitted.state()))
        assert restored.facts() == fitted.facts()
        assert restored.trial == fitted.trial


def test_a_fifth_of_every_customers_variants_is_set_aside() -> None:
    lines = random_lines()
    left, aside = part(lines, seed=1)
    assert left.shape == lines.shape
    keys = lines.customer.astype(np.int64) * lines.shape[1] + lines.variant
    kept = left.customer.astype(np.int64) * lines.shape[1] + left.variant
    assert not np.isin(aside, kept).any()
    np.testing.assert_array_equal(np.union1d(aside, kept), np.unique(keys))
    held = np.bincount(np.unique(keys) // lines.shape[1], minlength=lines.shape[0])
    gone = np.bincount(aside // lines.shape[1], minlength=lines.shape[0])
    np.testing.assert_array_equal(gone, np.round(SHARE * held))
    np.testing.assert_array_equal(part(lines, seed=1)[1], aside)
    assert not np.array_equal(part(lines, seed=2)[1], aside)


def test_one_response_is_the_filters_own_and_the_others_are_those_of_their_settings() -> None:
    lines = random_lines()
    first = fit(Chebyshev(), lines)
    found = first.responses(lines, STEPS)
    np.testing.assert_allclose(found[0], first.score(lines), rtol=1e-5)
    for each, (cutoff, steepness) in zip(found[1:], STEPS, strict=True):
        other = fit(Chebyshev.build({"cutoff": cutoff, "steepness": steepness}), lines)
        np.testing.assert_allclose(each[:, :30], other.score(lines)[:, :30], rtol=1e-3, atol=1e-6)


def test_candidates_are_the_best_that_were_never_bought() -> None:
    lines = random_lines()
    first = fit(Chebyshev(), lines)
    scores = first.score(lines)
    chosen = chosen_of(lines, scores, first.known, 10)
    unseen = (lines.matrix().toarray() == 0) & first.known
    best = top(scores, 10, unseen)
    np.testing.assert_array_equal(chosen.variant[chosen.valid], best.variants)


def test_features_are_relative_to_the_other_candidates() -> None:
    lines = random_lines()
    views = Views(Chebyshev()).fit(lines, Catalogue.of(lines.variants), Run())
    filtered = views.first.responses(lines, STEPS)
    chosen = chosen_of(lines, filtered[0], views.first.known, 10)
    features = views.describe(lines, filtered, chosen)
    assert features.shape == (*chosen.variant.shape, len(NAMES))
    means = features[chosen.valid.all(axis=1), :, : len(SIGNALS)].mean(axis=1)
    np.testing.assert_allclose(means, 0, atol=1e-4)


def test_a_lost_trial_leaves_the_filter_alone() -> None:
    """Variants drawn at random: there is nothing that trees could learn."""
    draw = np.random.default_rng(0)
    lines = interactions_of(
        [(f"c{c:03}", f"v{v:02}", 1.0) for c in range(150) for v in draw.choice(40, 8, False)]
    )
    fitted = fit(Restacked.build(SMALL), lines)
    assert fitted.trial is not None
    assert not fitted.trial.won
    assert fitted.facts()["second_stage"] is False
    alone = fit(Chebyshev.build({"score_exponent": 0.5}), lines)
    np.testing.assert_array_equal(fitted.score(lines), alone.score(lines))
