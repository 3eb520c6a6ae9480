from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from production.allocation.allocate import allocate
from production.allocation.averse.allocate import allocate_averse
from production.allocation.averse.aversion import Aversion
from production.allocation.averse.drawn import Drawn
from production.allocation.resources import Resources
from production.allocation.task import Task
from tests.production.allocation.allocations import allowed_quantities, random_task


def drawn_of(task: Task, *, draws: int, seed: int, profit: bool = False) -> Drawn:
    """Draws of a task's curves that share a fortune."""
    random = np.random.default_rng(seed)
    level = (random.random((len(task.variants), draws)) + random.random(draws)) / 2
    units = np.stack([task.curves.inverse(level[:, n]) for n in range(draws)], axis=1)
    whole = np.rint(units * 4).astype(np.int32)
    return Drawn.of(task, whole, -(task.underage @ whole) if profit else None)


def by_linear_program(drawn: Drawn, aversion: Aversion) -> float:
    """The least value, by HiGHS: Rockafellar and Uryasev's program, continuous."""
    task, (count, draws) = drawn.task, drawn.units.shape
    lots, shared = task.lots, task.resources
    # columns: quantity (V), short (V N), over (V N), value at risk, excess (N)
    cells = count * draws
    columns = count + 2 * cells + 1 + draws
    own = np.repeat(np.arange(count), draws)
    cell = np.arange(cells)
    balance = sparse.csr_array(
        (
            np.concatenate((np.ones(cells), np.ones(cells), -np.ones(cells))),
            (np.tile(cell, 3), np.concatenate((own, count + cell, count + cells + cell))),
        ),
        shape=(cells, columns),
    )
    demand = drawn.units.ravel() - np.repeat(lots.on_hand, draws)
    loss = sparse.lil_array((draws, columns))
    for row in range(count):
        place = count + row * draws + np.arange(draws)
        loss[np.arange(draws), place] = task.underage[row]
        loss[np.arange(draws), place + cells] = task.overage[row]
    excess = loss.copy()
    excess[:, count + 2 * cells] = -1.0
    excess[np.arange(draws), columns - draws + np.arange(draws)] = -1.0
    used = sparse.csr_array(
        (shared.usage.T.ravel(), np.indices(shared.usage.T.shape).reshape(2, -1)),
        shape=(len(shared.ids), columns),
    )
    cost = np.asarray(loss.sum(axis=0)).ravel() * (1 - aversion.weight) / draws
    cost[count + 2 * cells] = aversion.weight
    cost[columns - draws :] = aversion.weight / ((1 - aversion.level) * draws)
    low, high = np.zeros(columns), np.full(columns, np.inf)
    low[:count], high[:count] = lots.least, np.maximum(lots.most, lots.least)
    low[count + 2 * cells] = -np.inf
    solved = optimize.milp(  # nothing in it is whole: HiGHS solves a linear program
        cost,
        constraints=[
            optimize.LinearConstraint(balance, demand, demand),
            optimize.LinearConstraint(excess.tocsr(), ub=-drawn.fixed),
            optimize.LinearConstraint(used, ub=shared.capacity),
        ],
        bounds=optimize.Bounds(low, high),
    )
    assert solved.success
    return float(solved.fun) + (1 - aversion.weight) * float(drawn.fixed.mean())


