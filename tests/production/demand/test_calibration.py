from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import norm

from production.allocation.quantiles import DemandCurves
from production.demand.calibration import (
    LARGEST_CHANGE,
    PACE_TRUST,
    PastPredicted,
    Predicted,
    calibrated,
    pace_of,
)
from production.demand.forecast import LEVELS
from production.demand.metrics import pinball
from tests.production import markets

Floats = NDArray[np.float64]
MEDIAN = LEVELS.index(0.5)


def lognormal(median: Floats, spread: float) -> Floats:
    quantiles: Floats = median[:, None] * np.exp(spread * norm.ppf(LEVELS))
    return quantiles


def predicted(quantiles: Floats, kinds: tuple[str, ...] = ("dense",)) -> Predicted:
    slices = np.array(kinds, dtype=object)[np.arange(len(quantiles)) % len(kinds)]
    return Predicted(quantiles=quantiles, slices=slices)


def market(
    origins: int, *, said: float = 0.4, true: float = 0.4, shift: float = 0.0, variants: int = 600
) -> tuple[Predicted, list[PastPredicted], Floats]:
    """Forecasts that say one spread and one level where demand has others; and what comes now."""
    rng = np.random.default_rng(3)
    cases = []
    for age in range(-1, origins):
        median = np.exp(rng.normal(3.0, 1.0, variants))
        actual = median * np.exp(shift + true * rng.normal(size=variants))
        cases.append((float(age), predicted(lognormal(median, said)), actual))
    (_, now, came), *rest = cases
    return now, [PastPredicted(age=a, predicted=p, actual=y) for a, p, y in rest], came


def coverage(quantiles: Floats, came: Floats) -> float:
    return float(np.mean((quantiles[:, 0] <= came) & (came <= quantiles[:, -1])))


units = arrays(float, st.tuples(st.integers(1, 12), st.just(7)), elements=st.floats(0, 1e5))


@given(now=units, then=units, ages=st.lists(st.floats(0, 20), max_size=3), seed=st.integers(0, 9))
def test_quantiles_never_cross_nor_fall_below_zero(
    now: Floats, then: Floats, ages: list[float], seed: int
) -> None:
    actual = np.random.default_rng(seed).poisson(then[:, 3]).astype(float)
    past = [PastPredicted(age=age, predicted=predicted(then), actual=actual) for age in ages]
    quantiles, mean = calibrated(predicted(now, ("dense", "new")), past)
    assert quantiles.shape == now.shape
    assert np.isfinite(quantiles).all()
    assert (quantiles >= 0).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert np.isfinite(mean).all()
    assert (mean >= 0).all()


def test_without_a_past_a_forecast_stays_but_for_its_order() -> None:
    crossing = np.array([[0.0, 2.0, 1.0, 4.0, 5.0, 9.0, 7.0]])
    quantiles, mean = calibrated(predicted(crossing), [])
    np.testing.assert_array_equal(quantiles, np.sort(crossing))
    assert 3.5 < mean[0] < 5.0


def test_a_calibrated_forecast_stays_nearly_as_it_is() -> None:
    now, past, came = market(12)
    quantiles, mean = calibrated(now, past)
    np.testing.assert_allclose(quantiles, now.quantiles, rtol=0.1)
    assert mean.sum() == pytest.approx(came.sum(), rel=0.05)
    assert coverage(quantiles, came) == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(("said", "true"), [(0.2, 0.5), (0.8, 0.4)])
def test_too_narrow_and_too_wide_intervals_are_mended(said: float, true: float) -> None:
    now, past, came = market(12, said=said, true=true)
    quantiles, _ = calibrated(now, past)
    before, after = coverage(now.quantiles, came), coverage(quantiles, came)
    assert abs(after - 0.9) < 0.75 * abs(before - 0.9)
    assert pinball(quantiles, came).mean() < pinball(now.quantiles, came).mean()


def test_a_common_error_is_followed_and_the_more_the_longer_it_lasts() -> None:
    moved = []
    for origins in (1, 3, 12):
        now, past, _ = market(origins, shift=0.4)
        quantiles, _ = calibrated(now, past)
        ratio = quantiles[:, MEDIAN].sum() / now.quantiles[:, MEDIAN].sum()
        moved.append(float(np.log(ratio)))
    assert 0.02 < moved[0] < moved[1] < moved[2] < 0.4


def test_the_latest_error_counts_most() -> None:
    now, past, _ = market(4)
    low = [
        PastPredicted(age=one.age, predicted=one.predicted, actual=one.actual * 1.5)
        if one.age == late
        else one
        for late in (0.0, 3.0)
        for one in past
    ]
    recent, old = (calibrated(now, case)[0][:, MEDIAN].sum() for case in (low[:4], low[4:]))
    assert recent > old


def test_no_upheaval_moves_a_quantile_beyond_its_bound() -> None:
    now, past, _ = market(8, shift=5.0)
    quantiles, _ = calibrated(now, past)
    ratio = quantiles[:, MEDIAN] / now.quantiles[:, MEDIAN]
    assert (ratio <= np.exp(2 * LARGEST_CHANGE) + 1e-9).all()


