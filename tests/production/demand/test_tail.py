from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import genpareto

from production.demand.forecast import LEVELS
from production.demand.forecasters.linear import MEAN_WEIGHTS
from production.demand.tail import BEYOND, capped_mean, mean_exceedance, straight_excess


def test_capped_mean_and_straight_tail_are_the_mean_of_the_spanned_distribution() -> None:
    quantiles = np.sort(np.random.default_rng(0).exponential(9.0, (5, len(LEVELS))))
    mean = capped_mean(quantiles) + BEYOND * straight_excess(quantiles)
    np.testing.assert_allclose(mean, quantiles @ MEAN_WEIGHTS)


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.2])
def test_the_mean_of_a_known_tail_is_found(shape: float) -> None:
    excess = genpareto.rvs(shape, scale=3.0, size=20_000, random_state=1)
    found = mean_exceedance(excess, np.ones(len(excess)))
    assert found == pytest.approx(3.0 / (1 - shape), rel=0.03)


def test_weights_count_like_repeated_values() -> None:
    excess = np.random.default_rng(2).exponential(2.0, 400)
    times = np.arange(400) % 3 + 1
    weighed = mean_exceedance(excess, times.astype(float))
    repeated = mean_exceedance(np.repeat(excess, times), np.ones(times.sum()))
    assert weighed == pytest.approx(repeated, rel=0.01)


def test_a_giant_order_moves_it_far_less_than_the_plain_mean() -> None:
    excess = np.random.default_rng(3).exponential(1.0, 200)
    spiked = np.append(excess, 2_000.0)
    clean = mean_exceedance(excess, np.ones(200))
    moved = mean_exceedance(spiked, np.ones(201))
    assert clean is not None
    assert moved is not None
    assert moved < 2 * clean
    assert spiked.mean() > 8 * excess.mean()


def test_equal_exceedances_and_too_few_of_them() -> None:
    assert mean_exceedance(np.ones(19), np.ones(19)) is None
    assert mean_exceedance(np.ones(30), np.zeros(30)) is None
    assert mean_exceedance(np.ones(30), np.ones(30)) == pytest.approx(1.0)
