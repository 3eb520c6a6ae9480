from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from production.allocation.allocate import allocate
from production.allocation.task import Task
from production.plans.habit import habit
from tests.production.allocation.allocations import any_units, random_task, with_capacity


def in_sixes(capacity: float) -> tuple[Task, np.ndarray]:
    """Forty variants in lots of six that share one resource, one of it a unit; and what sold."""
    task = random_task(1, variants=40, resources=1)
    lots = replace(any_units(40), smallest=np.full(40, 6.0), multiple=np.full(40, 6.0))
    usage = np.ones((40, 1))
    shared = replace(task.resources, usage=usage, setup=np.zeros((40, 1)))
    recent = np.arange(1.0, 41.0)
    return with_capacity(replace(task, lots=lots, resources=shared), np.array([capacity])), recent


def test_the_planner_leaves_no_room_for_a_lot_that_sold() -> None:
    task, recent = in_sixes(500.0)
    made = habit(task, recent)
    assert made.sum() <= 500
    assert (made % 6 == 0).all()
    assert made.sum() > 500 - 6
    assert (made <= recent + 3).all()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_what_must_be_made_is_made_where_more_can_be_bought(seed: int, share: float) -> None:
    """Frozen units take more than there is: the planner makes them, the plan buys the rest."""
    task = random_task(seed, variants=30, resources=3, lots=True)
    needed = task.resources.used(task.lots.least)
    short = with_capacity(task, needed * share)
    resources = replace(short.resources, extra_cost=np.array([2.0, 0.01, 50.0]))
    short = replace(short, resources=resources)
    made = habit(short, np.arange(30.0))
    assert (made >= task.lots.least).all()
    answer = allocate(short)
    assert (answer.quantity >= task.lots.least).all()
    over = np.maximum(answer.used - resources.capacity, 0.0)
    np.testing.assert_allclose(answer.bought, over)
    assert (answer.bought >= (needed - resources.capacity) * (1 - 1e-9)).all()
    assert answer.bound <= answer.expected_cost


def test_where_nothing_is_short_the_planner_makes_what_sold_and_no_more() -> None:
    task, recent = in_sixes(10_000.0)
    made = habit(task, recent)
    assert np.abs(made - recent).max() <= 3