def test_a_giant_order_of_the_past_moves_next_to_nothing() -> None:
    now, past, _ = market(6)
    clean, mean = calibrated(now, past)
    past[0].actual[0] = 80_000.0
    spiked, spiked_mean = calibrated(now, past)
    np.testing.assert_allclose(spiked, clean, rtol=0.01)
    assert spiked_mean.sum() == pytest.approx(mean.sum(), rel=0.03)


def test_one_variant_with_a_giant_forecast_does_not_steer_the_others() -> None:
    now, past, _ = market(6)
    clean, _ = calibrated(now, past)
    past[0].predicted.quantiles[0] = 80_000.0
    past[0].actual[0] = 0.0
    steered, _ = calibrated(now, past)
    np.testing.assert_allclose(steered, clean, rtol=0.1)


def test_a_slice_with_rows_of_its_own_is_mended_by_itself() -> None:
    rng = np.random.default_rng(5)
    kinds = ("dense", "sparse")
    past = []
    for age in range(10):
        median = np.exp(rng.normal(3.0, 1.0, 4000))
        spread = np.where(np.arange(4000) % 2 == 0, 0.3, 0.9)
        past.append(
            PastPredicted(
                age=float(age),
                predicted=predicted(lognormal(median, 0.5), kinds),
                actual=median * np.exp(spread * rng.normal(size=4000)),
            )
        )
    median = np.full(6, 20.0)
    slices = np.array(["dense", "sparse", "new"] * 2, dtype=object)
    quantiles, _ = calibrated(Predicted(quantiles=lognormal(median, 0.5), slices=slices), past)
    width = np.log(quantiles[:3, -1] / quantiles[:3, 0])
    assert width[0] < width[2] < width[1]  # one without rows of its own follows the whole


def test_the_order_of_the_past_is_irrelevant() -> None:
    now, past, _ = market(5, said=0.3, true=0.6)
    one, other = calibrated(now, past), calibrated(now, past[::-1])
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])


def test_overlapping_horizons_count_as_the_time_that_they_span() -> None:
    now, past, _ = market(3, shift=0.4)
    often = [
        PastPredicted(age=one.age + part / 4, predicted=one.predicted, actual=one.actual)
        for one in past
        for part in range(4)
    ]
    rare, dense = calibrated(now, past)[0], calibrated(now, often)[0]
    np.testing.assert_allclose(dense[:, MEDIAN], rare[:, MEDIAN], rtol=0.05)


@given(scale=st.floats(1e-3, 1e3))
def test_the_unit_that_demand_is_counted_in_does_not_matter(scale: float) -> None:
    now, past, _ = market(2, said=0.3, true=0.5, shift=0.2, variants=40)
    bigger = [
        PastPredicted(
            age=one.age,
            predicted=predicted(one.predicted.quantiles * scale),
            actual=one.actual * scale,
        )
        for one in past
    ]
    plain = calibrated(now, past)
    scaled = calibrated(predicted(now.quantiles * scale), bigger)
    np.testing.assert_allclose(scaled[0], plain[0] * scale, rtol=1e-6)
    np.testing.assert_allclose(scaled[1], plain[1] * scale, rtol=1e-6)


def test_a_forecast_of_nothing_stays_nothing() -> None:
    _, past, _ = market(3)
    quantiles, mean = calibrated(predicted(np.zeros((3, 7))), past)
    assert not quantiles.any()
    assert not mean.any()


def test_a_plan_can_read_them_and_expects_no_more_than_the_mean() -> None:
    now, past, _ = market(4, said=0.9, true=1.2)
    quantiles, mean = calibrated(now, past)
    curves = DemandCurves.from_quantiles(LEVELS, quantiles, list(range(len(quantiles))))
    assert curves.mean().sum() <= mean.sum()  # a plan's tail is straight, the mean's is fitted
    assert mean.sum() < 1.1 * curves.mean().sum()


def test_a_total_away_from_the_latest_pace_moves_towards_it() -> None:
    now, _, _ = market(0)
    faster = Predicted(
        quantiles=now.quantiles, slices=now.slices, pace=1.5 * now.quantiles[:, MEDIAN]
    )
    still, moved = calibrated(now, [])[0], calibrated(faster, [])[0]
    ratio = moved / still
    assert 1.02 < ratio.mean() < 1.5 ** (2 * PACE_TRUST)
    np.testing.assert_allclose(ratio, ratio[0, 0])  # all variants alike


def test_one_giant_order_hardly_moves_the_pace() -> None:
    now, _, _ = market(0)
    pace = now.quantiles[:, MEDIAN].copy()
    spiked = np.where(np.arange(len(pace)) == 0, 80_000.0, pace)
    one, other = (
        calibrated(Predicted(quantiles=now.quantiles, slices=now.slices, pace=each), [])[0]
        for each in (pace, spiked)
    )
    np.testing.assert_allclose(other, one, rtol=0.01)


def test_the_pace_is_that_of_the_last_four_weeks() -> None:
    panel = markets.panel()
    history = panel.at(panel.end, horizon=6)
    np.testing.assert_allclose(
        pace_of(history), history.units[history.active, -4:].sum(axis=1) * 6 / 4
    )
