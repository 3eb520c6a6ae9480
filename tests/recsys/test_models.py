from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from recsys.errors import BadSettings, RecsysError, TooManyVariants, UnknownModel
from recsys.model import Run
from recsys.models.als import Als
from recsys.models.atelier import Atelier
from recsys.models.ease import Ease, EaseSettings, _factorize, _sweep
from recsys.models.personal import Personal
from recsys.models.popularity import Popularity
from recsys.ranking import rank
from recsys.registry import MODELS, build
from tests.recsys.conformance import ModelTests, interactions_of, random_lines


class TestPopularity(ModelTests):
    model = Popularity
    collaborative = False
    personal = False
    uncarried = None

    def test_recent_lines_count_more(self) -> None:
        lines = interactions_of([("a", "old", 90), ("b", "old", 90), ("c", "new", 1)])
        assert Popularity().fit(lines, Run()).score(lines)[0].argmax() == 0  # "new"

    def test_lines_count_and_units_do_not(self) -> None:
        lines = interactions_of([("a", "x", 5), ("b", "x", 5), ("c", "y", 5)])
        lines.quantity[lines.variant == 1] = 10_000
        scores = Popularity().fit(lines, Run()).score(lines)[0]
        assert scores[0] == pytest.approx(2 * scores[1])


class TestPersonal(ModelTests):
    model = Personal
    collaborative = False

    def test_score_is_the_sum_of_decayed_lines(self) -> None:
        lines = interactions_of([("a", "x", 200), ("a", "x", 400), ("a", "y", 0.5)])
        scores = Personal().fit(lines, Run()).score(lines)[0]
        assert scores[0] == pytest.approx(np.exp(-1) + np.exp(-2), abs=1e-3)

    def test_what_was_never_taken_is_ordered_by_popularity(self) -> None:
        lines = interactions_of([("a", "x", 1), ("b", "y", 9), ("c", "z", 1), ("d", "z", 1)])
        scores = Personal().fit(lines, Run()).score(lines)[0]
        assert scores[0] > scores[2] > scores[1] > 0


