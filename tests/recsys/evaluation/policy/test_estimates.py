"""Estimates of a policy from logs whose answer is known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from recsys.errors import BadLog
from recsys.evaluation.policy.estimates import METHODS, PolicyValue, estimate
from recsys.evaluation.policy.log import task_of
from recsys.evaluation.policy.rewards import fit_rewards
from recsys.evaluation.policy.simulation import shop

LOGS = 400
CUSTOMERS = 250


@cache
def estimates_of_many_logs() -> dict[str, NDArray[np.float64]]:
    """By method (logs, 3): value, low and high."""
    market = shop(7, additive=False)
    random = np.random.default_rng(1)
    found = [estimate(market.log(CUSTOMERS, random)) for _ in range(LOGS)]
    return {
        name: np.array(
            [
                (
                    one.estimates[name].value,
                    one.estimates[name].interval.low,
                    one.estimates[name].interval.high,
                )
                for one in found
            ]
        )
        for name in METHODS
    }


@pytest.mark.parametrize("method", ["ips", "doubly_robust"])
def test_estimates_are_right_on_average(method: str) -> None:
    truth = shop(7, additive=False).truth
    values = estimates_of_many_logs()[method][:, 0]
    error = values.std() / np.sqrt(LOGS)
    assert abs(values.mean() - truth) < 3.5 * error
    assert error < 0.01 * truth  # so that a bias of a few percent would be seen


@pytest.mark.parametrize("method", ["ips", "self_normalised", "doubly_robust"])
def test_intervals_hold_the_truth_as_often_as_they_say(method: str) -> None:
    truth = shop(7, additive=False).truth
    _, low, high = estimates_of_many_logs()[method].T
    held = ((low <= truth) & (truth <= high)).mean()
    assert 0.92 <= held <= 0.98  # 400 logs: .95 ± 2.75 standard errors


def test_doubly_robust_and_clipped_vary_less_than_inverse_propensity() -> None:
    spread = {name: rows[:, 0].std() for name, rows in estimates_of_many_logs().items()}
    assert spread["doubly_robust"] < 0.95 * spread["ips"]
    assert spread["clipped"] <= spread["ips"]


def of_a_long_log(*, additive: bool, wrong_propensities: bool) -> tuple[float, PolicyValue]:
    market = shop(11, additive=additive)
    even = np.full_like(market.logging, 1 / market.logging.shape[2])
    stated = 0.5 * market.logging + 0.5 * even if wrong_propensities else None
    task = market.log(20_000, np.random.default_rng(5), stated=stated)
    return market.truth, estimate(task)


def reaches(found: PolicyValue, method: str, truth: float) -> bool:
    inside = found.estimates[method].interval
    return inside.low <= truth <= inside.high


def test_doubly_robust_forgives_wrong_propensities() -> None:
    truth, found = of_a_long_log(additive=True, wrong_propensities=True)
    assert not reaches(found, "ips", truth)
    assert abs(found.estimates["doubly_robust"].value - truth) < 0.01 * truth
    assert abs(found.estimates["ips"].value - truth) > 0.05 * truth


def test_doubly_robust_forgives_a_wrong_reward_model() -> None:
    truth, found = of_a_long_log(additive=False, wrong_propensities=False)
    assert abs(found.estimates["direct"].value - truth) > 0.02 * truth
    assert not reaches(found, "direct", truth)
    assert reaches(found, "doubly_robust", truth)


def test_wrong_propensities_are_noticed() -> None:
    right = of_a_long_log(additive=True, wrong_propensities=False)[1]
    wrong = of_a_long_log(additive=True, wrong_propensities=True)[1]
    assert right.warnings == ()
    assert wrong.covered.value != pytest.approx(1, abs=0.02)
    assert wrong.warnings


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two lists of two places; the policy wants what was shown, but in one place."""
    log = pd.DataFrame(
        {
            "list_id": ["a", "a", "b", "b"],
            "position": [1, 2, 1, 2],
            "variant_id": ["x", "y", "x", "z"],
            "propensity": [1.0, 0.5, 1.0, 0.5],
            "reward": [1.0, 1.0, 0.0, 1.0],
        }
    )
    policy = pd.DataFrame(
        {
            "list_id": ["a", "a", "b", "b"],
            "position": [1, 2, 1, 2],
            "variant_id": ["x", "y", "x", "y"],
            "probability": [1.0, 1.0, 1.0, 1.0],
        }
    )
    return log, policy


