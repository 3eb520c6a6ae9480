from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from production.allocation.allocate import allocate
from production.allocation.lattice import priced_optimum
from production.allocation.lots import Lots
from production.allocation.quantiles import DemandCurves
from production.allocation.relaxation import relax
from production.allocation.resources import Resources
from production.allocation.task import Task
from production.allocation.whole_units import Whole, make_whole
from production.errors import Infeasible
from tests.production.allocation.allocations import any_units, cheapest, random_task, with_capacity

seeds = st.integers(0, 10**6)


def newsvendor(count: int, underage: float, overage: float) -> Task:
    """Uniform demand between 0 and 100 for each of `count` variants, nothing limited."""
    curves = DemandCurves.from_quantiles(
        (0.25, 0.75), np.full((count, 2), (25.0, 75.0)), range(count)
    )
    return Task(
        variants=np.array([f"v{i}" for i in range(count)], dtype=object),
        curves=curves,
        underage=np.full(count, underage),
        overage=np.full(count, overage),
        lots=any_units(count),
        resources=Resources.none(count),
    )


def test_the_textbook_newsvendor_is_answered() -> None:
    answer = allocate(newsvendor(3, underage=3.0, overage=1.0))
    # uniform on [0, 100]: q = 75, E shortage = 25^2/200, E leftover = 75^2/200
    np.testing.assert_allclose(answer.quantity, 75)
    np.testing.assert_allclose(answer.expected_shortage, 3.125)
    np.testing.assert_allclose(answer.expected_leftover, 28.125)
    np.testing.assert_allclose(answer.stockout_probability, 0.25)
    assert answer.expected_cost == pytest.approx(3 * (3 * 3.125 + 28.125))
    assert answer.status == "optimal"
    assert {reason.code for reason in answer.reasons} == {"met"}


def test_equal_variants_share_a_resource_equally_at_the_known_price() -> None:
    task = newsvendor(4, underage=3.0, overage=1.0)
    task = Task(
        variants=task.variants, curves=task.curves, underage=task.underage, overage=task.overage,
        lots=task.lots, resources=Resources.none(4).override({"units": 200.0}),
    )  # fmt: skip
    answer = allocate(task)
    np.testing.assert_allclose(answer.quantity, 50)
    # 50 units each leave a fractile of one half: (3 - price) / 4 = 1/2
    assert answer.shadow_prices[0] == pytest.approx(1.0)
    assert {(reason.code, reason.resource) for reason in answer.reasons} == {("resource", "units")}


@settings(max_examples=60, deadline=None)
@given(seed=seeds, resources=st.integers(0, 3), lots=st.booleans())
def test_small_tasks_cost_what_brute_force_finds(seed: int, resources: int, lots: bool) -> None:
    task = random_task(seed, variants=4, resources=resources, lots=lots)
    answer = allocate(task)
    assert answer.expected_cost == pytest.approx(cheapest(task), rel=1e-6, abs=1e-9)
    assert answer.status == "optimal"


@pytest.mark.parametrize("lots", [False, True])
def test_hundreds_of_tasks_keep_every_bound_and_their_certificate(lots: bool) -> None:
    for seed in range(200):
        task = random_task(seed, variants=40, resources=1 + seed % 4, lots=lots)
        answer = allocate(task)
        quantity, allowed = answer.quantity, task.lots
        assert (task.resources.used(quantity) <= task.resources.capacity * (1 + 1e-9)).all()
        assert (quantity == np.rint(quantity)).all()
        made = quantity > 0
        assert allowed.zero[~made].all()
        assert (quantity[made] >= allowed.smallest[made]).all()
        assert (quantity[made] <= allowed.largest[made]).all()
        assert ((quantity - allowed.smallest)[made] % allowed.multiple[made] == 0).all()
        assert answer.bound <= answer.expected_cost
        assert np.isclose(task.cost(quantity).sum(), answer.expected_cost)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, lots=st.booleans())
def test_more_capacity_never_costs_more_than_the_certificate_says(seed: int, lots: bool) -> None:
    task = random_task(seed, variants=30, resources=2, lots=lots)
    less = allocate(task)
    more = allocate(with_capacity(task, task.resources.capacity * 1.2))
    assert more.bound <= less.expected_cost + 1e-9
    assert more.expected_cost <= less.expected_cost * (1 + more.gap) + 1e-9


