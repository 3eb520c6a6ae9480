from __future__ import annotations

import numpy as np
import pytest

from production.demand.linear import Sample, quantile, ridge

FREE = np.full(2, -np.inf)
NONE = np.full(2, 1e-9)


def sample(noise: np.ndarray) -> Sample:
    random = np.random.default_rng(1)
    X = np.stack([np.ones(len(noise)), 1000 * random.random(len(noise))], axis=1)
    return Sample.of(X, X @ np.array([5.0, 0.3]) + noise, np.ones(len(noise)))


def test_ridge_finds_the_coefficients_of_an_exact_line() -> None:
    rows = sample(np.zeros(50))
    np.testing.assert_allclose(rows.coefficients(ridge(rows, NONE)), [5.0, 0.3], rtol=1e-4)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_the_quantile_leaves_its_share_below(level: float) -> None:
    rows = sample(np.random.default_rng(0).exponential(40.0, size=4000))
    scaled = quantile(rows, level, NONE, ridge(rows, NONE), FREE)
    below = np.mean(rows.y <= rows.Z @ scaled)
    assert below == pytest.approx(level, abs=0.03)


def test_the_median_ignores_how_far_an_outlier_lies() -> None:
    noise = np.zeros(200)
    noise[7] = 1e6
    rows = sample(noise)
    found = rows.coefficients(quantile(rows, 0.5, NONE, ridge(rows, NONE), FREE))
    assert found[1] == pytest.approx(0.3, rel=0.25)


def test_no_coefficient_falls_below_its_bound() -> None:
    rows = sample(np.random.default_rng(0).normal(size=200))
    mirrored = Sample(Z=rows.Z, y=-rows.y, weight=rows.weight, scale=rows.scale, size=rows.size)
    found = quantile(mirrored, 0.5, NONE, np.zeros(2), np.array([-np.inf, 0.0]))
    assert found[1] == 0.0
    assert found[0] < 0
