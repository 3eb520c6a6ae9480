"""The choice model: weights that are known come back, and the paper's own steps hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from production.demand.censoring.choice import MOST_ITERATIONS, Spells, fit_choice
from tests.production.demand.censoring.shops import choosing_shop, wape

ONE = np.zeros(3, np.int64)
THIRDS = np.full(3, 1 / 3)


def test_the_customers_of_what_is_out_go_to_its_siblings_by_weight() -> None:
    # s = 1/2: V = 1, v_0 = 1. With a third gone, chances rise from 1/6 to (1/3) / (5/3) = 1/5.
    reach = Spells(np.array([1.0, 0.0, 1.0]), ONE).reach(THIRDS, 0.5)
    np.testing.assert_allclose(reach, [6 / 5, 0.0, 6 / 5])


def test_a_part_of_a_period_counts_for_that_part() -> None:
    reach = Spells(np.array([1.0, 0.25, 0.5]), ONE).reach(THIRDS, 0.5)
    full, without_one, alone = 1.0, 2 / (5 / 3), 2 / (4 / 3)
    expected = [
        0.25 * full + 0.25 * without_one + 0.5 * alone,
        0.25 * full,
        0.25 * full + 0.25 * without_one,
    ]
    np.testing.assert_allclose(reach, expected)


@given(
    in_stock=st.lists(st.floats(0, 1), min_size=2, max_size=6),
    share=st.floats(0, 0.95),
    seed=st.integers(0, 99),
)
def test_reach_never_loses_a_customer_nor_makes_one(
    in_stock: list[float], share: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    weight = random.dirichlet(np.ones(len(in_stock)))
    present = np.array(in_stock)
    reach = Spells(present, np.zeros(len(present), np.int64)).reach(weight, share)
    assert (reach >= present - 1e-12).all()
    assert (reach[present == 0] == 0).all()
    assert (weight * reach).sum() <= 1 + 1e-9  # all customers are first choices in full stock
    order = random.permutation(len(present))
    again = Spells(present[order], np.zeros(len(present), np.int64)).reach(weight[order], share)
    np.testing.assert_allclose(again, reach[order])


def test_blocks_do_not_touch_each_other() -> None:
    in_stock = np.array([1.0, 0.4, 1.0, 0.0, 1.0, 1.0])
    block = np.array([7, 7, 3, 3, 5, 5])
    weight = np.array([0.3, 0.7, 0.5, 0.5, 0.2, 0.8])
    together = Spells(in_stock, block).reach(weight, 0.6)
    for one in (3, 5, 7):
        here = block == one
        alone = Spells(in_stock[here], block[here]).reach(weight[here], 0.6)
        np.testing.assert_allclose(together[here], alone)
    np.testing.assert_allclose(together[block == 5], 1.0)


def test_one_iteration_is_the_papers() -> None:
    """Vulcano, van Ryzin and Ratliff (2012), equations (9) and (10), worked by hand.

    Two variants of weight 1/2, s = 1/2, so v = 1/2 each and v_0 = 1. In the second period the
    second is out and the first sells 6: 6 x (3/2) / 2 = 4.5 of them first choices, and of the
    second's customers (1/2) / 2 x (3/2) / (1/2) x 6 = 4.5 as many.
    """
    lines = np.array([[4.0, 6.0], [2.0, 0.0]])
    in_stock = np.array([[1.0, 1.0], [1.0, 0.0]])
    found = fit_choice(lines, in_stock, np.zeros(2, np.int32), share=0.5, most=1)
    np.testing.assert_allclose(found.weights, np.array([8.5, 6.5]) / 15)
    assert found.iterations == 1
    assert not found.converged


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.9])
def test_known_weights_come_back(share: float) -> None:
    shop = choosing_shop(5, share, weeks=156, rate=40.0)
    found = fit_choice(shop.sold.lines, shop.sold.in_stock, shop.sold.style, share=share)
    assert found.converged
    assert found.iterations < MOST_ITERATIONS
    assert wape(found.weights, shop.weights) < 0.03
    assert np.abs(found.weights - shop.weights).max() < 0.03
    by_style = np.bincount(shop.sold.style, found.weights)
    np.testing.assert_allclose(by_style, 1.0)


def test_shares_of_sales_are_further_off() -> None:
    shop = choosing_shop(5, 0.7, weeks=156, rate=40.0)
    found = fit_choice(shop.sold.lines, shop.sold.in_stock, shop.sold.style, share=0.7)
    total = shop.sold.lines.sum(axis=1)
    naive = total / np.bincount(shop.sold.style, total)[shop.sold.style]
    assert wape(found.weights, shop.weights) < 0.6 * wape(naive, shop.weights)


def test_a_late_launch_is_not_a_small_weight() -> None:
    lines = np.full((2, 20), 5.0)
    lines[1, :15] = 0.0
    offered = np.ones((2, 20), bool)
    offered[1, :15] = False
    found = fit_choice(lines, np.ones((2, 20)), np.zeros(2, np.int32), share=0.5, offered=offered)
    np.testing.assert_allclose(found.weights, 0.5, atol=1e-4)


def test_no_sale_and_no_stock_give_equal_weights() -> None:
    for in_stock in (np.zeros((2, 3)), np.ones((2, 3))):
        found = fit_choice(np.zeros((2, 3)), in_stock, np.zeros(2, np.int32), share=0.5)
        assert found.converged
        np.testing.assert_allclose(found.weights, 0.5)


def test_the_bound_on_iterations_is_told() -> None:
    shop = choosing_shop(1, 0.9)
    found = fit_choice(shop.sold.lines, shop.sold.in_stock, shop.sold.style, share=0.9, most=2)
    assert found.iterations == 2
    assert not found.converged


def test_the_order_of_variants_does_not_matter() -> None:
    shop = choosing_shop(2, 0.5, styles=4)
    order = np.random.default_rng(0).permutation(len(shop.weights))
    found = fit_choice(shop.sold.lines, shop.sold.in_stock, shop.sold.style, share=0.5)
    again = fit_choice(
        shop.sold.lines[order], shop.sold.in_stock[order], shop.sold.style[order], share=0.5
    )
    np.testing.assert_allclose(again.weights, found.weights[order], atol=1e-9)
