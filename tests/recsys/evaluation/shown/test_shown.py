"""What lists showed: by hand, in general, and where unfairness is planted or is not there."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.catalogue import Catalogue
from recsys.evaluation.shown.by_customers import by_customers
from recsys.evaluation.shown.by_variants import by_variants
from recsys.evaluation.shown.differences import Gap, Rates, greatest_gap
from recsys.evaluation.shown.grouping import activity, regions, sales_of, variant_labels
from recsys.evaluation.shown.lists import (
    NOT_KNOWN,
    OTHERS,
    Labels,
    ShownLists,
    customers_of,
    told,
)
from recsys.evaluation.shown.report import ShownFigures, shown_figures
from tests.recsys.evaluation.shown.logs import drawn, labels, listed

SECOND = 1 / math.log2(3)
"""What a second place counts for."""


def hand_made() -> ShownFigures:
    """Two groups of 10 customers, a list of two each; the second group sees variant 0 alone."""
    lists = [(one, [0, 1]) for one in range(10)] + [(10 + one, [0]) for one in range(10)]
    shown = listed(
        lists, 4, personal=[1.0] * 10 + [0.0] * 5 + [np.nan] * 5,
        responded=[1.0] * 5 + [0.0] * 10 + [np.nan] * 5,
    )  # fmt: skip
    halves = labels("half", ["a", "b"], [0] * 10 + [1] * 10)
    kinds = labels("kind", ["x", "y", "z"], [0, 1, 1, 2])
    sales = np.array([3.0, 0.0, 1.0, 0.0])
    return shown_figures(shown, [halves], [kinds], sales=sales, seed=1)


def test_a_log_made_by_hand_has_the_figures_that_a_hand_computes() -> None:
    found = hand_made()
    assert (found.lists, found.customers, found.places) == (20, 20, 30)
    assert (found.shown, found.offered) == (2, 4)
    assert found.spread.coverage == 0.5
    # counts 0, 0, 10, 20: Σ (2j - 5) c = 10 + 60 over 4 · 30
    assert found.spread.gini == pytest.approx(70 / 120)
    nats = -(2 / 3) * math.log(2 / 3) - (1 / 3) * math.log(1 / 3)
    assert found.spread.entropy == pytest.approx(nats / math.log(4))
    assert found.spread.effective_variants == pytest.approx(math.exp(nats))
    weights = np.array([20.0, 10 * SECOND])
    assert found.spread.discounted_gini == pytest.approx(
        (weights[1] + 3 * weights[0]) / (4 * weights.sum())
    )
    assert found.rates["personal"].value == pytest.approx(10 / 15)
    assert found.rates["responding"].value == pytest.approx(5 / 15)


def test_groups_of_customers_by_hand() -> None:
    (halves,) = hand_made().by_customers
    first, second = halves.groups
    assert (first.group, first.customers, first.lists) == ("a", 10, 10)
    assert first.spread.coverage == 0.5
    assert second.spread.coverage == 0.25
    assert second.spread.gini == pytest.approx(0.75)
    assert second.spread.entropy == 0
    assert [group.rates["personal"].value for group in halves.groups] == [1.0, 0.0]
    assert [group.rates["responding"].value for group in halves.groups] == [0.5, 0.0]
    x = first.rates["kind=x"]
    assert x.value == pytest.approx(1 / (1 + SECOND))
    assert x.low == pytest.approx(x.value)  # all are alike
    assert x.high == pytest.approx(x.value)
    assert not halves.gaps  # 10 customers are too few for one


def test_groups_of_variants_by_hand() -> None:
    (kinds,) = hand_made().by_variants
    rows = {one.group: one for one in kinds.groups}
    assert list(rows) == ["x", "y", "z"]  # the most shown first
    exposed = 20 + 10 * SECOND
    assert [one.offered for one in kinds.groups] == [1, 2, 1]
    assert [one.shown for one in kinds.groups] == [1, 1, 0]
    assert rows["x"].exposure == pytest.approx(2 / 3)
    assert rows["x"].discounted.value == pytest.approx(20 / exposed)
    assert rows["x"].to_catalogue.value == pytest.approx(4 * 20 / exposed)
    assert rows["x"].to_sales.value == pytest.approx((20 / exposed) / 0.75)
    assert rows["y"].to_sales.value == pytest.approx((10 * SECOND / exposed) / 0.25)
    assert rows["z"].sales == 0
    assert rows["z"].to_sales.value is None  # nothing to divide by
    assert rows["z"].discounted.value == 0
    assert kinds.gap is not None
    assert (kinds.gap.highest, kinds.gap.lowest) == ("x", "z")
    assert kinds.gap.ratio.value == 0


def test_a_list_that_shows_less_than_one_place_s_worth_counts_in_full() -> None:
    shown = ShownLists(
        customer=np.array([0]), row=np.array([0]), position=np.array([3]), variant=np.array([1]),
        offered=np.ones(2, dtype=bool), personal=np.array([1.0]), responded=np.array([np.nan]),
    )  # fmt: skip
    found = shown_figures(shown, [], [], sales=np.zeros(2), seed=0)
    assert found.spread.discounted_gini == pytest.approx(0.5)
    assert found.spread.discounted_effective_variants == pytest.approx(1.0)


LISTS = st.lists(
    st.tuples(st.integers(0, 30), st.lists(st.integers(0, 7), min_size=1, max_size=6, unique=True)),
    min_size=1,
    max_size=60,
)


def dense(lists: list[tuple[int, list[int]]]) -> list[tuple[int, list[int]]]:
    """The same lists, their customers numbered without a gap."""
    numbers = {one: number for number, one in enumerate(sorted({one for one, _ in lists}))}
    return [(numbers[customer], shown) for customer, shown in lists]


@settings(max_examples=60, deadline=None)
@given(LISTS, st.randoms(use_true_random=False))
def test_what_holds_of_any_log(lists: list[tuple[int, list[int]]], random: object) -> None:
    lists = dense(lists)
    shown = listed(lists, 8, personal=[float(customer % 2) for customer, _ in lists])
    by = labels("odd", ["even", "odd"], [customer % 2 for customer, _ in lists])
    kinds = labels("kind", ["x", "y", "z"], [0, 0, 0, 1, 1, 2, 2, 2])
    found = shown_figures(shown, [by], [kinds], sales=np.arange(8.0), seed=3)
    for spread in [found.spread, *(one.spread for two in found.by_customers for one in two.groups)]:
        for name in ("coverage", "gini", "entropy", "discounted_gini", "discounted_entropy"):
            assert -1e-9 <= getattr(spread, name) <= 1 + 1e-9
        assert 1 - 1e-9 <= spread.effective_variants <= 8 + 1e-9
    (of_kinds,) = found.by_variants
    for name in ("exposure", "catalogue", "sales"):
        assert sum(getattr(one, name) for one in of_kinds.groups) == pytest.approx(1)
    assert sum(one.discounted.value or 0.0 for one in of_kinds.groups) == pytest.approx(1)
    for two in found.by_customers:
        assert sum(one.lists for one in two.groups) == len(lists)
        assert all(one.customers >= 10 for one in two.groups)
        for one in two.groups:
            assert sum(one.rates[f"kind={kind}"].value or 0 for kind in "xyz") == pytest.approx(1)
    order = list(range(len(shown.row)))
    random.shuffle(order)  # type: ignore[attr-defined]  # hypothesis' random
    mixed = ShownLists(
        customer=shown.customer, row=shown.row[order], position=shown.position[order],
        variant=shown.variant[order], offered=shown.offered, personal=shown.personal,
        responded=shown.responded,
    )  # fmt: skip
    again = shown_figures(mixed, [by], [kinds], sales=np.arange(8.0), seed=3)
    assert again.spread.gini == pytest.approx(found.spread.gini)
    for first, second in zip(again.by_variants[0].groups, of_kinds.groups, strict=True):
        assert first.exposure == second.exposure
        assert first.to_catalogue.low == pytest.approx(second.to_catalogue.low)
        assert first.to_catalogue.high == pytest.approx(second.to_catalogue.high)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 8)), min_size=1, max_size=120))
def test_no_group_that_is_told_and_no_rest_is_smaller_than_ten(
    lists: list[tuple[int, int]],
) -> None:
    customer = np.unique([one for one, _ in lists], return_inverse=True)[1]
    before = Labels.of("by", np.array([f"g{group}" for _, group in lists], dtype=object))
    after = told(before, customer)
    if len(np.unique(customer)) < 10:
        assert after is None or (customers_of(before, customer) >= 10).all()
        return
    assert after is not None
    assert (customers_of(after, customer) >= 10).all()
    merged = {before.names[one] for one in before.code[after.code == len(after.names) - 1]}
    if after.merged:
        assert after.names[-1] == OTHERS
        assert len(merged) == after.merged
    small = np.array(before.names)[customers_of(before, customer) < 10]
    assert not set(small) & set(after.names)


def test_what_is_not_known_is_a_group_that_is_told_and_not_compared() -> None:
    found = Labels.of("region", np.array(["b", "", "a", ""], dtype=object))
    assert found.names == ("a", "b", NOT_KNOWN)
    assert found.code.tolist() == [1, 2, 0, 2]
    value = np.array([0.1, 0.2, 0.9])
    rates = Rates(value=value, draws=value + np.random.default_rng(0).normal(0, 0.01, (100, 3)))
    gap = greatest_gap("x", found.names, rates, np.array([40, 40, 40]), 30)
    assert gap is not None
    assert (gap.highest, gap.lowest, gap.pairs) == ("b", "a", 1)
    assert greatest_gap("x", found.names, rates, np.array([40, 20, 40]), 30) is None


def gap_of(gaps: object, of: str) -> Gap:
    (found,) = [gap for gap in gaps if gap.of == of]  # type: ignore[attr-defined]
    assert isinstance(found, Gap)
    return found


def test_a_planted_unfairness_is_found() -> None:
    shown, groups, kinds = drawn(
        1, groups=[80, 80, 80], chances=[0.5, 0.5, 0.3], respond=[0.4, 0.2, 0.4]
    )
    found = by_customers(shown, groups, [kinds], seed=0)
    category = gap_of(found.gaps, "category=second")
    assert category.highest == "g2"
    assert (category.apart, category.pairs) == (2, 3)
    assert category.difference.value == pytest.approx(0.2, abs=0.06)
    low, high = category.ratio.low, category.ratio.high
    assert low is not None
    assert high is not None
    assert low < 0.5 / 0.7 < high < 1
    responding = gap_of(found.gaps, "responding")
    assert responding.lowest == "g1"
    assert (responding.difference.low or 0) > 0
    variants = by_variants(shown, kinds, np.ones(20), seed=0)
    assert variants.gap is not None
    assert variants.gap.highest == "second"
    assert (variants.gap.ratio.high or 1) < 1


def fair_ratios(runs: int, groups: list[int]) -> list[bool]:
    """Whether the ratio's interval holds 1 in logs that treat all groups alike."""
    held = []
    for seed in range(runs):
        shown, by, kinds = drawn(
            seed, groups=groups, chances=[0.4] * len(groups), respond=[0.3] * len(groups)
        )
        found = by_customers(shown, by, [kinds], seed=seed)
        held += [True] * (2 - len(found.gaps))  # all groups alike, to the digit
        for gap in found.gaps:
            low, high = gap.ratio.low, gap.ratio.high
            assert ((gap.difference.low or 0) > 0) == ((high or 1) < 1)
            held.append(low is None or high is None or low <= 1 <= high)
    return held


