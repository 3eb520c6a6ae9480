from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from production.demand.forecast import LEVELS
from production.demand.forecasters import BY_NAME, make_forecaster, method_names
from production.demand.forecasters.conformal import spread
from production.demand.forecasters.linear import MEAN_WEIGHTS
from production.errors import UnknownMethod
from tests.production import markets
from tests.production.demand import conformance

units = arrays(float, st.integers(1, 60), elements=st.floats(0, 1e5))


class TestAtelier(conformance.ForecasterTests):
    method = "atelier"
    weeks_needed = 15


class TestLinear(conformance.ForecasterTests):
    method = "linear"
    weeks_needed = 15

    def test_says_what_it_learned(self) -> None:
        found = self.forecast(markets.panel(factors=markets.market()))
        assert found.effects is not None
        assert {"level", "price"} <= set(found.effects["term"])
        kinds = found.effects.groupby("kind")["term"].unique()
        assert {"season_sine", "christmas"} <= set(kinds["regressor"])
        assert found.effects["effect"].notna().all()

    def test_mean_is_that_of_the_distribution(self) -> None:
        # uniform on 0..1 has its quantiles at LEVELS and a mean of one half
        assert MEAN_WEIGHTS @ np.array(LEVELS) == pytest.approx(0.5)


class TestBoosting(conformance.ForecasterTests):
    method = "boosting"
    weeks_needed = 15


class TestNewsvendor(conformance.ForecasterTests):
    method = "newsvendor"
    weeks_needed = 15


class TestLightGBMLags(conformance.ForecasterTests):
    method = "lightgbm_lags"
    weeks_needed = 19


class TestCrostonSBA(conformance.ForecasterTests):
    method = "croston_sba"
    weeks_needed = 8


class TestTSB(conformance.ForecasterTests):
    method = "tsb"
    weeks_needed = 8


class TestExponentialSmoothing(conformance.ForecasterTests):
    method = "exponential_smoothing"
    weeks_needed = 8


class TestEmpiricalSums(conformance.ForecasterTests):
    method = "empirical_sums"
    weeks_needed = 4

    def test_are_the_variants_own_sums_of_the_last_year(self) -> None:
        panel = markets.panel()
        found = self.forecast(panel)
        units = panel.units[5, :62]
        sums = np.array([units[week : week + 4].sum() for week in range(62 - 4 - 51, 59)])
        np.testing.assert_allclose(found.quantiles[5], np.quantile(sums, LEVELS))
        assert found.mean[5] == pytest.approx(sums.mean())


class TestMean8Weeks(conformance.ForecasterTests):
    method = "mean_8_weeks"
    weeks_needed = 12

    def test_is_the_mean_of_the_last_eight_weeks(self) -> None:
        panel = markets.panel()
        found = self.forecast(panel)
        np.testing.assert_allclose(found.mean, panel.units[:, 54:62].mean(axis=1) * 4)


class TestLast4Weeks(conformance.ForecasterTests):
    method = "last_4_weeks"
    weeks_needed = 8

    def test_is_the_last_four_weeks(self) -> None:
        panel = markets.panel()
        found = self.forecast(panel)
        np.testing.assert_allclose(found.mean, panel.units[:, 58:62].sum(axis=1))


class TestLogLinear(conformance.ForecasterTests):
    method = "log_linear"
    weeks_needed = 15


class TestSameWeekdayLastWeek(conformance.ForecasterTests):
    method = "same_weekday_last_week"
    weeks_needed = 5

    def test_is_the_last_week_again(self) -> None:
        panel = markets.panel()
        found = self.forecast(panel)
        np.testing.assert_allclose(found.mean, 4 * panel.units[:, 61])


class TestSameWeeksLastYear(conformance.ForecasterTests):
    method = "same_weeks_last_year"
    weeks_needed = 56

    def test_is_last_years_weeks(self) -> None:
        panel = markets.panel()
        found = self.forecast(panel)
        np.testing.assert_allclose(found.mean, panel.units[:, 10:14].sum(axis=1))


def test_every_method_has_its_conformance_test() -> None:
    suites = conformance.ForecasterTests.__subclasses__()
    assert {suite.method for suite in suites} == {*method_names(), *BY_NAME}


def test_a_misspelt_method_names_the_nearest() -> None:
    with pytest.raises(UnknownMethod, match="atelier") as caught:
        make_forecaster("atelir")
    assert "Did you mean 'atelier'?" in caught.value.fix


@given(point=units, past=units, seed=st.integers(0, 9))
def test_conformal_quantiles_never_cross_nor_fall_below_zero(
    point: np.ndarray, past: np.ndarray, seed: int
) -> None:
    actual = np.random.default_rng(seed).poisson(past).astype(float)
    found = spread(point, past, actual)
    assert found.shape == (len(point), len(LEVELS))
    assert (found >= 0).all()
    assert (np.diff(found, axis=1) >= -1e-6 * (1 + found[:, 1:])).all()


def test_conformal_quantiles_are_the_forecast_times_past_ratios() -> None:
    past = np.full(101, 10.0)
    actual = np.linspace(0.0, 20.0, 101)
    np.testing.assert_allclose(spread(np.array([50.0]), past, actual)[0], 100.0 * np.array(LEVELS))
