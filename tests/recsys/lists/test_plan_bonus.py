"""A plan's bonuses in lists: what they move, how far, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recsys.errors import BadRules
from recsys.lists.arranging import CANDIDATES
from recsys.lists.recommendation import RecommendationList
from recsys.lists.rules import PlanBonus, Rules
from recsys.recommender import Recommender
from tests.recsys.lists.test_rules import IDS, ids, recommender_of


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return recommender_of("ease")


def plan_of(**amounts: float) -> PlanBonus:
    return PlanBonus(
        variants=np.array(list(amounts), dtype=object),
        amounts=np.array(list(amounts.values()), dtype=np.float64),
    )


ALL = plan_of(**{name: (-1) ** place / (1 + place) for place, name in enumerate(IDS)})

WAYS: dict[str, Callable[[Recommender, Rules], list[RecommendationList]]] = {
    "one": lambda made, rules: [made.recommend("a", 5, rules=rules)],
    "cold": lambda made, rules: [made.recommend("nobody", 5, rules=rules)],
    "many": lambda made, rules: made.recommend_many(["a", "d", "nobody"], 5, rules=rules),
    "basket": lambda made, rules: [made.recommend_basket(["potM"], 5, rules=rules)],
    "style": lambda made, rules: [made.recommend_style("a", "pot", 3, rules=rules)],
    "similar": lambda made, rules: [made.similar("potM", 5, rules=rules)],
}


@pytest.mark.parametrize("per_style", [None, 1])
@pytest.mark.parametrize("way", WAYS)
def test_a_weight_of_nothing_changes_nothing(
    recommender: Recommender, way: str, per_style: int | None
) -> None:
    without = WAYS[way](recommender, Rules(per_style=per_style))
    assert WAYS[way](recommender, Rules(per_style=per_style, plan=ALL, plan_weight=0.0)) == without
    # nor does a plan that knows none of the variants
    unknown = Rules(per_style=per_style, plan=plan_of(gone=1.0), plan_weight=1.0)
    assert WAYS[way](recommender, unknown) == without


@pytest.mark.parametrize("per_style", [None, 1])
@pytest.mark.parametrize("way", WAYS)
def test_a_weight_moves_lists_and_repeats_nothing(
    recommender: Recommender, way: str, per_style: int | None
) -> None:
    without = WAYS[way](recommender, Rules(per_style=per_style))
    moved = WAYS[way](recommender, Rules(per_style=per_style, plan=ALL, plan_weight=2.0))
    assert moved != without
    for found, before in zip(moved, without, strict=True):
        assert len(set(ids(found))) == len(ids(found)) == len(ids(before))


def test_more_from_the_plan_never_lowers_a_place(recommender: Recommender) -> None:
    order = ids(recommender.recommend("a", 4))
    for name in order:
        places = []
        for amount in (-1.0, -0.5, 0.0, 0.5, 1.0):
            rules = Rules(plan=plan_of(**{name: amount}), plan_weight=1.5)
            found = ids(recommender.recommend("a", 12, rules=rules))
            places.append(found.index(name))
        assert places == sorted(places, reverse=True)


def test_what_is_no_candidate_is_never_lifted(recommender: Recommender) -> None:
    whole = ids(recommender.recommend("a", 12))
    k = 2
    for name in whole[CANDIDATES * k :]:
        tied = whole[CANDIDATES * k - 1]
        scores = {
            one.variant_id: one.score for one in recommender.recommend("a", 12).recommendations
        }
        if scores[name] == scores[tied]:
            continue
        rules = Rules(plan=plan_of(**{name: 1.0}), plan_weight=5.0)
        assert ids(recommender.recommend("a", k, rules=rules)) == whole[:k]
    last = whole[CANDIDATES * k - 1]
    rules = Rules(plan=plan_of(**{last: 1.0}), plan_weight=5.0)
    assert ids(recommender.recommend("a", k, rules=rules))[0] == last


def test_what_the_plan_has_none_of_sinks(recommender: Recommender) -> None:
    first = ids(recommender.recommend("a", 2))[0]
    rules = Rules(plan=plan_of(**{first: -1.0}), plan_weight=5.0)
    assert first not in ids(recommender.recommend("a", 2, rules=rules))


def test_the_reason_is_told_where_the_plan_changed_the_place_and_only_there(
    recommender: Recommender,
) -> None:
    before = ids(recommender.recommend("a", 12))
    name = before[2]
    rules = Rules(plan=plan_of(**{name: 1.0, before[0]: 1.0}), plan_weight=3.0)
    found = recommender.recommend("a", 4, rules=rules)
    told = {
        one.variant_id: {reason.kind for reason in one.reasons} for one in found.recommendations
    }
    assert ids(found).index(name) < 2
    assert "planned" in told[name]
    assert "planned" not in told[before[0]]  # first with and without
    assert all("planned" not in kinds for other, kinds in told.items() if other != name)
    for one in found.recommendations:
        assert 0 < sum(reason.share for reason in one.reasons) <= 1.0001


def test_a_weight_without_a_plan_is_said(recommender: Recommender) -> None:
    found = recommender.recommend("a", 3, rules=Rules(plan_weight=1.0))
    assert [note.code for note in found.notes] == ["no.plan"]
    assert ids(found) == ids(recommender.recommend("a", 3))


@pytest.mark.parametrize("weight", [-0.1, 5.1, float("nan"), float("inf")])
def test_a_weight_out_of_bounds_is_refused(weight: float) -> None:
    with pytest.raises(BadRules):
        Rules(plan_weight=weight)


@pytest.mark.parametrize("amount", [1.01, -2.0, float("nan")])
def test_an_amount_out_of_bounds_is_refused(amount: float) -> None:
    with pytest.raises(BadRules):
        plan_of(potM=amount)