@pytest.mark.parametrize("groups", [[60, 60], [40, 50, 60, 70, 80]])
def test_a_fair_log_is_called_unfair_no_more_often_than_is_said(groups: list[int]) -> None:
    held = fair_ratios(80, groups)
    assert np.mean(held) > 0.88  # of 160, at 94 %: three standard deviations


@pytest.mark.slow
@pytest.mark.parametrize("groups", [[60, 60], [40, 50, 60, 70, 80], [35] * 10])
def test_a_fair_log_is_called_unfair_at_the_nominal_rate(groups: list[int]) -> None:
    held = fair_ratios(500, groups)
    assert 0.91 < np.mean(held) < 0.97


@pytest.mark.slow
def test_variants_shown_in_proportion_are_called_so_at_the_nominal_rate() -> None:
    held = []
    for seed in range(500):
        shown, _, kinds = drawn(seed, groups=[150], chances=[0.5])
        gap = by_variants(shown, kinds, np.ones(20), seed=seed).gap
        assert gap is not None
        held.append((gap.ratio.high or 1) >= 1)
    assert 0.93 < np.mean(held) < 0.975


ORDERS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", None, "b"],
        "variant_id": ["v", "w", "v", "v", "v"],
        "quantity": [2, 1, 3, 4, -1],
        "ordered_at": pd.to_datetime(
            ["2024-01-01", "2025-03-01", "2025-02-01", "2025-04-01", "2025-04-02"]
        ),
        "region": ["north", "south", None, "north", None],
    }
)


