"""Experiments: stable splits, honest intervals, and splits that are not what they should be."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from recsys.errors import TooFewCustomers
from recsys.experiments.comparison import Comparison, Outcomes, compare
from recsys.experiments.splitting import arm_of

HALVES = {"control": 0.5, "bonus": 0.5}


def test_a_split_has_the_sizes_of_its_weights() -> None:
    weights = {"control": 3.0, "a": 1.0, "b": 0.0}
    arms = Counter(arm_of(f"c{number}", "spring", weights) for number in range(20_000))
    assert arms["b"] == 0
    assert abs(arms["a"] - 5_000) < 4 * np.sqrt(20_000 * 0.25 * 0.75)


def test_a_customers_arm_stays_and_tells_nothing_of_another_experiment() -> None:
    customers = [f"c{number}" for number in range(4_000)]
    once = [arm_of(one, "spring", HALVES) for one in customers]
    again = [arm_of(one, "spring", dict(reversed(HALVES.items()))) for one in customers]
    other = [arm_of(one, "summer", HALVES) for one in customers]
    assert once == again
    same = sum(one == two for one, two in zip(once, other, strict=True))
    assert abs(same - 2_000) < 4 * np.sqrt(4_000 / 4)


def experiment(
    random: np.random.Generator, *, customers: int = 400, lift: float = 0.0
) -> Comparison:
    """Customers who differ, and do after as they did before; the bonus adds orders."""
    liking = random.gamma(1.0, 1.0, size=customers)
    arm = np.array(
        [arm_of(str(random.integers(2**60)), "spring", HALVES) for _ in range(customers)],
        dtype=object,
    )
    after = random.poisson(liking * (1 + lift * (arm == "bonus")))
    outcomes = Outcomes(
        arm=arm,
        responses=after.astype(np.float64),
        before=random.poisson(liking).astype(np.float64),
    )
    return compare(outcomes, HALVES, "control")


def test_arms_that_are_alike_are_told_apart_as_seldom_as_stated() -> None:
    random = np.random.default_rng(3)
    alarms: Counter[str] = Counter()
    runs = 1_000
    for _ in range(runs):
        bonus = experiment(random).arms[1]
        for name in ("rate", "responses", "adjusted"):
            measured = getattr(bonus, name)
            alarms[name] += measured.difference_interval.excludes_zero
            assert measured.difference_interval.excludes_zero == (measured.p < 0.05)
    for name in ("rate", "responses", "adjusted"):
        assert 0.03 <= alarms[name] / runs <= 0.07, name  # .05 ± 2.9 standard errors


def test_a_lift_is_found_and_the_days_before_sharpen_it() -> None:
    found = experiment(np.random.default_rng(1), customers=4_000, lift=0.25)
    plain, adjusted = found.arms[1].responses, found.arms[1].adjusted
    assert found.control == "control"
    assert found.explained > 0.15
    assert adjusted.difference_interval is not None
    assert plain.difference_interval is not None
    assert adjusted.difference_interval.low > 0
    assert adjusted.difference_interval.low < 0.25 < adjusted.difference_interval.high
    narrow = adjusted.difference_interval.high - adjusted.difference_interval.low
    assert narrow < 0.95 * (plain.difference_interval.high - plain.difference_interval.low)


def outcomes_of(sizes: dict[str, int]) -> Outcomes:
    arm = np.repeat(np.array(list(sizes), dtype=object), list(sizes.values()))
    return Outcomes(
        arm=arm,
        responses=np.arange(len(arm), dtype=np.float64) % 3,
        before=np.zeros(len(arm)),
    )


def test_a_split_that_is_not_as_its_weights_is_noticed() -> None:
    assert compare(outcomes_of({"control": 5_300, "bonus": 4_700}), HALVES, "control").mismatch
    assert not compare(outcomes_of({"control": 5_050, "bonus": 4_950}), HALVES, "control").mismatch
    runs = [experiment(np.random.default_rng(seed)).split_p for seed in range(100)]
    assert np.mean(np.array(runs) < 0.05) < 0.15


def test_an_arm_without_customers_is_refused_by_name() -> None:
    with pytest.raises(TooFewCustomers, match="bonus"):
        compare(outcomes_of({"control": 10, "bonus": 1}), HALVES, "control")


def test_customers_who_all_do_the_same_differ_by_nothing() -> None:
    arm = np.array(["control", "control", "bonus", "bonus"], dtype=object)
    still = Outcomes(arm=arm, responses=np.zeros(4), before=np.zeros(4))
    measured = compare(still, HALVES, "control").arms[1].responses
    assert (measured.difference, measured.p) == (0, 1)
