from __future__ import annotations

import numpy as np
import pytest

from recsys.evaluation import bootstrap
from recsys.evaluation.bootstrap import (
    Interval,
    interval,
    resampled_group_means,
    resampled_known_means,
    resampled_means,
    sign_flip_p,
)


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


def test_a_figure_that_some_lack_is_averaged_over_the_others() -> None:
    values = np.array([[0.5, 1.0], [0.5, np.nan], [0.5, np.nan]])
    means = resampled_known_means(values, seed=0)
    assert (means[:, 0] == 0.5).all()
    known = ~np.isnan(means[:, 1])
    assert 0.6 < known.mean() < 0.8  # 1 - (2/3)^3: nobody who has it may be drawn
    assert (means[known, 1] == 1.0).all()
    assert interval(means[:, 1]) == Interval(1.0, 1.0)


def test_groups_are_averaged_as_if_each_were_a_figure_that_the_others_lack() -> None:
    random = np.random.default_rng(6)
    values, group = random.random(90), random.integers(-1, 4, size=90)
    apart = np.where(group[:, None] == np.arange(4), values[:, None], np.nan)
    found = resampled_group_means(values, group, 4, seed=2)
    assert found == pytest.approx(resampled_known_means(apart, seed=2))
    nobody = resampled_group_means(values[:1], np.array([-1]), 2, seed=2, draws=3)
    assert nobody.shape == (3, 2)
    assert np.isnan(nobody).all()


def test_signs_all_alike_are_as_rare_as_two_in_all_sign_vectors() -> None:
    found = sign_flip_p(np.full((8, 1), 0.5), seed=0)[0]
    assert found == pytest.approx(2 / 2**8, abs=0.002)


def test_a_sum_of_zero_is_always_reached_and_a_far_one_never() -> None:
    values = np.column_stack([np.tile([0.25, -0.25], 100), np.full(200, 0.1)])
    assert sign_flip_p(values, seed=0).tolist() == [1.0, 1 / 10_001]


def test_p_values_are_uniform_where_nothing_is_to_be_found() -> None:
    random = np.random.default_rng(8)
    found = sign_flip_p(random.normal(size=(60, 400)), seed=1, flips=500)
    assert np.quantile(found, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.07)


def test_the_sign_test_repeats_for_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).normal(0.1, size=(50, 2))
    assert np.array_equal(sign_flip_p(values, seed=4), sign_flip_p(values, seed=4))
    monkeypatch.setattr(bootstrap, "_CELLS", 170)
    assert sign_flip_p(values, seed=4, flips=7).shape == (2,)