def test_customers_and_variants_are_grouped_by_the_tables() -> None:
    people = pd.Index(["b", "a", "c"])
    names, level = activity(people, ORDERS)
    assert [names[one] for one in level] == ["1-2", "1-2", "0"]
    assert regions(people, ORDERS).tolist() == ["", "south", ""]
    table = pd.DataFrame(
        {
            "variant_id": ["v", "w", "x"],
            "style_id": ["s", "s", "t"],
            "introduced_at": pd.to_datetime(pd.Series(["2020-01-01", "2025-04-20", None])),
            "colour": ["red", None, "blue"],
        }
    )
    catalogue = Catalogue.of([], table)
    sales, until = sales_of(catalogue, ORDERS, np.datetime64("2025-04-10"))
    assert sales.tolist() == [7, 1, 0]  # what is older than a year counts no more
    assert until == "2025-04-01"
    assert sales_of(catalogue, ORDERS, np.datetime64("2020-01-01"))[1] is None
    first = np.datetime64("2025-05-01")

    def grouped(by: str) -> list[str]:
        found = variant_labels(by, catalogue, first=first, sales=sales)
        return [found.names[one] for one in found.code]

    assert grouped("new") == ["older", "new", "older"]
    assert grouped("popularity") == ["head", "tail", "tail"]
    assert grouped("style_id") == ["s", "s", "t"]
    assert grouped("colour") == ["red", NOT_KNOWN, "blue"]
