from __future__ import annotations

import numpy as np

from recsys.models.als import Als
from tests.recsys.conformance import ModelTests, fit, random_lines


class TestAls(ModelTests):
    model = Als
    batch_tolerance = 1e-5

    def test_folded_in_factors_solve_the_normal_equations(self) -> None:
        lines = random_lines()
        als = fit(Als(), lines)
        factors = als.state()["factors"].astype(float)
        history = lines.take(np.array([3]))
        recent = history.recent(als.settings.recency_days).toarray()[0]
        confidence = np.where(recent > 0, 1 + als.settings.alpha * recent, 1.0)
        system = factors.T @ (confidence[:, None] * factors)
        system += als.settings.regularization * np.eye(factors.shape[1])
        customer = np.linalg.solve(system, factors.T @ (confidence * (recent > 0)))
        np.testing.assert_allclose(als.score(history)[0, :30], (factors @ customer)[:30], atol=1e-4)
