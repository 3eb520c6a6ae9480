from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from production.allocation.averse.aversion import Aversion, tail_mean, tail_mean_error

LOSSES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40).map(np.array)
AVERSIONS = st.builds(
    lambda weight, level: Aversion(weight=weight, level=level),
    st.floats(0, 1),
    st.floats(0, 0.99),
)


@given(losses=LOSSES, aversion=AVERSIONS)
@settings(max_examples=200, deadline=None)
def test_the_value_is_that_of_the_worst_weights_and_of_no_others_more(
    losses: np.ndarray, aversion: Aversion
) -> None:
    scale = 1e-9 * (1 + np.abs(losses).max())
    worst = aversion.worst(losses)
    least, most = aversion.bounds(len(losses))
    assert worst.sum() == pytest.approx(1)
    assert (worst >= least - 1e-9).all()
    assert (worst <= most + 1e-9).all()
    assert worst @ losses == pytest.approx(aversion.value(losses), abs=scale)
    other = aversion.nearest(np.random.default_rng(0).normal(size=len(losses)))
    assert other @ losses <= aversion.value(losses) + scale


@given(wanted=LOSSES, aversion=AVERSIONS)
@settings(max_examples=100, deadline=None)
def test_the_nearest_weights_are_of_the_envelope_and_no_others_are_nearer(
    wanted: np.ndarray, aversion: Aversion
) -> None:
    wanted = wanted / 1e6
    found = aversion.nearest(wanted)
    least, most = aversion.bounds(len(wanted))
    assert found.sum() == pytest.approx(1)
    assert found.min() >= least - 1e-9
    assert found.max() <= most + 1e-9
    # the angle to any other point of the envelope is blunt
    other = aversion.worst(wanted)
    assert (wanted - found) @ (other - found) <= 1e-6


def test_a_tail_of_part_of_a_draw_is_the_worst_draw() -> None:
    assert tail_mean(np.array([1.0, 5.0, 2.0]), 0.9) == 5.0
    assert tail_mean(np.array([1.0, 5.0, 3.0]), 0.0) == 3.0


def test_the_tail_of_normal_losses_and_its_error() -> None:
    """CVaR of the standard normal: its density at the quantile over 1 - level."""
    level, count = 0.9, 2000
    exact = stats.norm.pdf(stats.norm.ppf(level)) / (1 - level)
    random = np.random.default_rng(0)
    draws = random.normal(size=(300, count))
    found = np.array([tail_mean(one, level) for one in draws])
    errors = np.array([tail_mean_error(one, level) for one in draws])
    assert found.mean() == pytest.approx(exact, abs=4 * found.std() / np.sqrt(300))
    assert errors.mean() == pytest.approx(found.std(), rel=0.1)
