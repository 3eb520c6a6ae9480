from __future__ import annotations

import numpy as np
import pytest
from implicit.cpu.bpr import BayesianPersonalizedRanking
from scipy.stats import spearmanr

from recsys.model import Run
from recsys.models.bpr import Bpr, BprSettings
from tests.recsys.conformance import ModelTests, fit, random_lines


class TestBpr(ModelTests):
    model = Bpr
    batch_tolerance = 1e-5
    uncarried = None

    def test_a_training_customer_folded_in_ranks_as_their_fitted_factor(self) -> None:
        lines = random_lines(customers=200, variants=60)
        bpr = fit(Bpr(BprSettings(factors=16, recency_days=1e6)), lines)
        solver = BayesianPersonalizedRanking(
            factors=16,
            learning_rate=bpr.settings.learning_rate,
            regularization=bpr.settings.regularization,
            iterations=bpr.settings.iterations,
            random_state=0,
            num_threads=1,
        )
        solver.fit(lines.matrix()[:, :60], show_progress=False)
        fitted = solver.user_factors @ solver.item_factors.T
        folded = bpr.score(lines)[:, :60]
        alike = [spearmanr(*pair)[0] for pair in zip(folded, fitted, strict=True)]
        assert np.mean(alike) > 0.85
        assert np.quantile(alike, 0.05) > 0.6

    def test_folded_in_factors_solve_the_expanded_objective(self) -> None:
        """Least squares over every pair of a line and a drawn variant, spelled out."""
        lines = random_lines(customers=30, variants=8)
        bpr = fit(Bpr(BprSettings(factors=3, fold_in_regularization=0.2, recency_days=50)), lines)
        learned = bpr.variant_vectors().astype(float)
        factors, biases = learned[:, :-1], learned[:, -1]
        drawn = np.bincount(lines.matrix().indices, minlength=10) / lines.matrix().nnz
        history = lines.take(np.array([3]))
        recency = history.recent(50)
        shares = recency.data / recency.data.sum()
        system, side = 0.2 * np.eye(3), np.zeros(3)
        for taken, share in zip(recency.indices, shares, strict=True):
            for other in range(10):
                apart = factors[taken] - factors[other]
                above = biases[taken] - biases[other]
                system += share * drawn[other] * np.outer(apart, apart) / 4
                side += share * drawn[other] * apart * (0.5 - above / 4)
        expected = factors @ np.linalg.solve(system, side) + biases
        np.testing.assert_allclose(bpr.score(history)[0, :8], expected[:8], atol=1e-5)

    def test_contributions_and_bias_add_up_to_the_score(self) -> None:
        lines = random_lines()
        bpr = fit(Bpr(), lines)
        history, variants = lines.take(np.array([11])), np.arange(30)
        carried = bpr.contributions(history, variants).sum(axis=1)
        biases = bpr.variant_vectors()[:30, -1]
        np.testing.assert_allclose(carried + biases, bpr.score(history)[0, :30], atol=1e-5)

    def test_blocks_of_customers_are_solved_alike(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = random_lines()
        bpr = fit(Bpr(), lines)
        whole = bpr.vectors(lines)
        monkeypatch.setattr("recsys.models.bpr.BLOCK", 7)
        np.testing.assert_array_equal(bpr.vectors(lines), whole)

    def test_the_fit_keeps_to_one_thread_whatever_is_allowed(self) -> None:
        lines = random_lines(customers=300)
        one, many = (fit(Bpr(), lines, Run(threads=threads)).state() for threads in (1, 2))
        np.testing.assert_array_equal(one["factors"], many["factors"])

    def test_another_seed_is_another_fit(self) -> None:
        lines = random_lines()
        one, other = (fit(Bpr(), lines, Run(seed=seed)).state() for seed in (0, 1))
        assert not np.array_equal(one["factors"], other["factors"])
