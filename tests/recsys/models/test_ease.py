from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from recsys.errors import RecsysError, TooManyVariants
from recsys.model import Run
from recsys.models.ease import Ease, EaseSettings, _factorize, _sweep
from tests.recsys.conformance import ModelTests, fit, interactions_of, random_lines


class TestEase(ModelTests):
    model = Ease

    @pytest.mark.parametrize("block", [3, 10, 1_000])
    def test_weights_are_the_closed_form(self, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
        monkeypatch.setattr("recsys.models.ease.BLOCK", block)
        lines = random_lines(customers=20, variants=8)
        ease = fit(Ease(EaseSettings(recency_days=50, regularization=3)), lines)
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
        double = fit(Ease(), lines).score(lines)
        monkeypatch.setattr("recsys.models.ease.MOST_DOUBLE", 1)
        monkeypatch.setattr("recsys.models.ease.BLOCK", 7)
        np.testing.assert_allclose(fit(Ease(), lines).score(lines), double, atol=1e-5)

    @pytest.mark.parametrize(("block", "most_double"), [(1, 0), (1_000, 0), (1, 10)])
    def test_a_matrix_that_is_singular_in_this_precision_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, block: int, most_double: int
    ) -> None:
        monkeypatch.setattr("recsys.models.ease.BLOCK", block)
        monkeypatch.setattr("recsys.models.ease.MOST_DOUBLE", most_double)
        twins = interactions_of([("a", "x", 1), ("a", "y", 1), ("b", "x", 1), ("b", "y", 1)])
        with pytest.raises(RecsysError, match="could not be inverted"):
            fit(Ease(EaseSettings(regularization=1e-30)), twins)

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
        fit(Ease(), lines)
        monkeypatch.setattr("recsys.models.ease.MOST_DOUBLE", 1)
        fit(Ease(), lines)
        fit(Ease(), lines, Run(threads=2))
        assert asked == [1, 3, 2]

    def test_a_matrix_beyond_the_limit_is_refused_with_the_limit(self) -> None:
        lines = random_lines()
        tight = Ease(EaseSettings(most_gigabytes=1e-6))
        with pytest.raises(TooManyVariants, match="1e-06 GB are allowed"):
            fit(tight, lines)
