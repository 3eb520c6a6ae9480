"""Plans by week: certified, never infeasible, equal to brute force where that can be tried."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from production.allocation.allocate import allocate
from production.allocation.quantiles import DemandCurves
from production.allocation.weekly.allocate import WeeklyAllocation, allocate_weeks
from production.allocation.weekly.task import WeeklyTask
from production.errors import Infeasible
from tests.production.allocation.allocations import any_units, random_task
from tests.production.allocation.weekly.tasks import cheapest, random_weeks, small

seeds = st.integers(0, 2**31)


def certain(demand: list[list[float]]) -> WeeklyTask:
    """Certain demand by week (V, H), one hour a unit, and all hours that anyone could want."""
    units = np.cumsum(np.array(demand), axis=1)
    count, weeks = units.shape
    task = random_weeks(0, variants=count, resources=1, weeks=weeks)
    levels = np.array([0.0, 1e-9, 0.5, 1.0])
    return replace(
        task,
        curves=tuple(
            DemandCurves(levels, np.column_stack((np.zeros(count), *[units[:, week]] * 3)))
            for week in range(weeks)
        ),
        underage=np.column_stack((np.full((count, weeks - 1), 1.0), np.full(count, 9.0))),
        overage=np.column_stack((np.full((count, weeks - 1), 0.1), np.full(count, 3.0))),
        lots=any_units(count),
        lead=np.zeros(count, dtype=np.int64),
        resources=replace(task.resources, usage=np.ones((count, 1))),
        capacity=np.full((1, weeks), 1e6),
    )  # fmt: skip


def check(task: WeeklyTask, answer: WeeklyAllocation) -> None:
    """Allowed whole units, nothing too late, every week kept, and a bound below the cost."""
    begun, lots = answer.begun, task.lots
    assert (answer.used <= task.capacity * (1 + 1e-9)).all()
    assert (begun == np.rint(begun)).all()
    assert (begun >= 0).all()
    assert not begun[~task.open].any()
    free = lots.zero[:, None] & (begun > 0)
    smallest, multiple = lots.smallest[:, None], lots.multiple[:, None]
    assert (~free | (begun >= smallest)).all()
    assert (~free | ((begun - smallest) % multiple == 0)).all()
    assert (answer.quantity <= np.maximum(lots.most, lots.least) + 1e-9).all()
    held = ~lots.zero & task.open.any(axis=1)
    assert (answer.quantity[held] == lots.least[held]).all()
    assert answer.bound <= answer.expected_cost * (1 + 1e-12)
    assert (answer.shadow_prices >= 0).all()


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_every_plan_keeps_every_week_and_its_bound(seed: int) -> None:
    random = np.random.default_rng(seed)
    task = random_weeks(
        seed,
        variants=int(random.integers(1, 30)),
        resources=int(random.integers(0, 4)),
        weeks=int(random.integers(1, 6)),
        lots=bool(random.random() < 0.6),
    )
    check(task, allocate_weeks(task))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_small_plans_against_all_there_are(seed: int) -> None:
    task = small(seed)
    answer, best = allocate_weeks(task), cheapest(task)
    check(task, answer)
    assert answer.bound <= best * (1 + 1e-9) + 1e-9
    assert answer.expected_cost >= best * (1 - 1e-9) - 1e-9
    assert answer.expected_cost <= best * (1 + answer.gap) / (1 - answer.gap + 1e-12) + 1e-9


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_any_quantities_are_best_and_their_bound_tells(seed: int) -> None:
    task = random_weeks(seed, variants=60, resources=2, weeks=3)
    answer = allocate_weeks(task, continuous=True)
    assert answer.gap < 1e-5
    assert (answer.used <= task.capacity * (1 + 1e-9)).all()


def test_one_week_is_the_plan_of_one_period() -> None:
    single = random_task(7, variants=200, resources=3)
    weekly = WeeklyTask(
        variants=single.variants,
        curves=(single.curves,),
        underage=single.underage[:, None],
        overage=single.overage[:, None],
        lots=single.lots,
        lead=np.zeros(200, dtype=np.int64),
        resources=single.resources,
        capacity=single.resources.capacity[:, None],
        dearest=np.full((3, 1), np.inf),
    )
    asked, found = allocate(single, continuous=True), allocate_weeks(weekly, continuous=True)
    assert found.expected_cost == pytest.approx(asked.expected_cost, rel=1e-6)
    assert found.shadow_prices[:, 0] == pytest.approx(asked.shadow_prices, rel=1e-3, abs=1e-6)


def test_a_scarce_week_is_made_for_in_the_week_before_it() -> None:
    task = replace(certain([[10, 10, 40]]), capacity=np.array([[60.0, 25.0, 10.0]]))
    answer = allocate_weeks(task)
    # a unit held for a week costs .1, so it waits as long as the later weeks have room
    assert answer.begun.tolist() == [[25.0, 25.0, 10.0]]
    assert answer.shadow_prices[0] == pytest.approx([0.0, 0.1, 0.2], abs=1e-3)


def test_a_shadow_price_is_what_one_hour_more_of_that_week_earns() -> None:
    task = replace(certain([[10, 10, 40], [5, 5, 5]]), capacity=np.array([[60.0, 25.0, 10.0]]))
    answer = allocate_weeks(task, continuous=True)
    for week in range(3):
        more = task.capacity.copy()
        more[0, week] += 1.0
        earned = (
            answer.expected_cost
            - allocate_weeks(replace(task, capacity=more), continuous=True).expected_cost
        )
        assert earned == pytest.approx(answer.shadow_prices[0, week], abs=1e-6)


def test_what_takes_two_weeks_is_begun_two_weeks_before_it_is_wanted() -> None:
    task = replace(certain([[0, 0, 8, 0]]), lead=np.array([2]))
    assert allocate_weeks(task).begun.tolist() == [[8.0, 0.0, 0.0, 0.0]]


def test_what_comes_too_late_is_not_begun_and_says_so() -> None:
    task = replace(certain([[5, 5], [5, 5]]), lead=np.array([2, 0]))
    answer = allocate_weeks(task)
    assert answer.begun.tolist() == [[0.0, 0.0], [5.0, 5.0]]
    assert [reason.code for reason in answer.reasons] == ["lead time", "met"]


def test_overtime_is_bought_in_the_week_where_it_pays() -> None:
    task = replace(
        certain([[4, 10]]), capacity=np.array([[4.0, 2.0]]), dearest=np.array([[5.0, 2.0]])
    )
    answer = allocate_weeks(task)
    assert answer.bought.tolist() == [[0.0, 8.0]]
    assert answer.expected_cost == pytest.approx(16.0)
    assert answer.gap < 1e-6


def test_what_is_released_and_fits_into_no_week_is_refused_by_name() -> None:
    task = certain([[5, 5], [5, 5]])
    lots = replace(
        task.lots,
        smallest=np.array([9.0, 1.0]),
        largest=np.array([9.0, np.inf]),
        zero=np.array([False, True]),
        frozen=np.array([True, False]),
    )
    task = replace(task, lots=lots, capacity=np.array([[4.0, 4.0]]),
                   resources=replace(task.resources, capacity=np.array([8.0])))  # fmt: skip
    with pytest.raises(Infeasible, match=r"'v00000'"):
        allocate_weeks(task)


def test_a_further_question_begins_at_the_last_prices() -> None:
    task = random_weeks(3, variants=300, resources=3, weeks=4)
    base = allocate_weeks(task, continuous=True)
    other = replace(task, capacity=task.capacity * 1.05)
    assert allocate_weeks(other, continuous=True, base=base).expected_cost == pytest.approx(
        allocate_weeks(other, continuous=True).expected_cost, rel=1e-7
    )