@settings(max_examples=40, deadline=None)
@given(seed=seeds, lots=st.booleans())
def test_the_order_of_resources_and_variants_is_irrelevant(seed: int, lots: bool) -> None:
    task = random_task(seed, variants=6, resources=2, lots=lots)
    order = np.random.default_rng(seed).permutation(6)
    answer, shuffled = allocate(task), allocate(task.take(order))
    assert shuffled.expected_cost == pytest.approx(answer.expected_cost, rel=1e-6)
    np.testing.assert_allclose(shuffled.quantity, answer.quantity[order])


def test_a_shadow_price_is_what_one_more_unit_saves() -> None:
    task = random_task(3, variants=400, resources=2)
    task = with_capacity(task, task.resources.used(task.target(np.zeros(2))) * 0.6)
    base = relax(task)
    for resource in range(2):
        more = task.resources.capacity.copy()
        more[resource] += 1.0
        saved = (
            task.cost(base.quantity).sum()
            - task.cost(relax(with_capacity(task, more)).quantity).sum()
        )
        assert saved == pytest.approx(base.prices[resource], rel=0.02)
        assert base.prices[resource] > 0


def test_where_lots_need_set_ups_bound_and_price_count_them() -> None:
    task = random_task(5, variants=600, resources=1)
    opening = replace(task.resources, setup=6.0 * task.resources.usage)
    task = replace(task, resources=opening)
    free, _ = priced_optimum(task, np.zeros(1))
    task = with_capacity(task, task.resources.used(free) * 0.7)
    answer = allocate(task)
    tried = [priced_optimum(task, np.array([price]))[1] for price in np.linspace(0, 3, 301)]
    assert answer.bound >= max(tried) * (1 - 1e-4)
    assert answer.gap < 2e-3
    more = allocate(with_capacity(task, task.resources.capacity * 1.05))
    saved = (answer.bound - more.bound) / (0.05 * task.resources.capacity[0])
    assert more.shadow_prices[0] <= saved * (1 + 1e-6)
    assert saved <= answer.shadow_prices[0] * (1 + 1e-6)
    assert saved > 1.1 * relax(task).prices[0]


def test_large_tasks_are_nearly_optimal() -> None:
    task = random_task(11, variants=3000, resources=4)
    assert allocate(task).gap < 1e-3


@pytest.mark.parametrize("resources", [0, 1, 5])
def test_continuous_quantities_are_certified_to_rounding(resources: int) -> None:
    task = random_task(7, variants=2000, resources=resources)
    answer = allocate(task, continuous=True)
    assert answer.gap < 1e-8
    assert answer.status == "optimal"
    assert (answer.used <= task.resources.capacity * (1 + 1e-12)).all()
    assert answer.expected_cost <= allocate(task).expected_cost


def test_a_changed_task_begun_at_the_last_prices_costs_what_it_would_from_the_start() -> None:
    task = random_task(8, variants=2000, resources=3)
    base = allocate(task, continuous=True)
    wider = with_capacity(task, task.resources.capacity * np.array([1.3, 1.0, 0.9]))
    again, anew = allocate(wider, continuous=True, base=base), allocate(wider, continuous=True)
    assert again.expected_cost == pytest.approx(anew.expected_cost, rel=1e-8)
    values = task.curves.values.copy()
    values[:200] *= 1.5
    more = replace(task, curves=DemandCurves(task.curves.levels, values))
    again, anew = allocate(more, base=base), allocate(more)
    assert again.bound <= anew.expected_cost
    assert again.expected_cost == pytest.approx(anew.expected_cost, rel=1e-3)
    assert (again.used <= more.resources.capacity * (1 + 1e-12)).all()


@pytest.mark.parametrize("continuous", [False, True])
def test_more_is_bought_where_it_is_worth_its_cost(continuous: bool) -> None:
    task = random_task(3, variants=800, resources=3)
    task = with_capacity(task, task.resources.used(task.target(np.zeros(3))) * 0.6)
    tight = allocate(task, continuous=continuous)
    cost = tight.shadow_prices * np.array([0.5, 2.0, np.inf])
    able = replace(task, resources=replace(task.resources, extra_cost=cost))
    answer = allocate(able, continuous=continuous)
    assert answer.bought[0] > 0
    assert answer.bought[2] == 0
    assert (answer.used <= task.resources.capacity + answer.bought + 1e-9).all()
    assert answer.shadow_prices[0] == pytest.approx(cost[0])
    assert answer.expected_cost < tight.expected_cost
    assert answer.gap < (1e-6 if continuous else 1e-3)
    wider = with_capacity(task, task.resources.capacity + answer.bought)
    anew = allocate(wider, continuous=continuous)
    paid = answer.bought[:2] @ cost[:2]
    assert answer.expected_cost == pytest.approx(anew.expected_cost + paid, rel=1e-3)
    assert answer.bound <= anew.expected_cost + paid


