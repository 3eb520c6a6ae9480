from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Run
from recsys.models.atelier import Atelier
from recsys.models.blend import Blend, BlendSettings
from recsys.models.chebyshev import Chebyshev
from recsys.second_stage.examples import Origin, examples_at, origins
from recsys.second_stage.features import NAMES, Features
from recsys.second_stage.learning import Trial
from tests.recsys.conformance import AS_OF, ModelTests, fit, interactions_of, random_lines

SMALL: dict[str, object] = {
    "trees": {"trees": 40, "leaves": 8, "least_in_leaf": 20},
    "origins": 3,
    "horizon_days": 14,
    "step_days": 14,
}


def rhythmic(seed: int = 3, customers: int = 160, variants: int = 30) -> Interactions:
    """Two tastes again; a customer takes each of their staples once in its own number of days.

    What was taken last is not due, so that frequency and recency mislead, and trees can learn it.
    """
    draw = np.random.default_rng(seed)
    lines = []
    for customer in range(customers):
        staples = 2 * draw.choice(variants // 2, size=6, replace=False) + customer % 2
        for staple in staples.tolist():
            every = int(draw.integers(18, 45))
            first = int(draw.integers(1, every))
            lines += [
                (f"c{customer:03}", f"v{staple:03}", float(day)) for day in range(first, 200, every)
            ]
    return interactions_of(lines, [f"v{variant:03}" for variant in range(variants + 2)])


class TestAtelier(ModelTests):
    """Too few customers for a trial: the first stage stands alone."""

    model = Atelier
    uncarried = 0.01  # what the personal part's tie-break adds
    thread_tolerance = 1e-3


class TestTwoStages(ModelTests):
    """The same conformance where the second stage ranks."""

    model = Atelier
    settings = SMALL
    uncarried = None
    thread_tolerance = 0.5
    collaborative = False  # the shop's habits are told by rhythm, not by what goes together

    @pytest.fixture(scope="class")
    @classmethod
    def lines(cls) -> Interactions:
        return rhythmic()

    def test_it_won_its_trial_and_says_so(self, fitted: Atelier) -> None:
        assert fitted.trial is not None
        assert fitted.trial.won
        assert fitted.trial.second > fitted.trial.first
        facts = fitted.facts()
        assert facts["second_stage"] is True
        assert facts["trial"] == fitted.trial.to_json()

    def test_what_is_due_comes_before_what_was_taken_yesterday(
        self, fitted: Atelier, lines: Interactions
    ) -> None:
        """Of each customer's own variants, those taken in the last week stand low."""
        scores = fitted.score(lines)
        own = lines.matrix().toarray() > 0
        fresh = np.zeros(lines.shape, dtype=bool)
        late = lines.age < 7
        fresh[lines.customer[late], lines.variant[late]] = True
        assert scores[own & ~fresh].mean() > scores[own & fresh].mean()

    def test_others_stand_below_the_candidates_in_the_blends_order(
        self, fitted: Atelier, lines: Interactions
    ) -> None:
        taken = lines.held()
        scores = fitted.score(lines)
        untaken = np.setdiff1d(np.arange(lines.shape[1]), taken)
        assert scores[:, untaken].max() < scores[:, taken].min()


def test_the_trial_decides() -> None:
    lost = Trial(customers=50, first=0.3, second=0.31, low=-0.01, high=0.03)
    assert not lost.won
    assert Trial(customers=50, first=0.3, second=0.35, low=0.02, high=0.08).won


def test_without_a_won_trial_it_scores_as_the_blend() -> None:
    lines = random_lines()
    mine, blend = fit(Atelier(), lines), fit(Blend(), lines)
    np.testing.assert_array_equal(mine.score(lines), blend.score(lines))
    assert mine.facts() == {"second_stage": False, "trial": None}


def test_without_times_there_is_no_second_stage() -> None:
    lines = rhythmic()
    lines.age[:] = 0
    fitted = fit(Atelier.build(SMALL), lines)
    assert fitted.facts()["second_stage"] is False
    np.testing.assert_array_equal(fitted.score(lines), fit(Chebyshev(), lines).score(lines))
    restored = Atelier.build(SMALL).restore(dict(fitted.state()))
    np.testing.assert_array_equal(restored.score(lines), fitted.score(lines))


def test_an_origin_knows_nothing_of_what_came_after() -> None:
    """Other lines within the horizon change what was taken, and no candidate or feature."""
    lines = rhythmic(customers=40)
    catalogue = Catalogue.of(lines.variants)
    origin = Origin(days=28, horizon=28)
    later = lines.age <= 28
    variant = lines.variant.copy()
    variant[later] = (variant[later] + 2) % 30
    changed = replace(lines, variant=variant)
    before, after = (
        examples_at(origin, each, catalogue, BlendSettings(), Run()) for each in (lines, changed)
    )
    assert before is not None
    assert after is not None
    assert not np.array_equal(before.taken, after.taken)
    np.testing.assert_array_equal(before.customer, after.customer)
    np.testing.assert_array_equal(before.features, after.features)


def test_examples_say_what_was_bought_in_the_horizon() -> None:
    lines = rhythmic(customers=40)
    found = examples_at(
        Origin(days=28, horizon=14), lines, Catalogue.of(lines.variants), BlendSettings(), Run()
    )
    assert found is not None
    inside = (lines.age <= 28) & (lines.age > 14)
    bought = pd.DataFrame({"c": lines.customer[inside], "v": lines.variant[inside]})
    wanted = bought.drop_duplicates().groupby("c").size()
    np.testing.assert_array_equal(found.wanted[wanted.index], wanted)
    assert found.wanted.sum() == wanted.sum()
    assert found.taken.sum() <= wanted.sum()
    assert found.features.shape == (len(found.taken), len(NAMES))


def test_origins_leave_two_horizons_before_them() -> None:
    lines = rhythmic()  # 200 days
    days = [origin.days for origin in origins(lines, horizon=28, step=14, most=20)]
    assert days == [14, 28, 42, 56, 70, 84, 98, 112, 126, 140]
    assert origins(random_lines(), horizon=300, step=7, most=5) == []


def test_features_of_one_customer_are_those_in_a_batch() -> None:
    lines = rhythmic(customers=30)
    features = Features(Blend(), 28).fit(lines, Catalogue.of(lines.variants), Run())
    batch = features.describe(lines, features.signals.score(lines))
    for row in (0, 17):
        history = lines.take(np.array([row]))
        one = features.describe(history, features.signals.score(history))
        here = batch.row == row
        np.testing.assert_array_equal(one.variant, batch.variant[here])
        np.testing.assert_allclose(one.features, batch.features[here], atol=1e-4)  # ALS's grid


def test_a_launch_is_placed_by_its_attributes() -> None:
    """Two new titles: each taste's customers see their own before the other's."""
    lines = rhythmic()
    names = lines.variants.tolist()
    titles = ["tea cup" if place % 2 == 0 else "coffee mug" for place in range(len(names))]
    rows = pd.DataFrame({"variant_id": names, "style_id": names, "title": titles})
    catalogue = Catalogue.of(names, rows)
    scores = fit(Atelier.build(SMALL), lines, catalogue=catalogue).score(lines)
    tea, coffee = len(names) - 2, len(names) - 1
    assert (scores[0::2, tea] > scores[0::2, coffee]).mean() > 0.9
    assert (scores[1::2, tea] < scores[1::2, coffee]).mean() > 0.9


def test_a_model_of_two_stages_is_kept_whole() -> None:
    lines = rhythmic()
    fitted = fit(Atelier.build(SMALL), lines)
    settings = fitted.settings.model_dump(mode="json")
    restored = Atelier.build(settings).restore(dict(fitted.state()))
    assert restored.trial == fitted.trial
    assert restored.facts() == fitted.facts()
    later = lines.later(AS_OF + np.timedelta64(3, "D"))
    np.testing.assert_array_equal(restored.score(later), fitted.score(later))