@given(
    seed=st.integers(0, 10_000),
    weight=st.sampled_from([0.2, 0.5, 1.0]),
    level=st.sampled_from([0.5, 0.9]),
    profit=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_the_exact_value_lies_between_bound_and_plan(
    seed: int, weight: float, level: float, profit: bool
) -> None:
    task = random_task(seed, variants=6, resources=2)
    drawn = drawn_of(task, draws=40, seed=seed, profit=profit)
    aversion = Aversion(weight=weight, level=level)
    base = allocate(task, continuous=True)
    found = allocate_averse(drawn, aversion, base=base, continuous=True)
    exact = by_linear_program(drawn, aversion)
    slack = 1e-6 * (1 + np.abs(drawn.losses(base.quantity)).max())
    assert found.bound <= exact + slack
    assert found.value >= exact - slack
    assert (task.resources.used(found.allocation.quantity) <= task.resources.capacity + 1e-9).all()


def test_of_many_variants_the_continuous_plan_is_nearly_the_exact_one() -> None:
    task = random_task(3, variants=40, resources=2)
    drawn = drawn_of(task, draws=200, seed=3)
    aversion = Aversion(weight=0.5, level=0.8)
    base = allocate(task, continuous=True)
    found = allocate_averse(drawn, aversion, base=base, continuous=True)
    exact = by_linear_program(drawn, aversion)
    before = aversion.value(drawn.losses(base.quantity))
    assert found.value - found.bound < 0.003 * found.value
    assert found.value == pytest.approx(exact, rel=0.002)
    assert found.value < before


@given(seed=st.integers(0, 10_000), weight=st.sampled_from([0.3, 1.0]))
@settings(max_examples=25, deadline=None)
def test_no_allowed_plan_is_worth_less_than_the_bound(seed: int, weight: float) -> None:
    """Against all allowed plans of three variants with lots, set-ups and released units."""
    task = random_task(seed, variants=3, resources=2, lots=True)
    drawn = drawn_of(task, draws=12, seed=seed)
    aversion = Aversion(weight=weight, level=0.7)
    base = allocate(task)
    found = allocate_averse(drawn, aversion, base=base)
    wider = [
        np.unique([*allowed_quantities(task, row), found.allocation.quantity[row]])
        for row in range(3)
    ]
    plans = np.array(list(product(*wider)))
    used = plans @ task.resources.usage + (plans > 0) @ task.resources.setup
    kept = plans[(used <= task.resources.capacity * (1 + 1e-12)).all(axis=1)]
    best = min(aversion.value(drawn.losses(plan)) for plan in kept)
    assert found.bound <= best * (1 + 1e-9) + 1e-9
    assert best <= found.value * (1 + 1e-9) + 1e-9
    assert found.value <= aversion.value(drawn.losses(base.quantity)) * (1 + 1e-9) + 1e-9
    used = task.resources.used(found.allocation.quantity)
    assert (used <= task.resources.capacity * (1 + 1e-12)).all()


def one_variant(units: np.ndarray, *, underage: float, overage: float) -> Drawn:
    """A variant alone, nothing limited."""
    task = random_task(1, variants=1, resources=0)
    task = replace(
        task,
        underage=np.array([underage]),
        overage=np.array([overage]),
        lots=replace(task.lots, on_hand=np.zeros(1)),
        resources=Resources.none(1),
    )
    return Drawn.of(task, units[None].astype(np.int32))


def test_one_variant_whose_tail_alone_counts_makes_the_published_quantity() -> None:
    """Gotoh and Takano (2007), of cost: the tail holds the demands below a and above b.

    Both ends lose alike, overage (q - a) = underage (b - q), and another unit helps as often as
    it harms: P(D < a) = (1 - level) underage / both, P(D > b) = (1 - level) overage / both.
    """
    drawn = one_variant(np.arange(1000), underage=3.0, overage=1.0)
    below, above = 1000 * 0.2 * 3 / 4, 1000 * (1 - 0.2 * 1 / 4)
    base = allocate(drawn.task)
    found = allocate_averse(drawn, Aversion(weight=1.0, level=0.8), base=base)
    assert found.allocation.quantity[0] == pytest.approx((1 * below + 3 * above) / 4, abs=10)
    assert found.value == pytest.approx((750 - 150 / 2 + 3 * (975 - 750)) / 2, rel=0.01)
    assert found.value - found.bound < 0.03 * found.value


def test_no_weight_is_the_plan_of_the_draws_mean() -> None:
    drawn = one_variant(np.arange(100), underage=3.0, overage=1.0)
    found = allocate_averse(
        drawn, Aversion(weight=0.0, level=0.9), base=allocate(drawn.task, continuous=True)
    )
    assert found.allocation.quantity[0] == pytest.approx(75, abs=1)
    assert found.value == pytest.approx(found.losses.mean())


def test_losses_are_counted_draw_by_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    task = random_task(5, variants=7, resources=1)
    drawn = drawn_of(task, draws=9, seed=5, profit=True)
    quantity = np.arange(7.0)
    position = (quantity + task.lots.on_hand)[:, None]
    short, over = np.maximum(drawn.units - position, 0), np.maximum(position - drawn.units, 0)
    expected = task.underage @ short + task.overage @ over - task.underage @ drawn.units
    np.testing.assert_allclose(drawn.losses(quantity), expected)
    weights = np.random.default_rng(0).dirichlet(np.ones(9))
    curves, bound = drawn.curves(weights).values, drawn.bound(weights, np.array([0.3]))
    monkeypatch.setattr("production.allocation.averse.drawn.BLOCK_CELLS", 20)
    np.testing.assert_allclose(drawn.losses(quantity), expected)
    np.testing.assert_array_equal(drawn.curves(weights).values, curves)
    assert drawn.bound(weights, np.array([0.3])) == pytest.approx(bound)
