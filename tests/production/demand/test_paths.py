from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from production.allocation.quantiles import DemandCurves
from production.demand.forecast import LEVELS, Forecast
from production.demand.mix.shares import Mix, style_mix
from production.demand.paths import region_paths, sample_paths
from production.demand.totals import MOST_DRAWS, Totals
from production.errors import BadPaths

NORMAL = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])


def forecast_of(mean: np.ndarray, *, spread: float = 0.6, periods: int = 4) -> Forecast:
    profile = np.arange(1, periods + 1) / np.arange(1, periods + 1).sum()
    return Forecast(
        method="made",
        origin=np.datetime64("2024-01-01"),
        variants=np.array([f"v{one:03d}" for one in range(len(mean))], dtype=object),
        weekly=mean[:, None] * profile,
        mean=mean,
        quantiles=np.maximum(mean[:, None] * (1 + spread * NORMAL), 0.0),
    )


def mix_of(count: int, a_style: int = 3, seed: int = 0) -> Mix:
    style = np.arange(count) // a_style
    units = np.random.default_rng(seed).poisson(3.0, (count, 12)).astype(float)
    return style_mix(units, units, style, horizon=4)


@given(
    seed=st.integers(0, 1000),
    mean=st.lists(st.floats(0, 500), min_size=1, max_size=9),
    spread=st.floats(0.05, 2),
)
@settings(max_examples=40, deadline=None)
def test_margins_are_the_forecasts(seed: int, mean: list[float], spread: float) -> None:
    forecast = forecast_of(np.array(mean), spread=spread)
    paths = sample_paths(forecast, mix_of(len(mean)), draws=1000, seed=seed)
    total = np.sort(paths.units.sum(axis=2), axis=0)  # (N, V)
    curves = DemandCurves.from_quantiles(LEVELS, forecast.quantiles, forecast.variants)
    for level in (0.06, 0.2, 0.5, 0.8, 0.94):
        drawn = total[int(level * 1000)]
        # a whole unit for rounding, and the slope over two draws for where a draw falls
        low = curves.inverse(np.full(len(mean), level - 0.003))
        high = curves.inverse(np.full(len(mean), level + 0.003))
        assert ((drawn >= low - 1.001) & (drawn <= high + 1.001)).all()
    np.testing.assert_allclose(total.mean(axis=0), curves.mean(), rtol=0.01, atol=0.1)


def test_units_are_whole_and_never_negative_and_a_seed_repeats_them() -> None:
    forecast = forecast_of(np.array([0.0, 0.3, 5.0, 70.0]))
    paths = sample_paths(forecast, mix_of(4), draws=50, seed=3)
    assert paths.units.dtype == np.int32
    assert paths.units.shape == (50, 4, 4)
    assert paths.units.min() >= 0
    again = sample_paths(forecast, mix_of(4), draws=50, seed=3)
    np.testing.assert_array_equal(paths.units, again.units)
    other = sample_paths(forecast, mix_of(4), draws=50, seed=4)
    assert (paths.units != other.units).any()


