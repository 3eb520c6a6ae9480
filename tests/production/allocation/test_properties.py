"""Generated allocations: what holds for every one of them.

A few hundred run each time, five thousand with the mark `slow`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from production.allocation.allocate import Allocation, allocate
from production.allocation.dual import Dual
from production.allocation.lattice import priced
from production.allocation.quantiles import DemandCurves
from production.allocation.task import Task
from production.errors import BadDemand, Infeasible
from tests.production.allocation.allocations import cheapest, random_task, with_capacity

seeds = st.integers(0, 2**31)


def case(seed: int) -> Task:
    """A task of 1 to 40 variants under 0 to 4 resources, mostly with lots and lower bounds."""
    random = np.random.default_rng(seed)
    variants = int(random.choice([1, 2, 3, 4, 8, 40]))
    resources = int(random.integers(0, 5))
    task = random_task(seed, variants=variants, resources=resources, lots=random.random() < 0.7)
    if random.random() < 0.4:
        required = (random.random(variants) < 0.2) & (task.lots.most > 0)
        task = replace(task, lots=replace(task.lots, zero=task.lots.zero & ~required))
        least = task.resources.used(task.lots.least)
        task = with_capacity(task, np.maximum(task.resources.capacity, least))
    return task


def check(task: Task, answer: Allocation) -> None:
    """Whole allowed units, every resource kept, and a bound that is no more than the cost."""
    quantity, lots = answer.quantity, task.lots
    assert (answer.used <= task.resources.capacity * (1 + 1e-12)).all()
    assert (quantity == np.rint(quantity)).all()
    made = quantity > 0
    assert lots.zero[~made].all()
    assert (quantity[made] >= lots.smallest[made]).all()
    assert (quantity[made] <= lots.largest[made]).all()
    assert ((quantity - lots.smallest)[made] % lots.multiple[made] == 0).all()
    assert answer.bound <= answer.expected_cost * (1 + 1e-12)
    assert np.isclose(task.cost(quantity).sum(), answer.expected_cost)
    assert ((answer.stockout_probability >= 0) & (answer.stockout_probability <= 1)).all()
    assert (answer.shadow_prices >= 0).all()


def holds(seed: int) -> None:
    """Everything that can be asked of one generated task."""
    task = case(seed)
    answer = allocate(task)
    check(task, answer)
    count = len(task.variants)
    if count <= 4:
        best = cheapest(task)
        assert answer.bound <= best * (1 + 1e-9) + 1e-9
        assert answer.expected_cost <= best * (1 + answer.gap) + 1e-9
        assert answer.expected_cost == pytest.approx(best, rel=1e-5, abs=1e-9)
    order = np.random.default_rng(seed).permutation(count)
    turned = allocate(task.take(order))
    assert turned.expected_cost <= answer.expected_cost * (1 + turned.gap) + 1e-9
    assert turned.bound == pytest.approx(answer.bound, rel=1e-4, abs=1e-9)
    wider = allocate(with_capacity(task, task.resources.capacity * 1.2))
    assert wider.expected_cost <= answer.expected_cost * (1 + wider.gap) + 1e-9
    relaxed = allocate(task, continuous=True)
    assert relaxed.bound <= answer.expected_cost * (1 + 1e-9) + 1e-9
    assert relaxed.gap <= 1e-6


@settings(max_examples=150, deadline=None)
@given(seed=seeds)
def test_generated_tasks(seed: int) -> None:
    holds(seed)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None)
@given(seed=seeds)
def test_five_thousand_generated_tasks(seed: int) -> None:
    holds(seed)


@settings(max_examples=100, deadline=None)
@given(seed=seeds, price=st.floats(0, 3))
def test_no_price_bounds_more_than_the_cheapest_plan_costs(seed: int, price: float) -> None:
    task = random_task(seed, variants=3, resources=2, lots=True)
    prices = price * np.random.default_rng(seed).random(2)
    least = cheapest(task) * (1 + 1e-9) + 1e-9
    assert priced(task, prices).bound <= least
    assert Dual.of(task).at(prices).value <= least


@settings(max_examples=100, deadline=None)
@given(seed=seeds)
def test_the_dual_has_the_gradient_and_curvature_that_differences_show(seed: int) -> None:
    task = random_task(seed, variants=30, resources=2)
    dual = Dual.of(task)
    prices = np.random.default_rng(seed).uniform(0.05, 0.4, 2)
    at, step = dual.at(prices), 1e-7
    for resource in range(2):
        there = prices.copy()
        there[resource] += step
        beside = dual.at(there)
        slope = (beside.value - at.value) / step
        assert slope == pytest.approx(at.excess[resource], rel=1e-4, abs=1e-3)
        falls = (at.excess - beside.excess) / step
        assert falls == pytest.approx(at.curvature[resource], rel=0.5, abs=5.0)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, seconds=st.sampled_from([0.0, 0.001, 0.01]))
def test_a_time_limit_leaves_a_plan_that_keeps_everything(seed: int, seconds: float) -> None:
    task = case(seed)
    answer = allocate(task, seconds=seconds)
    check(task, answer)
    assert answer.status in {"optimal", "within gap", "time limit"}


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_lower_bounds_beyond_a_capacity_are_refused_with_the_capacity_that_would_do(
    seed: int,
) -> None:
    task = case(seed)
    lots = replace(task.lots, zero=task.lots.most <= 0)
    task = replace(task, lots=lots)
    least = task.resources.used(lots.least)
    scarce = np.flatnonzero(least > 0)
    if not len(scarce):
        return
    worst = int(scarce[0])
    capacity = np.maximum(task.resources.capacity, least)
    capacity[worst] = least[worst] * 0.5
    with pytest.raises(Infeasible, match=f"'r{worst}'") as caught:
        allocate(with_capacity(task, capacity))
    capacity[worst] = float(caught.value.fix.split("at least ")[1].split(",")[0]) * (1 + 1e-14)
    assert (allocate(with_capacity(task, capacity)).quantity >= lots.least).all()


def test_demand_that_is_no_number_is_refused() -> None:
    with pytest.raises(BadDemand, match="not a finite number"):
        DemandCurves.from_quantiles((0.1, 0.9), np.array([[1.0, np.nan]]), ["v"])