class TestEase(ModelTests):
    model = Ease

    @pytest.mark.parametrize("block", [3, 10, 1_000])
    def test_weights_are_the_closed_form(self, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
        monkeypatch.setattr("recsys.models.ease.BLOCK", block)
        lines = random_lines(customers=20, variants=8)
        ease = Ease(EaseSettings(recency_days=50, regularization=3)).fit(lines, Run())
        rows = lines.recent(50).toarray().astype(float)
        inverse = np.linalg.inv(rows.T @ rows + 3 * np.eye(10))
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0)
        np.testing.assert_allclose(ease.state()["weights"].astype(float), weights, atol=1e-6)

    def test_the_sweep_is_minus_the_inverse(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("recsys.models.ease.BLOCK", 3)
        rows = np.random.default_rng(1).normal(size=(30, 10))
        gram = rows.T @ rows
        for invert in (_sweep, _factorize):
            swept = gram.copy()
            invert(swept)
            np.testing.assert_allclose(np.triu(swept), -np.triu(np.linalg.inv(gram)), atol=1e-12)

    def test_single_precision_agrees_with_double(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = random_lines()
        double = Ease().fit(lines, Run()).score(lines)
        monkeypatch.setattr("recsys.models.ease.MOST_DOUBLE", 1)
        monkeypatch.setattr("recsys.models.ease.BLOCK", 7)
        np.testing.assert_allclose(Ease().fit(lines, Run()).score(lines), double, atol=1e-5)

    @pytest.mark.parametrize(("block", "most_double"), [(1, 0), (1_000, 0), (1, 10)])
    def test_a_matrix_that_is_singular_in_this_precision_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, block: int, most_double: int
    ) -> None:
        monkeypatch.setattr("recsys.models.ease.BLOCK", block)
        monkeypatch.setattr("recsys.models.ease.MOST_DOUBLE", most_double)
        twins = interactions_of([("a", "x", 1), ("a", "y", 1), ("b", "x", 1), ("b", "y", 1)])
        with pytest.raises(RecsysError, match="could not be inverted"):
            Ease(EaseSettings(regularization=1e-30)).fit(twins, Run())

    def test_a_large_inverse_takes_every_core_and_a_small_one_takes_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = []
        limits = threadpool_limits
        monkeypatch.setattr("recsys.models.ease._cores", lambda: 3)

        def noting(threads: int, *, user_api: str) -> threadpool_limits:
            asked.append(threads)
            return limits(threads, user_api=user_api)

        monkeypatch.setattr("recsys.models.ease.threadpool_limits", noting)
        lines = random_lines()
        Ease().fit(lines, Run())
        monkeypatch.setattr("recsys.models.ease.MOST_DOUBLE", 1)
        Ease().fit(lines, Run())
        Ease().fit(lines, Run(threads=2))
        assert asked == [1, 3, 2]

    def test_a_matrix_beyond_the_limit_is_refused_with_the_limit(self) -> None:
        lines = random_lines()
        tight = Ease(EaseSettings(most_gigabytes=1e-6))
        with pytest.raises(TooManyVariants, match="1e-06 GB are allowed"):
            tight.fit(lines, Run())


class TestAls(ModelTests):
    model = Als
    batch_tolerance = 1e-5

    def test_folded_in_factors_solve_the_normal_equations(self) -> None:
        lines = random_lines()
        als = Als().fit(lines, Run())
        factors = als.state()["factors"].astype(float)
        history = lines.take(np.array([3]))
        recent = history.recent(als.settings.recency_days).toarray()[0]
        confidence = np.where(recent > 0, 1 + als.settings.alpha * recent, 1.0)
        system = factors.T @ (confidence[:, None] * factors)
        system += als.settings.regularization * np.eye(factors.shape[1])
        customer = np.linalg.solve(system, factors.T @ (confidence * (recent > 0)))
        np.testing.assert_allclose(als.score(history)[0, :30], (factors @ customer)[:30], atol=1e-4)


class TestAtelier(ModelTests):
    model = Atelier
    uncarried = None
    thread_tolerance = 1e-3

    def test_score_is_the_weighted_sum_of_standardized_parts(self) -> None:
        lines = random_lines()
        blend = Atelier().fit(lines, Run())
        settings = blend.settings
        total = np.zeros(lines.shape)
        for weight, part in (
            (settings.personal_weight, Personal(settings.personal)),
            (settings.ease_weight, Ease(settings.ease)),
            (settings.popularity_weight, Popularity(settings.popularity)),
        ):
            scores = part.fit(lines, Run()).score(lines).astype(float)
            taken = scores[:, lines.held()]
            scores -= taken.mean(axis=1, keepdims=True)
            total += weight * scores / taken.std(axis=1, keepdims=True)
        np.testing.assert_allclose(blend.score(lines), total, atol=1e-4)

    def test_contributions_add_up_to_the_score_but_for_popularity(self) -> None:
        lines = random_lines()
        blend = Atelier.build({"popularity_weight": 0.0}).fit(lines, Run())
        taken = lines.held()
        history = lines.take(np.array([8]))
        rest = blend.score(history)[0, taken] - blend.contributions(history, taken).sum(axis=1)
        assert np.ptp(rest) <= 0.01  # what the personal part's tie-break adds

    def test_without_times_and_what_was_bought_it_orders_as_plain_ease(self) -> None:
        lines = random_lines(customers=40, variants=20)
        lines.age[:] = 0
        mine = rank(Atelier().fit(lines, Run()), lines, 5, exclude_seen=True)
        theirs = rank(Ease().fit(lines, Run()), lines, 5, exclude_seen=True)
        np.testing.assert_array_equal(mine.variants, theirs.variants)


def test_every_registered_model_has_its_conformance_test() -> None:
    tested = {suite.model for suite in ModelTests.__subclasses__()}
    assert tested == set(MODELS.values())


def test_an_unknown_model_is_told_the_nearest_name() -> None:
    with pytest.raises(UnknownModel, match="Did you mean 'ease'"):
        build("eese")


@pytest.mark.parametrize(
    ("settings", "place"),
    [({"factrs": 3}, "als.factrs"), ({"factors": 0}, "als.factors"), ({"alpha": "x"}, "als.alpha")],
)
def test_a_bad_setting_is_named(settings: dict[str, object], place: str) -> None:
    with pytest.raises(BadSettings) as caught:
        build("als", settings)
    assert caught.value.where == place