def test_periods_follow_the_forecasts_profile() -> None:
    forecast = forecast_of(np.array([400.0, 100.0]))
    paths = sample_paths(forecast, mix_of(2), draws=500)
    shown = paths.units.sum(axis=0) / paths.units.sum(axis=(0, 2))[:, None]
    np.testing.assert_allclose(shown, np.tile([0.1, 0.2, 0.3, 0.4], (2, 1)), atol=0.01)


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_styles_and_regions_add_up_in_every_draw_and_period(seed: int) -> None:
    random = np.random.default_rng(seed)
    paths = sample_paths(forecast_of(random.gamma(1.0, 20.0, 9)), mix_of(9), draws=20, seed=seed)
    totals = paths.totals(np.arange(9) // 3, 3)
    np.testing.assert_array_equal(totals.sum(axis=1), paths.units.sum(axis=1))
    np.testing.assert_array_equal(totals[:, 0], paths.units[:, :3].sum(axis=1))
    share = random.dirichlet(np.ones(4), 9)
    by_region = region_paths(paths, share, seed=seed)
    assert by_region.min() >= 0
    np.testing.assert_array_equal(by_region.sum(axis=0), paths.units)


def test_regions_get_their_shares() -> None:
    paths = sample_paths(forecast_of(np.array([800.0])), mix_of(1), draws=200)
    found = region_paths(paths, np.array([[0.5, 0.0, 0.3, 0.2]])).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(found / found.sum(), [0.5, 0.0, 0.3, 0.2], atol=0.01)


def correlation(strength: float, spread: float) -> float:
    """Of two variants of a style whose shares are that firm."""
    mix = Mix(
        style=np.zeros(2, dtype=int),
        share=np.full(2, 0.5),
        low=np.zeros(2),
        high=np.ones(2),
        strength=np.full(2, strength),
    )
    forecast = forecast_of(np.full(2, 500.0), spread=spread)
    total = sample_paths(forecast, mix, draws=2000, seed=1).units.sum(axis=2)
    return float(np.corrcoef(total.T)[0, 1])


def test_variants_share_their_styles_fortune_and_compete_for_it() -> None:
    assert correlation(strength=500.0, spread=0.5) > 0.9  # firm shares: all is the total's doing
    assert correlation(strength=3.0, spread=0.5) < -0.5  # loose shares: what one gains, one loses


def test_styles_move_together_as_far_as_they_are_told() -> None:
    forecast = forecast_of(np.full(40, 300.0), spread=0.4)
    mix = mix_of(40, a_style=1)

    def spread(together: float) -> float:
        units = sample_paths(forecast, mix, draws=800, together=together).units
        return float(units.sum(axis=(1, 2)).std())

    assert spread(0.0) < spread(0.3) / 2 < spread(1.0) / 2


@pytest.mark.parametrize("draws", [0, -1, MOST_DRAWS + 1])
def test_too_many_paths_or_none_are_refused(draws: int) -> None:
    with pytest.raises(BadPaths, match="cannot be drawn"):
        sample_paths(forecast_of(np.ones(3)), mix_of(3), draws=draws)


def test_a_mix_of_other_variants_is_refused() -> None:
    with pytest.raises(BadPaths, match="mix"):
        sample_paths(forecast_of(np.ones(3)), mix_of(4), draws=5)


def test_blocks_of_styles_change_no_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    forecast = forecast_of(np.linspace(0, 80, 30))
    whole = sample_paths(forecast, mix_of(30), draws=200)
    monkeypatch.setattr("production.demand.totals.BLOCK_CELLS", 1000)
    parts = sample_paths(forecast, mix_of(30), draws=200)
    np.testing.assert_allclose(
        parts.units.sum(axis=2).mean(axis=0), whole.units.sum(axis=2).mean(axis=0), atol=0.3
    )


def test_totals_are_the_paths_summed_over_periods_in_each_pass() -> None:
    forecast, mix = forecast_of(np.linspace(0, 80, 30)), mix_of(30)
    paths = sample_paths(forecast, mix, draws=40, seed=5)
    totals = Totals.of(forecast, mix, draws=40, seed=5)
    for _ in range(2):
        for block in totals.blocks():
            np.testing.assert_array_equal(block.units, paths.units[:, block.rows].sum(axis=2))
    with pytest.raises(BadPaths, match="cannot be drawn"):
        Totals.of(forecast, mix, draws=0)


def test_a_spike_is_drawn_and_units_beyond_all_reason_are_refused() -> None:
    spike = sample_paths(forecast_of(np.array([80_000.0, 1.0])), mix_of(2), draws=100)
    assert 60_000 < np.median(spike.units[:, 0].sum(axis=1)) < 100_000
    with pytest.raises(BadPaths, match="'v001' may exceed"):
        sample_paths(forecast_of(np.array([1.0, 1e10])), mix_of(2), draws=5)
