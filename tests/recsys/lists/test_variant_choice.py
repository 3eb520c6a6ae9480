"""Sizes and colours that a customer usually takes, on styles whose answers can be told by hand."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.lists.compiled import Shelf
from recsys.lists.recommendation import RecommendationList
from recsys.lists.rules import Rules
from recsys.lists.variant_choice import PRIOR, VariantChoice, pick
from recsys.model import Run
from recsys.models.ease import Ease
from recsys.models.popularity import Popularity
from recsys.ranking import Ranked
from recsys.recommender import Recommender
from tests.recsys.conformance import interactions_of

STYLES, SIZES, COLOURS = ("cap", "fez", "hat", "tie"), ("L", "M", "S"), ("blue", "red")
IDS = [f"{style}-{colour}-{size}" for style, colour, size in product(STYLES, COLOURS, SIZES)]


def catalogue() -> Catalogue:
    parts = [name.split("-") for name in IDS]
    return Catalogue.of(
        IDS,
        pd.DataFrame(
            {
                "variant_id": IDS,
                "style_id": [style for style, _, _ in parts],
                "colour": [colour for _, colour, _ in parts],
                "size": [size for _, _, size in parts],
                "season": "all",  # does not vary
                "code": IDS,  # no value recurs
                "regions": ["north", "south"] * 12,  # rules', not a taste
            }
        ),
    )


def bought() -> Interactions:
    """ana takes red in M, ben blue in S; all others what they come by, the tie mostly in red."""
    lines = [("ana", f"{style}-red-M", 10.0 + n) for n, style in enumerate(("cap", "fez", "hat"))]
    lines += [("ben", f"{style}-blue-S", 12.0 + n) for n, style in enumerate(("cap", "fez", "hat"))]
    for n, name in enumerate(IDS):
        times = 3 if name.startswith("tie-red") else 1
        lines += [(f"x{n}-{time}", name, 40.0) for time in range(times)]
    return interactions_of(lines, IDS)


@pytest.fixture(scope="module")
def choice() -> VariantChoice:
    return VariantChoice.learn(bought(), Shelf(catalogue()))


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    made, stock = bought(), catalogue()
    return Recommender(
        model=Ease.build({"regularization": 2.0}).fit(made, stock, Run()),
        popularity=Popularity().fit(made, stock, Run()),
        interactions=made,
        catalogue=stock,
        data_digest="none",
    )


def ids(found: RecommendationList) -> list[str]:
    return [one.variant_id for one in found.recommendations]


def test_only_columns_that_vary_within_styles_and_recur_are_traits(choice: VariantChoice) -> None:
    assert [trait.name for trait in choice.traits] == ["colour", "size"]


def test_shares_of_a_styles_values_sum_to_one(choice: VariantChoice) -> None:
    for trait in choice.traits:
        for style in range(len(STYLES)):
            here = (choice.groups.styles.codes == style) & trait.first
            assert trait.shares[here].sum() == pytest.approx(1)


def test_the_likelihood_is_the_smoothed_share(choice: VariantChoice) -> None:
    made = bought()
    ana = made.take(np.array([np.searchsorted(made.customers, "ana")]))
    tie = STYLES.index("tie")
    _, variant, likely = choice.likely(ana, np.array([0]), np.array([tie]))
    colour, size = choice.traits
    for place, position in enumerate(variant.tolist()):
        _, its_colour, its_size = IDS[position].split("-")
        expected = 0.0
        for trait, taken in ((colour, its_colour == "red"), (size, its_size == "M")):
            own = 3.0 if taken else 0.0
            expected += math.log((own + PRIOR * trait.shares[position]) / (3.0 + PRIOR))
        assert likely.lift[place] == pytest.approx(expected, rel=1e-5)


def test_who_is_not_known_takes_what_everybody_takes(recommender: Recommender) -> None:
    found = recommender.recommend_style("nobody", "tie", 6)
    assert found.fallback == "popular"
    assert {name.split("-")[1] for name in ids(found)[:3]} == {"red"}
    assert all(one.reasons[0].kind == "popular" for one in found.recommendations)


@pytest.mark.parametrize(("customer", "first"), [("ana", "tie-red-M"), ("ben", "tie-blue-S")])
def test_a_style_never_taken_comes_in_the_usual_size_and_colour(
    recommender: Recommender, customer: str, first: str
) -> None:
    found = recommender.recommend_style(customer, "tie", 6)
    assert ids(found)[0] == first
    assert len(found.recommendations) == 6
    told = [one for one in found.recommendations[0].reasons if one.kind == "attribute"]
    assert told[0].attribute in {"size", "colour"}
    assert told[0].value in first.split("-")
    assert told[0].sentence == f"You usually take {told[0].attribute} {told[0].value}."
    assert ids(recommender.recommend_style(customer, "tie", 2)) == ids(found)[:2]
    scores = [one.score for one in found.recommendations]
    assert scores == sorted(scores, reverse=True)


def test_a_collapsed_list_shows_a_style_by_its_likeliest_variant(recommender: Recommender) -> None:
    found = recommender.recommend("ana", 4, rules=Rules(per_style=1))
    assert sorted(one.style_id for one in found.recommendations) == list(STYLES)
    assert "tie-red-M" in ids(found)
    tie = next(one for one in found.recommendations if one.style_id == "tie")
    sentences = [reason.sentence for reason in tie.reasons]
    assert {"It is in your usual size M.", "It is in your usual colour red."} & set(sentences)
    assert 0 < sum(reason.share for reason in tie.reasons) <= 1.0001
    blue = recommender.recommend(
        "ana", 4, rules=Rules(per_style=1, attributes=(("colour", "blue"),))
    )
    assert all(one.variant_id.endswith("-blue-M") for one in blue.recommendations)


def test_two_purchases_make_a_habit_and_one_does_not(recommender: Recommender) -> None:
    day = pd.Timestamp("2024-05-30")
    lines = pd.DataFrame(
        {
            "customer_id": "new",
            "variant_id": ["cap-red-M", "fez-blue-M"],
            "quantity": 1,
            "ordered_at": day,
        }
    )
    for known, told in ((1, False), (2, True)):
        found = recommender.recommend_style("new", "tie", 6, extra=lines[:known])
        kinds = {reason.kind for one in found.recommendations for reason in one.reasons}
        assert ("attribute" in kinds) is told
        assert ids(found)[0].endswith("-M")


def test_a_batch_picks_as_one_by_one(choice: VariantChoice) -> None:
    made, draw = bought(), np.random.default_rng(4)
    customers, variants = made.shape
    scores = draw.normal(size=made.shape).astype(np.float32)
    unit = np.ones((customers, 1), np.float32)
    shown = draw.random(made.shape) < 0.8
    shown[:, 0] = shown[:, 7] = True
    lists = np.tile(np.array([7, 0], dtype=np.int32), customers)
    places = Ranked(2 * np.arange(customers + 1), lists, np.zeros(len(lists), np.float32))
    whole = pick(choice, made, places, scores=scores, unit=unit, shown=shown)
    for row in range(customers):
        one = Ranked(np.array([0, 2]), lists[:2], np.zeros(2, np.float32))
        alone = pick(
            choice,
            made.take(np.array([row])),
            one,
            scores=scores[row : row + 1],
            unit=unit[:1],
            shown=shown[row],
        )
        np.testing.assert_array_equal(whole.variants[2 * row : 2 * row + 2], alone.variants)
        assert shown[row, alone.variants].all()
        styles = choice.groups.styles.codes[alone.variants].tolist()
        assert styles == choice.groups.styles.codes[[7, 0]].tolist()
        assert variants == len(IDS)
