"""Chances of an order: nothing of the days to come is used, and what is said comes about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from recsys.errors import TooFewInteractions
from recsys.groups.classes import LONG_DAYS, standing
from recsys.groups.purchases import DAY, Purchases, rhythm
from recsys.groups.returning import order_chances
from tests.recsys.groups.customers import START, orders

MOMENT = START + 300


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return orders()


def lines(*days: int, customer: str = "c") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": customer,
            "quantity": 2,
            "unit_price": 5.0,
            "ordered_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(list(days), unit="D"),
        }
    )


def test_a_days_orders_are_one_purchase() -> None:
    found = Purchases.of(pd.concat([lines(0, 0, 10), lines(3, customer="a")]))
    assert found.customers.tolist() == ["a", "c"]
    assert found.customer.tolist() == [0, 1, 1]
    assert found.money.tolist() == [10.0, 20.0, 10.0]


def test_returns_and_guests_are_no_purchases() -> None:
    table = pd.concat([lines(0), lines(1).assign(quantity=-2), lines(2).assign(customer_id=None)])
    assert len(Purchases.of(table).day) == 1


def test_the_rhythm_is_told_by_hand() -> None:
    found = rhythm(Purchases.of(lines(0, 10, 30, 40)), np.datetime64("2024-02-10"))  # day 40
    assert found.count.tolist() == [3]  # day 40 itself lies beyond
    assert found.recency.tolist() == [10]
    assert found.tenure.tolist() == [40]
    assert found.gap.tolist() == [15]
    assert found.spread[0] == pytest.approx(np.sqrt(50))
    single = rhythm(Purchases.of(lines(5)), np.datetime64("2024-01-11"))
    assert np.isnan(single.gap[0])
    assert np.isnan(single.spread[0])


def test_nothing_from_the_moment_on_is_used(table: pd.DataFrame) -> None:
    known = table[table["ordered_at"] < MOMENT.astype("datetime64[us]")]
    all_of_it = order_chances(Purchases.of(table), MOMENT, days=28)
    before = order_chances(Purchases.of(known), MOMENT, days=28)
    assert all_of_it.customers.tolist() == before.customers.tolist()
    assert (all_of_it.chance == before.chance).all()
    assert all_of_it.learned_from == before.learned_from


@pytest.mark.parametrize("days", [14, 28])
def test_what_is_said_comes_about(table: pd.DataFrame, days: int) -> None:
    purchases = Purchases.of(table)
    found = order_chances(purchases, MOMENT, days=days)
    came = purchases.within(MOMENT, MOMENT + days * DAY)[found.rhythm.place]
    assert ((found.chance >= 0) & (found.chance <= 1)).all()
    assert found.chance.mean() == pytest.approx(came.mean(), abs=0.1)
    assert found.chance[came].mean() > found.chance[~came].mean() + 0.5


def test_few_weeks_are_refused(table: pd.DataFrame) -> None:
    with pytest.raises(TooFewInteractions, match="ordered again"):
        order_chances(Purchases.of(table), START + 60, days=28)


def test_classes_follow_from_the_chances(table: pd.DataFrame) -> None:
    found = standing(Purchases.of(table), MOMENT, days=28)
    assert found.by == "model"
    gone = found.rhythm.recency > 60
    assert set(found.klass[gone]) <= {"lapsing", "dormant"}
    assert (found.klass[~gone] == "returning").mean() > 0.95


def test_with_too_few_weeks_the_rule_stands_in() -> None:
    table = pd.concat([lines(0, customer="gone"), lines(0, 95, customer="here"),
                       lines(98, customer="young")])  # fmt: skip
    found = standing(Purchases.of(table), np.datetime64("2024-01-01") + 100, days=28)
    assert found.by == "rule"
    assert LONG_DAYS == 90
    assert found.klass.tolist() == ["lapsing", "returning", "new"]
    assert np.isnan(found.chance).all()
