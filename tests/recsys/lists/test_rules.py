"""Rules: what each lets through, what moves, and what is refused, on a shop of twelve variants."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.catalogue import Catalogue
from recsys.errors import BadRules
from recsys.lists.compiled import Shelf
from recsys.lists.recommendation import RecommendationList
from recsys.lists.rules import Boost, Rules, Stock
from recsys.model import Run
from recsys.models.popularity import Popularity
from recsys.recommender import Recommender
from recsys.registry import MODELS, build
from tests.recsys.conformance import AS_OF, interactions_of

SLOW_TO_FIT = ("two_tower", "sequence")
"""Models that scale by gradients: what a boost means there, the turned model below shows."""

DAY = AS_OF.astype("datetime64[D]")
IDS = [f"{style}{size}" for style in ("pot", "cup", "tie", "hat") for size in ("L", "M", "S")]


def catalogue() -> Catalogue:
    """Four styles in three sizes; hats have no price, ties are sold in the north and south only."""
    styles = [name[:3] for name in IDS]
    return Catalogue.of(
        IDS,
        pd.DataFrame(
            {
                "variant_id": IDS,
                "style_id": styles,
                "title": [name.title() for name in IDS],
                "price": [{"pot": 30.0, "cup": 9.0, "tie": 20.0, "hat": np.nan}[s] for s in styles],
                "size": [name[3] for name in IDS],
                "category": ["wear" if s in ("tie", "hat") else "ware" for s in styles],
                "regions": ["north; south" if s == "tie" else None for s in styles],
            }
        ),
    )


def lines() -> list[tuple[str, str, float]]:
    """Buyers of pots and cups, of ties and hats, mostly in size M."""
    tastes = {"a": ("pot", "cup"), "b": ("pot", "cup"), "c": ("tie", "hat"), "d": ("tie", "hat")}
    return [
        (customer, f"{style}{size}", 10.0 * day + place)
        for customer, styles in tastes.items()
        for place, style in enumerate(styles)
        for day, size in enumerate("MMSL", start=1)
        if (customer, style) not in {("a", "cup"), ("c", "hat")} or size == "M"
    ]


def recommender_of(model: str) -> Recommender:
    stock, past = catalogue(), interactions_of(lines(), IDS)
    return Recommender(
        model=build(model).fit(past, stock, Run()),
        popularity=Popularity().fit(past, stock, Run()),
        interactions=past,
        catalogue=stock,
        data_digest="none",
    )


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return recommender_of("ease")


def ids(found: RecommendationList) -> list[str]:
    return [one.variant_id for one in found.recommendations]


def shown(rules: Rules, region: str = "") -> set[str]:
    return set(catalogue().variants[Shelf(catalogue()).compiled(rules, DAY, region).allowed])


def of(*styles: str) -> set[str]:
    return {name for name in IDS if name[:3] in styles}


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        (Rules(), set(IDS)),
        (Rules(allow=("potM", "cupS")), {"potM", "cupS"}),
        (Rules(allow=()), set()),
        (Rules(deny=("potM", "gone")), set(IDS) - {"potM"}),
        (Rules(deny_styles=("pot", "gone")), set(IDS) - of("pot")),
        (Rules(stock=Stock.of({"potM": 0, "cupM": 3, "gone": 0})), set(IDS) - {"potM"}),
        (Rules(stock=Stock.of({"potM": float("nan")})), set(IDS)),
        (Rules(stock=Stock.of({})), set(IDS)),
        (Rules(attributes=(("size", "M"),)), {name for name in IDS if name[3] == "M"}),
        (
            Rules(attributes=(("size", "M"), ("size", "S"), ("category", "ware"))),
            {"potM", "potS", "cupM", "cupS"},
        ),
        (Rules(min_price=9, max_price=20), of("cup", "tie")),
        (Rules(min_price=0), of("pot", "cup", "tie")),
        (Rules(max_price=9.0), of("cup")),
        (Rules(attributes=(("size", "XL"),)), set()),
    ],
)
def test_each_rule_lets_through_what_it_says(rules: Rules, kept: set[str]) -> None:
    assert shown(rules) == kept


@pytest.mark.parametrize(
    ("region", "kept"),
    [("north", set(IDS)), ("south", set(IDS)), ("east", set(IDS) - of("tie")), ("", set(IDS))],
)
def test_what_is_sold_only_elsewhere_is_left_out(region: str, kept: set[str]) -> None:
    assert shown(Rules(), region) == kept


def test_a_customers_own_region_counts_where_none_is_given() -> None:
    made = recommender_of("ease")
    regions = np.array(["east", "north", "", "east"], dtype=object)
    known = replace(made.interactions, regions=regions)
    made = replace(made, interactions=known)
    many = made.recommend_many(["a", "b", "c", "d", "nobody"], 12)
    assert [("tieM" in ids(found)) for found in many] == [False, True, True, False, True]
    assert many == [made.recommend(one, 12) for one in ("a", "b", "c", "d", "nobody")]
    assert "tieM" in ids(made.recommend("a", 12, rules=Rules(region="south")))
    assert "tieM" not in ids(made.recommend("nobody", 12, rules=Rules(region="east")))


@pytest.mark.parametrize(
    ("rules", "where", "fix"),
    [
        (Rules(allow=("potM", "cup")), "allow.1", "id of the catalogue"),
        (Rules(attributes=(("sise", "M"),)), "attributes.sise", "Did you mean 'size'"),
        (Rules(boosts=(Boost(amount=1, variant_id="pot"),)), "boosts.0.variant_id", "id of"),
        (Rules(boosts=(Boost(amount=1, style_id="pots"),)), "boosts.0.style_id", "'pot'"),
        (
            Rules(boosts=(Boost(amount=1, attribute=("size", "XM")),)),
            "boosts.0.attribute",
            "There are L, M, S.",
        ),
        (Rules(boosts=(Boost(amount=1, attribute=("hue", "M")),)), "boosts.0.attribute", "size"),
    ],
)
def test_what_nobody_knows_is_named_with_its_place(
    recommender: Recommender, rules: Rules, where: str, fix: str
) -> None:
    with pytest.raises(BadRules) as refused:
        recommender.recommend("a", 3, rules=rules)
    assert refused.value.code == "recsys.bad-rules"
    assert refused.value.where == where
    assert fix in refused.value.fix


def test_what_is_unknown_and_harmless_is_noted(recommender: Recommender) -> None:
    rules = Rules(
        deny=("gone", "potM"),
        deny_styles=("lost",),
        bonus={"gone": 1.0, "cupM": 0.5, "off": 1.0},
        attributes=(("size", "M"), ("size", "XM")),
    )
    found = recommender.recommend("a", 3, rules=rules)
    assert found.recommendations
    told = {note.code: note.text for note in found.notes}
    assert set(told) == {
        "unknown.deny", "unknown.deny_styles", "unknown.bonus", "unknown.attributes",
    }  # fmt: skip
    assert "'gone', nor 1 others" in told["unknown.bonus"]
    assert "'XM'" in told["unknown.attributes"]


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), -float("inf"), 100.5, -101])
def test_an_amount_that_is_none_is_refused(amount: float) -> None:
    with pytest.raises(BadRules, match="amount"):
        Boost(amount=amount, style_id="pot")
    with pytest.raises(BadRules) as refused:
        Rules(bonus={"potM": amount})
    assert refused.value.where == "bonus.potM"
    vector = np.zeros(12)
    vector[7] = amount
    with pytest.raises(BadRules) as refused:
        Rules(bonus=vector)
    assert refused.value.where == "bonus.7"


def test_rules_that_make_no_sense_are_refused(recommender: Recommender) -> None:
    for make in (
        lambda: Rules(min_price=3, max_price=2),
        lambda: Rules(min_price=float("nan")),
        lambda: Rules(max_price=float("inf")),
        lambda: Rules(per_style=0),
        lambda: Boost(amount=1),
        lambda: Boost(amount=1, style_id="pot", variant_id="potM"),
    ):
        with pytest.raises(BadRules):
            make()
    with pytest.raises(BadRules, match="12 variants"):
        recommender.recommend("a", 3, rules=Rules(bonus=np.zeros(11)))


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (Rules(max_price=1), "empty.max_price"),
        (Rules(allow=("potM",), deny=("potM",)), "empty.deny"),
        (Rules(attributes=(("size", "XL"),)), "empty.attributes.size"),
        (Rules(stock=Stock.of(dict.fromkeys(IDS, 0))), "empty.in_stock"),
    ],
)
@pytest.mark.parametrize("customer", ["a", "nobody"])
def test_an_empty_list_names_the_rule_that_emptied_it(
    recommender: Recommender, rules: Rules, code: str, customer: str
) -> None:
    found = recommender.recommend(customer, 3, rules=rules)
    assert found.recommendations == ()
    assert found.notes[0].code == code
    assert code.split(".", 1)[1] in found.notes[0].text
    many = recommender.recommend_many([customer, "b"], 3, rules=rules)
    assert [one.notes[0].code for one in many] == [code, code]
    assert recommender.similar("potM", 3, rules=rules).notes[0].code == code


def test_an_empty_list_may_be_for_what_the_customer_has(recommender: Recommender) -> None:
    rules = Rules(allow=("potM", "potS"))
    found = recommender.recommend("a", 3, exclude_seen=True, rules=rules)
    assert found.notes[0].code == "empty.exclude_seen"
    assert "all of the 2 variants" in found.notes[0].text
    gone = recommender.recommend("a", 3, as_of=AS_OF + np.timedelta64(1, "D"))
    assert gone.notes == ()


@pytest.mark.parametrize("model", [name for name in MODELS if name not in SLOW_TO_FIT])
def test_a_boost_means_the_same_for_every_model(model: str) -> None:
    """One deviation of the customer's scores over what may be shown, whatever the model's unit."""
    made = recommender_of(model)
    rules = Rules(attributes=(("size", "M"),), boosts=(Boost(amount=1.0, variant_id="hatM"),))
    allowed = np.array([name[3] == "M" for name in made.catalogue.variants])
    scores = made.model.score(made.interactions.take(np.array([0])))[0]
    expected = scores.astype(float)
    expected[made.catalogue.variants == "hatM"] += scores[allowed].std(dtype=float)
    found = made.recommend("a", 4, rules=rules)
    for one in found.recommendations:
        place = made.catalogue.position(one.variant_id)
        assert one.score == pytest.approx(expected[place], rel=1e-3, abs=1e-5)
    assert len(found.recommendations) == 4


class Turned(Popularity):
    """Another model's scores in another unit, from another zero."""

    def __init__(self, inner: object, factor: float, zero: float) -> None:
        super().__init__()
        self._inner, self._factor, self._zero = inner, factor, zero

    def score(self, histories: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        found = self._inner.score(histories)  # type: ignore[attr-defined]  # it is a model
        turned: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = (
            self._factor * found + self._zero
        ).astype(np.float32)
        return turned


@settings(max_examples=40, deadline=None)
@given(
    factor=st.sampled_from([1 / 64, 0.5, 1, 32, 4096]),
    zero=st.sampled_from([-8.0, 0.0, 2.0]),
    amount=st.sampled_from([-3.3, -0.7, 0.4, 1.1, 2.6]),
    style=st.sampled_from(["pot", "cup", "tie", "hat"]),
    per_style=st.sampled_from([None, 1, 2]),
)
def test_the_unit_of_a_models_scores_does_not_matter(
    factor: float, zero: float, amount: float, style: str, per_style: int | None
) -> None:
    made = MADE
    turned = replace(made, model=Turned(made.model, factor, zero * factor))
    rules = Rules(per_style=per_style, boosts=(Boost(amount=amount, style_id=style),))
    # the first six: below, in their last bits, scores of nearly nothing may change places
    assert ids(turned.recommend("a", 6, rules=rules)) == ids(made.recommend("a", 6, rules=rules))


MADE = recommender_of("ease")


def test_a_boost_ends_with_its_last_day(recommender: Recommender) -> None:
    boost = Boost(amount=50, style_id="hat", until=date(2024, 6, 1))
    last, after = (
        recommender.recommend("a", 3, rules=Rules(boosts=(boost,), today=day))
        for day in (date(2024, 6, 1), date(2024, 6, 2))
    )
    assert {one.style_id for one in last.recommendations} == {"hat"}
    assert last.notes == ()
    plain = recommender.recommend("a", 3)
    assert after.recommendations == plain.recommendations
    assert [note.code for note in after.notes] == ["boost.ended"]
    assert "2024-06-01" in after.notes[0].text
    # without a day of its own, the request's counts: the training ends with 31 May
    assert recommender.recommend("a", 3, rules=Rules(boosts=(boost,))) == last


def test_boosts_that_meet_add_up_and_say_so(recommender: Recommender) -> None:
    boosts = (
        Boost(amount=2.0, style_id="hat"),
        Boost(amount=1.5, attribute=("size", "M")),
        Boost(amount=-1.0, variant_id="hatM"),
    )
    compiled = Shelf(catalogue()).compiled(Rules(boosts=boosts), DAY, "")
    assert compiled.boosts is not None
    by_id = dict(zip(catalogue().variants, compiled.boosts.tolist(), strict=True))
    assert (by_id["hatM"], by_id["hatS"], by_id["potM"], by_id["potS"]) == (2.5, 2.0, 1.5, 0.0)
    rules = Rules(boosts=(Boost(amount=30, variant_id="hatS"),), bonus={"tieS": 20.0})
    first, second, *rest = recommender.recommend("a", 12, rules=rules).recommendations
    assert (first.variant_id, second.variant_id) == ("hatS", "tieS")
    assert first.reasons[0].kind == "promoted"
    assert "promotes" in first.reasons[0].sentence
    assert second.reasons[0].kind == "preferred"
    for one in (first, second, *rest):
        shares = [reason.share for reason in one.reasons]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1.0001


def test_a_bonus_is_the_same_as_a_mapping_and_as_a_vector(recommender: Recommender) -> None:
    vector = np.zeros(12)
    vector[catalogue().variants == "hatS"] = 7.0
    by_vector = recommender.recommend("a", 5, rules=Rules(bonus=vector))
    assert by_vector == recommender.recommend("a", 5, rules=Rules(bonus={"hatS": 7.0}))
    assert ids(by_vector)[0] == "hatS"
    # compiled rules are kept; a bonus is not among what is kept
    assert ids(recommender.recommend("a", 5, rules=Rules(bonus={"tieS": 7.0})))[0] == "tieS"


def test_rules_hold_for_baskets_and_beside_a_variant(recommender: Recommender) -> None:
    rules = Rules(attributes=(("size", "M"),), deny=("cupM",))
    for found in (
        recommender.recommend_basket(["potM"], 12, rules=rules),
        recommender.similar("potM", 12, rules=rules),
        recommender.recommend_basket([], 12, rules=rules),
    ):
        assert set(ids(found)) <= {"potM", "tieM", "hatM"}
        assert found.recommendations


@settings(max_examples=60, deadline=None)
@given(
    deny=st.sets(st.sampled_from(IDS)),
    sizes=st.sets(st.sampled_from("LMS")),
    min_price=st.none() | st.sampled_from([0.0, 9.0, 20.0, 31.0]),
    per_style=st.none() | st.integers(1, 3),
    k=st.integers(1, 15),
    customer=st.sampled_from(["a", "c", "nobody"]),
    exclude_seen=st.booleans(),
)
def test_k_are_listed_wherever_k_may_be_shown(
    *,
    deny: set[str],
    sizes: set[str],
    min_price: float | None,
    per_style: int | None,
    k: int,
    customer: str,
    exclude_seen: bool,
) -> None:
    rules = Rules(
        deny=tuple(sorted(deny)),
        attributes=tuple(("size", size) for size in sorted(sizes)),
        min_price=min_price,
        per_style=per_style,
    )
    price = dict(zip(MADE.catalogue.variants, MADE.catalogue.prices, strict=True))
    bought = {variant for who, variant, _ in lines() if who == customer} if exclude_seen else set()
    may = [
        name
        for name in IDS
        if name not in deny | bought
        and (not sizes or name[3] in sizes)
        and (min_price is None or price[name] >= min_price)
    ]
    most = sum(
        min(sum(name[:3] == style for name in may), per_style or 3)
        for style in ("pot", "cup", "tie", "hat")
    )
    found = ids(MADE.recommend(customer, k, exclude_seen=exclude_seen, rules=rules))
    assert len(found) == len(set(found)) == min(k, most)
    assert set(found) <= set(may)
