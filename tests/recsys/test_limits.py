"""Cold customers, and what lists do at the ends of what can be asked."""

from __future__ import annotations

import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from data.tables import ORDERS
from recsys.catalogue import Catalogue
from recsys.errors import RecsysError, UnknownStyle
from recsys.interactions import Interactions
from recsys.lists.rules import Rules
from recsys.model import Run
from recsys.models.ease import Ease
from recsys.models.popularity import Popularity
from recsys.recommender import Recommender, train
from recsys.registry import build
from tests.recsys.conformance import interactions_of
from tests.recsys.shop import AS_OF, shop
from tests.recsys.test_recommender import event, ids, recommender

__all__ = ["recommender"]  # a fixture


@pytest.fixture(scope="module")
def regional(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    """The shop, its tea drinkers in the north and its coffee drinkers in the south."""
    workspace = shop(tmp_path_factory.mktemp("regional"))
    orders = workspace.read(ORDERS)
    north = orders["variant_id"].isin(["cup", "pot"])
    workspace.write({"orders": orders.assign(region=np.where(north, "north", "south"))})
    made = train(workspace, as_of=AS_OF)
    by_region = Popularity.build({"region_prior": 1.0})  # few lines are enough here
    return replace(made, popularity=by_region.fit(made.interactions, made.catalogue, Run()))


def test_an_unknown_customer_gets_what_is_popular_in_their_region(regional: Recommender) -> None:
    north, south = (
        regional.recommend("nobody", 2, rules=Rules(region=region)) for region in ("north", "south")
    )
    assert {one.fallback for one in (north, south)} == {"popular_in_region"}
    assert ids(north)[0] == "cup"
    assert ids(south)[0] == "mug"
    reason = south.recommendations[0].reasons[0]
    assert (reason.kind, reason.sentence) == (
        "popular",
        "Many customers in south buy it at present.",
    )
    basket = regional.recommend_basket([], 2, rules=Rules(region="south"))
    assert ids(basket) == ids(south)
    style = regional.recommend_style("nobody", "mug", 2, rules=Rules(region="south"))
    assert style.fallback == "popular_in_region"


def test_a_region_where_nobody_bought_has_no_popularity_of_its_own(regional: Recommender) -> None:
    found = regional.recommend("nobody", 5, rules=Rules(region="the moon"))
    assert found.fallback == "popular"
    assert ids(found) == ids(regional.recommend("nobody", 5))
    assert [note.code for note in found.notes] == ["unknown.region"]
    [note] = regional.recommend("nobody", 5, rules=Rules(region="nort")).notes
    assert note.text.endswith("Did you mean 'north'?")
    assert regional.recommend("nobody", 5, rules=Rules(region="north")).notes == ()


def test_one_click_makes_a_list_of_ones_own(recommender: Recommender) -> None:
    first = {}
    for variant, other in (("mug", "mill"), ("cup", "pot")):
        click = pd.DataFrame([event("late", variant, "click", "2024-06-01 10:00")])
        found = recommender.recommend("late", 2, extra=click)
        assert found.fallback is None
        assert set(ids(found)) == {variant, other}
        first[variant] = ids(found)
    assert first["mug"] != first["cup"]


class Lost(Popularity):
    """Finds nothing, in its own words."""

    name = "lost"
    says: float = 0.0

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        return np.full(histories.shape, self.says, dtype=np.float32)


def lost(recommender: Recommender, says: float) -> Recommender:
    model = Lost().restore(recommender.popularity.state())
    model.says = says
    return replace(recommender, model=model)


def test_a_model_that_finds_nothing_gives_way_to_what_is_popular(regional: Recommender) -> None:
    made = lost(regional, 3.5)
    found = made.recommend("c00", 3)
    assert found.fallback == "popular_in_region"  # c00 bought in the north
    assert found.model == "popularity"
    assert ids(found)[0] == "cup"
    assert made.recommend_many(["c00"], 3) == [found]
    assert made.recommend_basket(["mug"], 3).fallback == "popular"


@pytest.mark.parametrize("says", [np.nan, np.inf, -np.inf])
def test_a_model_whose_scores_are_no_numbers_is_refused(
    recommender: Recommender, says: float
) -> None:
    for rules in (Rules(), Rules(per_style=1)):
        with pytest.raises(RecsysError, match="NaN or infinite"):
            lost(recommender, says).recommend("c00", 3, rules=rules)


def test_more_than_there_is_is_answered_with_what_there_is(recommender: Recommender) -> None:
    for k in (5, 6, 10_000, 2**40):
        for found in (
            recommender.recommend("c00", k),
            recommender.recommend("nobody", k),
            recommender.recommend_many(["c00"], k)[0],
        ):
            assert sorted(ids(found)) == ["cup", "cup-xl", "mill", "mug", "pot"]
    by_style = recommender.recommend("c00", 10_000, rules=Rules(per_style=1))
    assert len(ids(by_style)) == 4
    assert len({one.style_id for one in by_style.recommendations}) == 4


def test_a_catalogue_of_one_is_answered() -> None:
    for model in ("ease", "personal", "popularity"):
        made = of_lines([("a", "only", 3.0), ("b", "only", 9.0)], model)
        for found in (
            made.recommend("a", 5),
            made.recommend("nobody", 5, rules=Rules(per_style=1)),
            made.recommend_basket(["only"], 5, exclude_seen=False),
            made.recommend_style("a", "only", 5),
        ):
            assert ids(found) == ["only"]
        seen = made.recommend("a", 5, exclude_seen=True)
        assert (ids(seen), seen.notes[0].code) == ([], "empty.exclude_seen")
        assert ids(made.similar("only", 5)) == []


def test_identical_variants_go_by_their_ids() -> None:
    lines = [(f"c{n}", name, 5.0) for n in range(4) for name in ("d", "b", "a", "c")]
    lines += [("e", "z", 5.0)]
    for model in ("ease", "als", "personal", "popularity"):
        found = of_lines(lines, model).recommend("c0", 4, rules=Rules(per_style=1))
        assert sorted(ids(found)) == ["a", "b", "c", "d"]
        if model != "als":  # factors differ in their last bits
            assert ids(found) == ["a", "b", "c", "d"]


def of_lines(lines: list[tuple[str, str, float]], model: str) -> Recommender:
    past = interactions_of(lines)
    catalogue = Catalogue.of(past.variants)
    return Recommender(
        model=build(model).fit(past, catalogue, Run()),
        popularity=Popularity().fit(past, catalogue, Run()),
        interactions=past,
        catalogue=catalogue,
        data_digest="none",
    )


def test_a_very_long_history_takes_no_loop_and_little_memory() -> None:
    """100,000 lines: calls of functions and memory, since seconds depend on the machine."""
    names = [f"v{n:03}" for n in range(300)]
    made = of_lines([(f"c{n % 40}", name, 5.0 + n % 7) for n, name in enumerate(names)], "ease")
    draw, work = np.random.default_rng(0), {}
    for lines in (100, 100_000):
        at = pd.Timestamp("2024-05-31") - pd.to_timedelta(draw.integers(1, 10**6, lines), unit="s")
        bought = draw.choice(np.array(names, dtype=object), lines)
        extra = pd.DataFrame(
            {"customer_id": "long", "variant_id": bought, "quantity": 1, "ordered_at": at}
        )
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        tracemalloc.start()
        sys.setprofile(count)
        try:
            found = made.recommend("long", 20, extra=extra, rules=Rules(per_style=1))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            sys.setprofile(None)
            tracemalloc.stop()
        assert len(found.recommendations) == 20
        work[lines] = calls, peak
    assert work[100_000][0] < 1.5 * work[100][0] + 1000
    assert work[100_000][1] < 60e6  # 600 bytes a line


def test_a_style_nobody_knows_is_an_error(recommender: Recommender) -> None:
    with pytest.raises(UnknownStyle, match="Nobody knows a style 'cup-xl'"):
        recommender.recommend_style("c00", "cup-xl", 3)


def test_a_style_that_is_not_on_sale_is_an_empty_list_that_says_so(
    recommender: Recommender,
) -> None:
    found = recommender.recommend_style("c00", "saw", 3)
    assert (ids(found), found.notes[0].code) == ([], "empty.style")
    assert ids(recommender.recommend_style("c00", "cup", 3)) == ["cup", "cup-xl"]


def test_what_nobody_took_is_not_called_popular(recommender: Recommender) -> None:
    told = {
        one.variant_id: one.reasons[0] for one in recommender.recommend("no", 9).recommendations
    }
    assert told["cup"].kind == "popular"
    assert told["cup-xl"].kind == "new"


def test_neighbours_are_told_where_a_model_knows_them(recommender: Recommender) -> None:
    class Friends(Ease):
        """Half of each score comes from three customers alike."""

        def neighbours(
            self, history: Interactions, variants: NDArray[np.integer]
        ) -> tuple[NDArray[np.integer], NDArray[np.float32]]:
            carried = np.maximum(self.contributions(history, variants), 0).sum(axis=1)
            return np.full(len(variants), 3), carried

    ease = Friends.build({"regularization": 1.0})
    ease.fit(recommender.interactions, recommender.catalogue, Run())
    reasons = replace(recommender, model=ease).recommend("c00", 1).recommendations[0].reasons
    told = {reason.kind: reason for reason in reasons}
    assert told["neighbours"].sentence == "3 customers with a taste like yours took it."
    assert told["neighbours"].share == pytest.approx(0.5)
    assert sum(reason.share for reason in reasons) <= 1.0001
