from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from production.demand.mix import MixSettings, style_mix


def test_shares_are_the_decayed_counts_with_the_prior() -> None:
    units = np.array([[8.0, 0.0], [0.0, 6.0]])
    settings = MixSettings(half_life=1.0, concentration=10.0)
    mix = style_mix(units, units, np.zeros(2, dtype=int), horizon=4, settings=settings)
    # last week counts whole, the one before half: 4 and 6, each with a prior of 5
    np.testing.assert_allclose(mix.share, [9 / 20, 11 / 20])


@given(seed=st.integers(0, 10**6))
def test_shares_sum_to_one_in_each_style_and_lie_in_their_intervals(seed: int) -> None:
    random = np.random.default_rng(seed)
    style = np.sort(random.integers(0, 4, 12))
    style = np.unique(style, return_inverse=True)[1]
    units = (random.poisson(2.0, (12, 10)) * random.integers(0, 2, (12, 1))).astype(np.float64)
    mix = style_mix(units, np.minimum(units, 1), style, horizon=4)
    np.testing.assert_allclose(np.bincount(style, weights=mix.share), 1.0)
    assert ((mix.low >= 0) & (mix.low <= mix.high) & (mix.high <= 1)).all()


def test_more_orders_narrow_the_interval() -> None:
    few = np.array([[2.0], [2.0]])
    style = np.zeros(2, dtype=int)
    narrow = style_mix(few * 500, few * 500, style, horizon=4)
    wide = style_mix(few, few, style, horizon=4)
    assert (narrow.high - narrow.low < (wide.high - wide.low) / 3).all()


def test_intervals_hold_the_shares_that_come() -> None:
    random = np.random.default_rng(1)
    share = random.dirichlet(np.full(4, 3.0), 500)
    weeks = random.poisson(10 * share[:, :, None], (500, 4, 24)).astype(float)
    style = np.repeat(np.arange(500), 4)
    past = weeks[:, :, :20].reshape(2000, 20)
    settings = MixSettings(half_life=8.0, concentration=4.0, lines_a_choice=1.0)
    mix = style_mix(past, past, style, horizon=4, settings=settings)
    coming = weeks[:, :, 20:].sum(axis=2)
    shown = (coming / coming.sum(axis=1, keepdims=True)).ravel()
    held = ((shown >= mix.low) & (shown <= mix.high)).mean()
    assert held == pytest.approx(0.8, abs=0.06)


def test_a_variant_alone_in_its_style_has_all_of_it() -> None:
    mix = style_mix(np.ones((1, 3)), np.ones((1, 3)), np.zeros(1, dtype=int), horizon=4)
    assert (mix.share[0], mix.low[0], mix.high[0]) == (1, 1, 1)