def test_a_log_that_can_be_told_by_hand() -> None:
    found = estimate(task_of(*frames()))
    assert found.estimates["ips"].value == pytest.approx((1 + 2 + 0 + 0) / 2)
    assert found.estimates["self_normalised"].value == pytest.approx(2 * 3 / 4)
    assert found.estimates["clipped"].value == pytest.approx((1 + np.sqrt(2)) / 2)
    assert found.logged.value == pytest.approx(1.5)
    assert found.differences["ips"].value == pytest.approx(0)
    assert found.effective == pytest.approx(4**2 / (1 + 4 + 1))


def test_places_that_the_log_could_never_show_are_told() -> None:
    log, policy = frames()
    log = pd.concat([log.assign(list_id=log["list_id"] + str(n)) for n in range(30)])
    policy = pd.concat([policy.assign(list_id=policy["list_id"] + str(n)) for n in range(30)])
    policy.loc[policy["position"] == 1, "variant_id"] = "never"
    found = estimate(task_of(log, policy))
    assert found.covered.value == pytest.approx(0.5)
    assert "50%" in found.warnings[0]


def test_lists_of_one_customer_count_once() -> None:
    log, policy = frames()
    many = [(log.assign(list_id=log["list_id"] + str(n)), n) for n in range(50)]
    log = pd.concat([frame.assign(customer_id=frame["list_id"].str[0]) for frame, _ in many])
    policy = pd.concat([policy.assign(list_id=policy["list_id"] + str(n)) for n in range(50)])
    clustered = estimate(task_of(log, policy)).estimates["ips"].interval
    apart = estimate(task_of(log.drop(columns="customer_id"), policy)).estimates["ips"].interval
    assert clustered.high - clustered.low > 5 * (apart.high - apart.low)


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("propensity", 0.0, "log, column 'propensity'"),
        ("propensity", 1.5, "log, column 'propensity'"),
        ("propensity", float("nan"), "log, column 'propensity'"),
        ("reward", float("inf"), "log, column 'reward'"),
        ("position", 0, "log, column 'position'"),
        ("position", 1.5, "log, column 'position'"),
    ],
)
def test_bad_figures_are_refused_by_row(name: str, value: float, where: str) -> None:
    log, policy = frames()
    log[name] = log[name].astype(float)
    log.loc[2, name] = value
    with pytest.raises(BadLog) as refused:
        task_of(log, policy)
    assert refused.value.where == where


def test_logs_and_policies_that_do_not_fit_are_refused() -> None:
    log, policy = frames()
    for bad_log, bad_policy in (
        (log.drop(columns="reward"), policy),
        (log.iloc[:0], policy),
        (pd.concat([log, log]), policy),
        (log, pd.concat([policy, policy])),
        (log, policy[policy["list_id"] == "a"]),
        (log[log["list_id"] == "a"], policy),
        (log, policy.assign(variant_id=["x", "y", "x", "z"], position=1)),
        (log.assign(customer_id=["1", "2", "3", "3"]), policy),
    ):
        with pytest.raises(BadLog):
            task_of(bad_log, bad_policy)
    with pytest.raises(BadLog, match="one customer"):
        estimate(task_of(log.assign(customer_id="1"), policy))


def test_the_reward_model_is_the_ridge_solution() -> None:
    task = shop(3, additive=False).log(60, np.random.default_rng(0))
    model = fit_rewards(task.logged, task.reward, positions=4, variants=12)
    left = np.zeros((len(task.logged), 16))
    left[np.arange(len(left)), task.logged.position - 1] = 1
    left[np.arange(len(left)), 4 + task.logged.variant] = 1
    wanted = np.linalg.solve(
        left.T @ left + 20 * np.eye(16), left.T @ (task.reward - task.reward.mean())
    )
    np.testing.assert_allclose(np.concatenate([model.place, model.variant]), wanted, atol=1e-10)