def test_bounds_beyond_a_capacity_are_kept_by_buying() -> None:
    task = random_task(4, variants=20, resources=1)
    lots = replace(task.lots, zero=np.zeros(20, dtype=bool))
    limited = replace(task.resources, capacity=np.zeros(1), extra_cost=np.ones(1))
    answer = allocate(replace(task, lots=lots, resources=limited))
    assert (answer.quantity >= 1).all()
    assert answer.bought == pytest.approx(answer.used)


@pytest.mark.parametrize("lots", [False, True])
def test_a_time_limit_answers_with_a_status_and_keeps_every_resource(lots: bool) -> None:
    task = random_task(9, variants=300, resources=3, lots=lots)
    answer = allocate(task, seconds=0.0)
    assert answer.status == "time limit"
    assert (answer.used <= task.resources.capacity * (1 + 1e-9)).all()
    assert answer.bound <= answer.expected_cost
    assert allocate(task, seconds=3600.0).status != "time limit"


def test_what_must_be_made_but_cannot_names_resource_variants_and_the_capacity() -> None:
    task = random_task(5, variants=3, resources=1, lots=False)
    frozen = Lots(
        smallest=np.array([10.0, 1.0, 1.0]),
        multiple=np.ones(3),
        largest=np.array([10.0, 5.0, 5.0]),
        zero=np.array([False, True, True]),
        frozen=np.array([True, False, False]),
        on_hand=np.zeros(3),
    )
    limited = Resources(
        ids=("hours",), units=("h",), capacity=np.array([15.0]),
        usage=np.full((3, 1), 2.0), setup=np.zeros((3, 1)),
    )  # fmt: skip
    task = Task(
        variants=task.variants, curves=task.curves, underage=task.underage,
        overage=task.overage, lots=frozen, resources=limited,
    )  # fmt: skip
    with pytest.raises(Infeasible, match=r"hours.*20.*'v00000'.*at least 20"):
        allocate(task)


def test_a_set_up_is_paid_for_from_the_resource() -> None:
    task = newsvendor(2, underage=3.0, overage=1.0)
    limited = Resources(
        ids=("hours",), units=("h",), capacity=np.array([100.0]),
        usage=np.ones((2, 1)), setup=np.full((2, 1), 60.0),
    )  # fmt: skip
    answer = allocate(
        Task(
            variants=task.variants,
            curves=task.curves,
            underage=task.underage,
            overage=task.overage,
            lots=task.lots,
            resources=limited,
        )
    )
    assert sorted(answer.quantity) == [0, 40]
    assert answer.used[0] == 100
    assert answer.reasons[int(np.argmin(answer.quantity))].resource == "hours"


def test_reasons_tell_why_each_quantity_is_what_it_is() -> None:
    task = newsvendor(6, underage=3.0, overage=1.0)
    curves = DemandCurves(task.curves.levels, task.curves.values.copy())
    curves.values[1] = 0.0
    curves.values[5] = curves.values[5] / 25
    task = Task(
        variants=task.variants,
        curves=curves,
        underage=np.array([3.0, 3, 0, 3, 3, 3]),
        overage=task.overage,
        lots=Lots(
            smallest=np.array([7.0, 1, 1, 1, 1, 50]),
            multiple=np.ones(6),
            largest=np.array([7.0, np.inf, np.inf, np.inf, 20, np.inf]),
            zero=np.array([False, True, True, True, True, True]),
            frozen=np.array([True, False, False, False, False, False]),
            on_hand=np.array([0.0, 0, 0, 90, 0, 0]),
        ),
        resources=task.resources,
    )
    codes = [reason.code for reason in allocate(task).reasons]
    assert codes == ["frozen", "no demand", "no margin", "in stock", "maximum", "lot"]


def test_what_is_bought_is_worth_what_it_costs_whatever_rounding_made_of_its_price(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = random_task(3, variants=200, resources=1)
    task = with_capacity(task, task.resources.used(task.target(np.zeros(1))) * 0.6)
    cost = allocate(task).shadow_prices * 0.5
    able = replace(task, resources=replace(task.resources, extra_cost=cost))

    def rounded(*arguments: object, **options: object) -> Whole:
        return replace(make_whole(*arguments, **options), prices=np.zeros(1))  # type: ignore[arg-type]

    monkeypatch.setattr("production.allocation.allocate.make_whole", rounded)
    answer = allocate(able)
    assert answer.bought[0] > 0
    assert answer.shadow_prices == pytest.approx(cost)
