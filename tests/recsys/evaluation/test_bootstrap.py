from __future__ import annotations

import numpy as np
import pytest

from recsys.evaluation import bootstrap
from recsys.evaluation.bootstrap import Interval, interval, resampled_means


def test_draws_repeat_for_a_seed_and_differ_for_another() -> None:
    values = np.random.default_rng(0).random((200, 2))
    assert np.array_equal(resampled_means(values, seed=1), resampled_means(values, seed=1))
    assert not np.array_equal(resampled_means(values, seed=1), resampled_means(values, seed=2))


def test_all_columns_share_the_draws_so_that_differences_are_paired() -> None:
    first = np.random.default_rng(0).random(300)
    means = resampled_means(np.column_stack([first, first - 0.01]), seed=0)
    difference = interval(means[:, 0] - means[:, 1])
    assert (difference.low, difference.high) == pytest.approx((0.01, 0.01))


def test_the_spread_is_the_standard_error_of_the_mean() -> None:
    values = np.random.default_rng(3).normal(size=(2_000, 1))
    means = resampled_means(values, seed=0)
    assert means.mean() == pytest.approx(values.mean(), abs=0.003)
    assert means.std() == pytest.approx(values.std() / np.sqrt(2_000), rel=0.1)


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    intervals = [
        interval(resampled_means(random.exponential(size=(120, 1)), seed=seed)[:, 0])
        for seed in range(200)
    ]
    holds = np.mean([each.low <= 1.0 <= each.high for each in intervals])
    assert 0.88 <= holds <= 0.99


def test_a_constant_has_no_spread() -> None:
    assert interval(resampled_means(np.full((50, 1), 0.25), seed=0)[:, 0]) == Interval(0.25, 0.25)


def test_the_size_of_a_block_does_not_change_how_many_draws_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bootstrap, "_CELLS", 250)
    means = resampled_means(np.random.default_rng(0).random((100, 1)), seed=0, draws=7)
    assert means.shape == (7, 1)
    assert (means > 0).all()


@pytest.mark.parametrize(
    ("low", "high", "excluded"), [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.2, False)]
)
def test_zero_inside_an_interval_means_no_proof(low: float, high: float, *, excluded: bool) -> None:
    assert Interval(low, high).excludes_zero is excluded
