"""Figures of learned choices: what the methods come to where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from production.configuration.learned.evaluation import evaluate_choices
from production.configuration.learned.fitting import fit_choices
from production.configuration.learned.methods import LEARNED, POPULAR, RANDOM
from production.configuration.learned.past import past_of
from production.configuration.learned.profiles import profiles_of
from production.configuration.product import Product
from tests.production.configuration.learned.shirts import STYLE, market, past, shirt
from tests.production.configuration.learned.test_learned import BIKE, table


def test_learned_leaves_more_unchanged_than_popular_and_that_more_than_random() -> None:
    cut = np.datetime64("2025-06-30")
    made = market()
    profiles = profiles_of(made.orders, made.variants, before=cut, without=set(past().orders))
    older, later = (past().take(rows) for rows in (past().moments < cut, past().moments >= cut))
    known = fit_choices(shirt(), older, profiles, style_id=STYLE)
    found = {one.method: one for one in evaluate_choices(known, later, made=(2,))}
    assert found[LEARNED].unchanged > found[POPULAR].unchanged > found[RANDOM].unchanged
    assert found[LEARNED].difference_low > 0
    assert all(one.invalid == 0 for one in found.values())
    assert found[POPULAR].difference == 0
    assert found[LEARNED].low < found[LEARNED].unchanged < found[LEARNED].high


def test_where_all_buyers_are_alike_nothing_has_to_be_changed() -> None:
    product = Product(BIKE)
    same = past_of(product, table([(f"{n:03}", "", ["steel", "rack"]) for n in range(40)]))
    known = fit_choices(product, same.take(np.arange(30)), style_id="B1")
    for one in evaluate_choices(known, same.take(np.arange(30, 40)), made=(0, 1)):
        if one.method != RANDOM:
            assert one.unchanged == 1
            assert one.configurations == 10


def test_choices_of_buyers_who_differ_in_one_way_follow_from_the_first() -> None:
    product = Product(BIKE)
    rows = [(f"{n:03}", "", ["steel", "rack"] if n % 2 else ["carbon", "bell"]) for n in range(80)]
    all_of_them = past_of(product, table(rows))
    known = fit_choices(product, all_of_them.take(np.arange(60)), style_id="B1")
    found = {
        (one.method, one.made): one
        for one in evaluate_choices(known, all_of_them.take(np.arange(60, 80)), made=(0, 1, 9))
    }
    assert found[LEARNED, 1].unchanged == 1
    assert found[POPULAR, 1].unchanged < 0.9
    assert found[LEARNED, 0].unchanged == pytest.approx(found[POPULAR, 0].unchanged)
    assert (LEARNED, 9) not in found  # nothing is left to choose
