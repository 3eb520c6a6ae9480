from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from production.demand.mix.settings import MixSettings
from production.demand.mix.shares import Mix, style_mix

SLOW_ALONE = {"units_power": 1.0, "recent_concentration": 1e15}


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(units, lines, style) of twelve variants in up to four styles, some without a sale."""
    random = np.random.default_rng(seed)
    style = np.unique(random.integers(0, 4, 12), return_inverse=True)[1]
    lines = random.poisson(2.0, (12, 10)) * random.integers(0, 2, (12, 1))
    units = lines * random.integers(1, 40, (12, 10))
    return units.astype(float), lines.astype(float), style


def test_the_lasting_mix_is_the_decayed_counts_with_the_prior() -> None:
    units = np.array([[8.0, 0.0], [0.0, 6.0]])
    settings = MixSettings(half_life=1.0, concentration=10.0, **SLOW_ALONE)
    mix = style_mix(units, units, np.zeros(2, dtype=int), horizon=4, settings=settings)
    # last week counts whole, the one before half: 4 and 6, each with a prior of 5
    np.testing.assert_allclose(mix.share, [9 / 20, 11 / 20])


def test_the_recent_mix_starts_from_the_lasting_one() -> None:
    units = np.array([[8.0, 0.0], [0.0, 6.0]])
    settings = MixSettings(
        units_power=1, half_life=1.0, concentration=10, recent_half_life=1e-3,
        recent_concentration=4,
    )  # fmt: skip
    mix = style_mix(units, units, np.zeros(2, dtype=int), horizon=4, settings=settings)
    # only last week is recent: 0 and 6, worth more than four counts at 9 to 11
    np.testing.assert_allclose(mix.share, [1.8 / 10, 8.2 / 10])


def test_a_bulk_order_weighs_less_than_as_many_units_in_many_lines() -> None:
    units = np.full((2, 4), 60.0)
    lines = np.vstack([np.full(4, 1.0), np.full(4, 20.0)])
    mix = style_mix(units, lines, np.zeros(2, dtype=int), horizon=4)
    assert mix.share[0] < 0.4


@given(seed=st.integers(0, 10**6))
def test_shares_sum_to_one_in_each_style_and_lie_in_their_intervals(seed: int) -> None:
    units, lines, style = drawn(seed)
    mix = style_mix(units, lines, style, horizon=4)
    np.testing.assert_allclose(np.bincount(style, weights=mix.share), 1.0)
    assert ((mix.low >= 0) & (mix.low <= mix.share)).all()
    assert ((mix.share <= mix.high) & (mix.high <= 1)).all()
    assert (mix.strength > 0).all()


@given(seed=st.integers(0, 10**6))
def test_the_order_of_the_variants_changes_nothing(seed: int) -> None:
    units, lines, style = drawn(seed)
    order = np.random.default_rng(seed).permutation(len(style))
    mix = style_mix(units, lines, style, horizon=4)
    mixed = style_mix(units[order], lines[order], style[order], horizon=4)
    for name in ("share", "low", "high", "strength"):
        np.testing.assert_allclose(getattr(mixed, name), getattr(mix, name)[order], rtol=1e-9)


def widths(times: float) -> np.ndarray:
    few = np.array([[2.0], [3.0], [5.0]])
    mix = style_mix(few * times, few * times, np.zeros(3, dtype=int), horizon=4)
    return np.asarray(mix.high - mix.low)


@given(times=st.floats(1, 500), more=st.floats(2, 50))
def test_more_orders_narrow_the_interval(times: float, more: float) -> None:
    assert (widths(times * more) <= widths(times) + 1e-9).all()
    assert (widths(1000 * more) < widths(1) / 3).all()


def test_intervals_hold_the_shares_that_come() -> None:
    random = np.random.default_rng(1)
    share = random.dirichlet(np.full(4, 3.0), 500)
    weeks = random.poisson(10 * share[:, :, None], (500, 4, 24)).astype(float)
    style = np.repeat(np.arange(500), 4)
    past = weeks[:, :, :20].reshape(2000, 20)
    settings = MixSettings(half_life=8.0, concentration=4.0, lines_a_choice=1.0, **SLOW_ALONE)
    mix = style_mix(past, past, style, horizon=4, settings=settings)
    coming = weeks[:, :, 20:].sum(axis=2)
    shown = (coming / coming.sum(axis=1, keepdims=True)).ravel()
    held = ((shown >= mix.low) & (shown <= mix.high)).mean()
    assert held == pytest.approx(0.8, abs=0.06)


def test_where_few_orders_come_the_interval_reaches_none_and_all() -> None:
    few = np.array([[0.0, 1.0], [0.0, 0.0]])
    mix = style_mix(few, few, np.zeros(2, dtype=int), horizon=4)
    np.testing.assert_array_equal(mix.low, 0)
    np.testing.assert_array_equal(mix.high, 1)


def test_a_variant_alone_in_its_style_has_all_of_it() -> None:
    mix = style_mix(np.ones((1, 3)), np.ones((1, 3)), np.zeros(1, dtype=int), horizon=4)
    assert (mix.share[0], mix.low[0], mix.high[0]) == (1, 1, 1)


@pytest.mark.parametrize("units", [1e-9, 1.0, 1e6])
def test_one_order_of_any_size_gives_sound_shares(units: float) -> None:
    past = np.zeros((3, 30))
    past[0, 29] = units
    lines = (past > 0).astype(float)
    mix: Mix = style_mix(past, lines, np.zeros(3, dtype=int), horizon=4)
    assert np.isfinite(np.concatenate([mix.share, mix.low, mix.high, mix.strength])).all()
    assert mix.share[1] == pytest.approx(mix.share[2])
    assert mix.share[1] > 0


def test_a_prior_decides_where_nothing_sold() -> None:
    prior = np.array([0.7, 0.2, 0.1])
    nothing = np.zeros((3, 8))
    mix = style_mix(nothing, nothing, np.zeros(3, dtype=int), horizon=4, prior=prior)
    np.testing.assert_allclose(mix.share, prior)
