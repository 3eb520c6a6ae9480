"""Restored demand: what is known comes back, and the properties a planner relies on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from production.demand.censoring.restore import (
    LONGEST_OUT,
    MOST,
    Restored,
    Sold,
    restore_choice,
    restore_exposure,
)
from tests.production.demand.censoring.shops import choosing_shop, sold

Restore = Callable[[Sold], Restored]


def substituting(stock: Sold) -> Restored:
    return restore_choice(stock, 0.5)


EVERY = pytest.mark.parametrize("restore", [restore_exposure, restore_choice, substituting])


def random_stock(seed: int, *, weeks: int = 30, per_week: int = 1) -> Sold:
    random = np.random.default_rng(seed)
    shape = (6, weeks)
    in_stock = np.where(random.random(shape) < 0.6, 1.0, random.random(shape).round(1))
    lines = random.poisson(3 * in_stock).astype(float)
    units = lines * random.integers(1, 4, shape).astype(float)
    style = np.array([0, 0, 0, 1, 1, 2], np.int32)
    return sold(lines, in_stock, style=style, units=units, per_week=per_week)


@EVERY
def test_in_stock_throughout_changes_nothing(restore: Restore) -> None:
    stock = random_stock(1)
    full = replace(stock, in_stock=np.ones_like(stock.in_stock))
    found = restore(full)
    np.testing.assert_array_equal(found.units, full.units)
    np.testing.assert_array_equal(found.lines, full.lines)
    assert not found.missed.any()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), per_week=st.sampled_from([1, 7]))
def test_exposure_never_takes_off_what_was_sold(seed: int, per_week: int) -> None:
    stock = random_stock(seed, per_week=per_week)
    found = restore_exposure(stock)
    assert (found.units >= stock.units).all()
    assert (found.units[stock.in_stock == 1] == stock.units[stock.in_stock == 1]).all()
    np.testing.assert_allclose(found.units, stock.units + found.missed)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0, 0.9))
def test_choice_takes_off_substitutes_at_most(seed: int, share: float) -> None:
    stock = random_stock(seed)
    found = restore_choice(stock, share)
    assert np.isfinite(found.units).all()
    assert (found.units >= 0).all()
    moved = stock.units + found.missed - found.units
    assert (moved >= -1e-9).all()
    assert (moved <= stock.units * share + 1e-9).all()  # all others out: s of the rest come


@EVERY
def test_what_is_restored_stands_on_the_past_alone(restore: Restore) -> None:
    stock = random_stock(4, weeks=40)
    whole = restore(stock)
    for until in (5, 17, 33):
        cut = replace(
            stock,
            units=stock.units[:, :until],
            lines=stock.lines[:, :until],
            in_stock=stock.in_stock[:, :until],
            last=np.minimum(stock.last, until),
        )
        found = restore(cut)
        np.testing.assert_array_equal(found.units, whole.units[:, :until])
        np.testing.assert_array_equal(found.lines, whole.lines[:, :until])
        assert found.fits == whole.fitted(until - 1)


@EVERY
def test_a_period_never_in_stock_takes_the_level(restore: Restore) -> None:
    lines = np.full((3, 30), 10.0)
    in_stock = np.ones((3, 30))
    lines[0, 20], in_stock[0, 20] = 0.0, 0.0
    found = restore(sold(lines, in_stock, style=np.arange(3, dtype=np.int32), units=lines * 2))
    assert found.lines[0, 20] == pytest.approx(10.0, rel=0.02)
    assert found.units[0, 20] == pytest.approx(20.0, rel=0.02)


@EVERY
def test_half_a_week_in_stock_doubles_what_it_sold(restore: Restore) -> None:
    """A steady variant that sells 5 in half a week has the other half restored."""
    lines = np.full((3, 30), 10.0)
    in_stock = np.ones((3, 30))
    lines[0, 20], in_stock[0, 20] = 5.0, 0.5
    found = restore(sold(lines, in_stock, style=np.arange(3, dtype=np.int32)))
    assert found.lines[0, 20] == pytest.approx(10.0, rel=0.02)


def test_short_exposure_is_shrunk_and_bounded() -> None:
    lines, in_stock = np.full((3, 30), 10.0), np.ones((3, 30))
    lines[0, 20], in_stock[0, 20] = 9.0, 0.01  # 900 a week, were it taken at its word
    found = restore_exposure(sold(lines, in_stock, style=np.arange(3, dtype=np.int32)))
    assert 20 < found.missed[0, 20] < 10.0 * MOST * 1.5  # the season rises with it


@EVERY
def test_no_stock_and_no_sale_are_nothing(restore: Restore) -> None:
    found = restore(sold(np.zeros((2, 20)), np.zeros((2, 20))))
    assert not found.units.any()
    assert not found.lines.any()


@EVERY
def test_sales_without_stock_are_believed(restore: Restore) -> None:
    lines = np.full((2, 20), 4.0)
    found = restore(sold(lines, np.where(np.arange(20) < 10, 1.0, 0.0) * np.ones((2, 1))))
    np.testing.assert_array_equal(found.units, lines)


@EVERY
def test_who_is_out_for_long_is_not_missed_for_ever(restore: Restore) -> None:
    lines, in_stock = np.full((3, 60), 6.0), np.ones((3, 60))
    lines[0, 20:], in_stock[0, 20:] = 0.0, 0.0
    found = restore(sold(lines, in_stock, style=np.arange(3, dtype=np.int32)))
    assert (found.units[0, 20 : 20 + LONGEST_OUT] > 5).all()
    assert not found.units[0, 20 + LONGEST_OUT :].any()


@EVERY
def test_nothing_is_missed_before_launch_or_after_withdrawal(restore: Restore) -> None:
    stock = random_stock(3)
    count = len(stock.units)
    lines = stock.lines.copy()
    lines[:, :5] = lines[:, 25:] = 0.0
    on_sale = replace(
        stock,
        lines=lines,
        units=lines,
        in_stock=np.where(lines > 0, stock.in_stock, 0.0),
        first=np.full(count, 5, np.int32),
        last=np.full(count, 25, np.int32),
    )
    found = restore(on_sale)
    assert not found.units[:, :5].any()
    assert not found.units[:, 25:].any()
    assert found.missed[:, 5:25].any()


def test_one_order_of_80_000_does_not_make_every_stock_out_huge() -> None:
    lines, in_stock = np.full((3, 40), 5.0), np.ones((3, 40))
    units = lines * 2
    units[0, 20] = 80_000.0
    lines[:, 30], units[:, 30], in_stock[:, 30] = 0.0, 0.0, 0.0
    stock = sold(lines, in_stock, style=np.arange(3, dtype=np.int32), units=units)
    found = restore_exposure(stock)
    assert found.units[0, 20] == 80_000.0
    assert found.units[0, 30] < 40
    assert found.units[1, 30] == pytest.approx(10.0, rel=0.3)


def test_days_are_restored_as_weeks_are() -> None:
    lines, in_stock = np.full((2, 140), 3.0), np.ones((2, 140))
    lines[0, 100], in_stock[0, 100] = 0.0, 0.0
    stock = sold(lines, in_stock, style=np.arange(2, dtype=np.int32), per_week=7)
    for restore in (restore_exposure, restore_choice):
        assert restore(stock).lines[0, 100] == pytest.approx(3.0, rel=0.05)


def test_siblings_lose_the_customers_they_took_over() -> None:
    shop = choosing_shop(8, 0.7)
    found = restore_choice(shop.sold, 0.7)
    moved = shop.sold.units + found.missed - found.units
    short = np.zeros_like(moved, bool)
    for style in range(16):
        here = shop.sold.style == style
        short[here] = (shop.sold.in_stock[here] < 1).any(axis=0)
    assert moved[short & (shop.sold.in_stock == 1)].sum() > 0
    assert np.abs(moved[~short]).max() < 1e-9
    assert all(fit.converged for fit in found.fits)
    assert {fit.share for fit in found.fits} == {0.7}


def test_the_order_of_variants_does_not_matter() -> None:
    shop = choosing_shop(2, 0.5, styles=4)
    order = np.random.default_rng(0).permutation(len(shop.weights))
    stock = shop.sold
    other = replace(
        stock,
        units=stock.units[order],
        lines=stock.lines[order],
        in_stock=stock.in_stock[order],
        style=stock.style[order],
        first=stock.first[order],
        last=stock.last[order],
    )
    for restore in (restore_exposure, restore_choice, substituting):
        np.testing.assert_allclose(restore(other).units, restore(stock).units[order], rtol=1e-6)
