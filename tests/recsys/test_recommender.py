from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from data.errors import OutsideData
from data.tables import ORDERS
from recsys.catalogue import _NEVER
from recsys.errors import (
    BadRequest,
    TooFewInteractions,
    UnknownModel,
    UnknownVariant,
)
from recsys.folding import history_of
from recsys.lists.explanation import _largest
from recsys.lists.recommendation import RecommendationList
from recsys.lists.rules import Rules
from recsys.models.popularity import Popularity
from recsys.recommender import Recommender, train
from recsys.registry import DEFAULT, MODELS
from recsys.training import learnable
from tests.recsys.shop import AS_OF, shop


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    """By the blend, whose answers can be told by hand on so few lines."""
    return train(shop(tmp_path_factory.mktemp("shop")), as_of=AS_OF, model="blend")


def ids(found: RecommendationList) -> list[str]:
    return [one.variant_id for one in found.recommendations]


def event(customer: str, variant: str, kind: str, at: str, value: float | None = None) -> object:
    return {
        "customer_id": customer,
        "variant_id": variant,
        "kind": kind,
        "value": np.nan if value is None else value,
        "at": pd.Timestamp(at),
    }


def test_tables_swapped_during_a_training_count_as_newer(tmp_path: Path) -> None:
    workspace = shop(tmp_path)
    before = workspace.digest()

    def swaps(stage: str, done: int, total: int) -> None:  # as Progress has it
        if done == 1:  # the tables are read
            workspace.write({"orders": workspace.read(ORDERS).iloc[:-1]})

    trained = train(workspace, as_of=AS_OF, model="popularity", progress=swaps)
    assert trained.data_digest == before != workspace.digest()


def test_a_customer_is_shown_again_what_they_take_and_what_goes_with_it(
    recommender: Recommender,
) -> None:
    found = recommender.recommend("c00", 2)
    assert found.fallback is None
    assert found.model == "blend"
    assert ids(found) == ["cup", "pot"]
    first, second = found.recommendations
    assert first.reasons[0].kind == "repeat"
    assert first.reasons[0].sentence == "You bought it on 30 May 2024."
    assert second.reasons[0].kind == "together"
    assert second.reasons[0].variant_id == "cup"
    assert second.reasons[0].sentence == "It goes with Cup, which you bought."


@pytest.mark.parametrize("model", MODELS)
def test_only_what_is_on_sale_is_shown_by_any_model(tmp_path: Path, model: str) -> None:
    made = train(shop(tmp_path / "shop"), as_of=AS_OF, model=model)
    for found in (made.recommend("c02", 50), made.recommend("nobody", 50), made.similar("cup", 50)):
        assert len(set(ids(found))) == len(ids(found))
        assert not {"saw", "new"} & set(ids(found))
    assert sorted(ids(made.recommend("c02", 50))) == ["cup", "cup-xl", "mill", "mug", "pot"]


def test_what_the_customer_bought_can_be_left_out(recommender: Recommender) -> None:
    assert ids(recommender.recommend("c00", 1, exclude_seen=True)) == ["pot"]


def test_an_unknown_customer_gets_what_is_popular_and_is_told_so(recommender: Recommender) -> None:
    found = recommender.recommend("nobody", 4)
    assert found.fallback == "popular"
    assert found.model == "popularity"
    assert found.customer_id == "nobody"
    assert ids(found)[0] == "cup"
    assert found.recommendations[0].reasons[0].kind == "popular"


def test_shares_of_the_reasons_are_parts_of_one(recommender: Recommender) -> None:
    for one in recommender.recommend("c02", 5).recommendations:
        shares = [reason.share for reason in one.reasons]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1.0001


def test_many_are_answered_as_one_by_one_in_the_order_asked(recommender: Recommender) -> None:
    wanted = ["c05", "nobody", "c00", "c05"]
    found = recommender.recommend_many(wanted, 3)
    assert found == [recommender.recommend(customer, 3) for customer in wanted]


def test_an_event_of_a_minute_ago_changes_the_customers_list_and_no_others(
    recommender: Recommender,
) -> None:
    events = pd.DataFrame([event("c00", "mug", "order", "2024-06-01 10:00")])
    before, after = recommender.recommend("c00", 5), recommender.recommend("c00", 5, extra=events)
    assert ids(after).index("mug") < ids(before).index("mug")
    assert after.as_of > before.as_of
    assert recommender.recommend("c02", 5, extra=events) == recommender.recommend("c02", 5)


def test_an_unknown_customer_with_an_event_is_no_longer_unknown(recommender: Recommender) -> None:
    events = pd.DataFrame([event("late", "mug", "view", "2024-06-01 10:00")])
    found = recommender.recommend("late", 2, extra=events)
    assert found.fallback is None
    assert set(ids(found)) == {"mug", "mill"}
    sentences = [one.reasons[0].sentence for one in found.recommendations]
    assert "It goes with Mug, which you showed interest in." in sentences


@pytest.mark.parametrize(
    "extra",
    [
        event("late", "mug", "rating", "2024-06-01 10:00", 1),
        event("late", "no such", "view", "2024-06-01 10:00"),
        event("late", "mug", "dance", "2024-06-01 10:00"),
        event("late", "mug", "order", "2024-06-01 10:00", float("inf")),
        event("other", "mug", "view", "2024-06-01 10:00"),
    ],
)
def test_an_event_that_speaks_for_nothing_leaves_the_fallback(
    recommender: Recommender, extra: object
) -> None:
    assert recommender.recommend("late", 2, extra=pd.DataFrame([extra])).fallback == "popular"


def test_a_folded_in_order_counts_as_a_trained_one(recommender: Recommender) -> None:
    live = pd.DataFrame([event("late", "mug", "order", "2024-05-20 10:00", 2)])
    lines = pd.DataFrame(
        {
            "customer_id": ["late"],
            "variant_id": ["mug"],
            "quantity": [2],
            "ordered_at": [pd.Timestamp("2024-05-20 10:00")],
        }
    )
    by_event = recommender.recommend("late", 3, extra=live)
    assert by_event == recommender.recommend("late", 3, extra=lines)
    assert by_event.recommendations[0].reasons[0].sentence.endswith("on 20 May 2024.")
    assert ids(recommender.recommend("late", 1, extra=live, exclude_seen=True)) == ["mill"]


def test_a_line_that_the_training_has_too_counts_once(recommender: Recommender) -> None:
    """An order that was sent as it happened, and imported with the others later."""
    bought = pd.DataFrame([event("c00", "cup", "order", "2024-05-30", 2)])
    for seconds in range(1, 90_000, 1_234):  # ages are float32: equal by their path, or by luck
        moment = AS_OF + np.timedelta64(seconds, "s")
        found = recommender.recommend("c00", 1, extra=bought, as_of=moment)
        assert found.recommendations[0].reasons[0].sentence == "You bought it on 30 May 2024."


def test_a_history_folded_in_is_the_one_that_a_training_would_read(tmp_path: Path) -> None:
    workspace = shop(tmp_path / "shop")
    earlier, later = (np.datetime64(day, "us") for day in ("2024-04-15", "2024-06-01"))
    orders = workspace.read(ORDERS)
    known = set(orders.loc[orders["ordered_at"] < earlier, "variant_id"])
    assert set(orders["variant_id"]) == known  # else the older training would lack a variant
    before, after = (learnable(workspace, moment)[0] for moment in (earlier, later))
    fresh = orders[orders["ordered_at"] >= earlier]
    assert fresh["customer_id"].nunique() > 5
    for row, customer in enumerate(after.customers.tolist()):
        _, folded = history_of(before, customer, fresh, as_of=later)
        retrained = after.take(np.array([row]))
        assert folded is not None
        for name in ("variant", "quantity", "weight"):
            np.testing.assert_array_equal(getattr(folded, name), getattr(retrained, name))
        np.testing.assert_allclose(folded.age, retrained.age, rtol=1e-6)


def test_lines_of_nobody_are_no_ones(recommender: Recommender) -> None:
    lines = pd.DataFrame([event("late", "mug", "view", "2024-06-01 10:00")] * 2)
    lines["customer_id"] = pd.array([None, "late"], dtype="string")
    assert recommender.recommend("late", 2, extra=lines).fallback is None


def test_a_line_at_or_after_the_moment_is_not_known_yet(recommender: Recommender) -> None:
    events = pd.DataFrame([event("late", "mug", "cart", "2024-06-01 10:00")])
    asked = np.datetime64("2024-06-01T10:00", "us")
    assert recommender.recommend("late", 2, extra=events, as_of=asked).fallback == "popular"


def test_what_comes_on_sale_later_is_shown_then(recommender: Recommender) -> None:
    later = np.datetime64("2024-07-01", "us")
    assert "new" in ids(recommender.recommend("c00", 50, as_of=later))


def test_what_is_on_sale_is_so_on_the_day_that_the_list_is_looked_at(
    recommender: Recommender,
) -> None:
    """Days after the training, though nothing more is known of the customer."""
    catalogue = recommender.catalogue
    gone = np.where(catalogue.variants == "mill", np.datetime64("2024-07-01"), _NEVER)
    made = replace(recommender, catalogue=replace(catalogue, discontinued_at=gone))
    for day, shown, hidden in ((30, "mill", "new"), (31, "new", "mill")):
        rules = Rules(today=date(2024, 6, 1) + timedelta(days=day - 1))
        for found in (
            made.recommend("c00", 50, rules=rules),
            made.recommend_many(["c00", "nobody"], 50, rules=rules)[1],
            made.similar("cup", 50, rules=rules),
        ):
            assert hidden not in ids(found)
        assert shown in ids(made.recommend("c00", 50, rules=rules))
    # a day before the training's own changes nothing
    rules = Rules(today=date(2020, 1, 1))
    assert made.recommend("c00", 50, rules=rules) == made.recommend("c00", 50)


def test_a_moment_before_the_training_is_refused(recommender: Recommender) -> None:
    with pytest.raises(BadRequest, match="up to 2024-06-01"):
        recommender.recommend("c00", 2, as_of=AS_OF - np.timedelta64(1, "D"))


def test_often_and_lately_bought_is_said_so(recommender: Recommender) -> None:
    again = {"customer_id": "c00", "variant_id": "cup", "quantity": 1}
    days = [pd.Timestamp("2024-05-31 09:00"), pd.Timestamp("2024-05-31 17:00")]
    extra = pd.DataFrame([{**again, "ordered_at": day} for day in days])
    sentence = recommender.recommend("c00", 1, extra=extra).recommendations[0].reasons[0].sentence
    assert sentence == "You bought it 3 times, last on 31 May 2024."


def test_the_day_of_a_purchase_is_its_own_whenever_the_list_is_asked_for(
    recommender: Recommender,
) -> None:
    """The shop's lines lie on midnight, and their ages are float32."""
    draw = np.random.default_rng(0)
    for seconds in (1, 36_000, *draw.integers(1, 3 * 365 * 86_400, 60).tolist()):
        moment = AS_OF + np.timedelta64(seconds, "s") + np.timedelta64(1, "us")
        found = recommender.recommend("c00", 1, as_of=moment)
        assert found.recommendations[0].reasons[0].sentence == "You bought it on 30 May 2024."


def test_only_the_largest_reasons_are_told_largest_first() -> None:
    shares = np.array([[0.1, 0.3, 0.0, 0.3, 0.2], [0, 0, 0, 0, 1]], dtype=np.float32)
    assert _largest(shares, 3).tolist() == [[1, 3, 4], [4, 0, 1]]
    assert _largest(shares[:, :1], 3).tolist() == [[0], [0]]
    assert _largest(shares[:, :0], 3).shape == (2, 0)


def test_what_orders_first_name_after_the_training_is_not_known_then(tmp_path: Path) -> None:
    workspace = shop(tmp_path / "shop")
    orders = workspace.read(ORDERS)
    workspace.write({"orders": orders[orders["variant_id"] != "mill"]})
    late = orders[orders["variant_id"] == "mill"].assign(ordered_at=orders["ordered_at"].max())
    workspace.write({"orders": pd.concat([workspace.read(ORDERS), late])})
    known = train(workspace, as_of=np.datetime64("2024-05-31", "us")).catalogue.variants
    assert "mill" not in known
    assert {"new", "cup-xl"} <= set(known)
    assert "mill" in train(workspace).catalogue.variants


def test_a_basket_is_answered_with_what_goes_with_it(recommender: Recommender) -> None:
    found = recommender.recommend_basket(["mug"], 1)
    assert ids(found) == ["mill"]
    assert found.customer_id is None
    reason = found.recommendations[0].reasons[0]
    assert reason.sentence == "It goes with Mug, which is in your basket."
    assert recommender.recommend_basket([], 3).fallback == "popular"
    assert recommender.recommend_basket(["mug", "mug"], 1) == found


def test_similar_variants_are_those_taken_together(recommender: Recommender) -> None:
    found = recommender.similar("mill", 3)
    assert ids(found)[0] == "mug"
    assert "mill" not in ids(found)
    assert found.fallback is None


def test_a_variant_nobody_took_is_likened_by_its_style(recommender: Recommender) -> None:
    found = recommender.similar("cup-xl", 3)
    assert found.fallback == "popular"
    assert ids(found)[0] == "cup"
    assert found.recommendations[0].reasons[0].kind == "style"
    assert found.recommendations[1].reasons[0].kind == "popular"


def test_beside_what_nobody_took_what_nobody_took_is_not_called_popular(
    recommender: Recommender,
) -> None:
    told = {one.variant_id: one.reasons[0] for one in recommender.similar("new", 9).recommendations}
    assert told["cup"].kind == "popular"
    assert told["cup-xl"].kind == "new"


def test_asking_for_what_is_alike_changes_nothing_of_the_model(recommender: Recommender) -> None:
    class Kept(Popularity):
        """Hands out its own array."""

        likeness = np.array([1, 2, -np.inf, 3, 4, 5, 6], dtype=np.float32)

        def similar(self, variant: int) -> NDArray[np.float32]:
            return self.likeness

    model = Kept().restore(recommender.popularity.state())
    before = model.likeness.copy()
    assert ids(replace(recommender, model=model).similar("mill", 2)) == ["pot", "mug"]
    np.testing.assert_array_equal(model.likeness, before)


def test_a_variant_nobody_knows_is_an_error(recommender: Recommender) -> None:
    with pytest.raises(UnknownVariant, match="Nobody knows a variant 'CUP'"):
        recommender.similar("CUP", 3)
    with pytest.raises(UnknownVariant):
        recommender.recommend_basket(["cup", ""], 3)


@pytest.mark.parametrize("customer", ["c00", "nobody"])
def test_a_k_below_one_is_refused(recommender: Recommender, customer: str) -> None:
    for ask in (
        lambda: recommender.recommend(customer, 0),
        lambda: recommender.recommend_many([customer], 0),
        lambda: recommender.recommend_many([], 0),
        lambda: recommender.recommend_style(customer, "cup", 0),
        lambda: recommender.recommend_basket(["cup"], 0),
        lambda: recommender.similar("cup", 0),
    ):
        with pytest.raises(BadRequest, match="k is 0"):
            ask()


def test_a_list_as_json_has_plain_values(recommender: Recommender) -> None:
    text = json.dumps(recommender.recommend("c00", 2).to_json(), allow_nan=False)
    back = json.loads(text)
    assert back["as_of"] == "2024-06-01T00:00:00"
    assert back["recommendations"][0]["reasons"][0]["variant_id"] == "cup"


def test_without_a_date_everything_is_known_up_to_the_last_order(tmp_path: Path) -> None:
    made = train(shop(tmp_path / "shop"))
    assert made.interactions.as_of == np.datetime64("2024-06-01")
    assert made.recommend("c00", 2).model == DEFAULT  # and without a model, by the default one


@pytest.mark.parametrize("day", ["1999-01-01", "2024-03-12", "2024-06-09", "2031-01-01"])
def test_a_date_outside_the_data_is_refused_with_what_there_is(tmp_path: Path, day: str) -> None:
    workspace = shop(tmp_path / "shop")
    with pytest.raises(OutsideData, match="from 2024-03-12 to 2024-05-31"):
        train(workspace, as_of=np.datetime64(day, "us"))


def test_events_of_the_workspace_are_learned_from_but_are_not_purchases(tmp_path: Path) -> None:
    workspace = shop(tmp_path / "shop")
    views = pd.DataFrame([event("late", "mug", "view", "2024-05-31 10:00")])
    views["at"] = views["at"].astype("datetime64[us]")
    workspace.write({"events": views})
    found = train(workspace, as_of=AS_OF).recommend("late", 2, exclude_seen=True)
    assert found.fallback is None
    assert set(ids(found)) == {"mug", "mill"}


def test_orders_without_customers_are_too_few(tmp_path: Path) -> None:
    workspace = shop(tmp_path / "shop")
    orders = workspace.read(ORDERS)
    workspace.write({"orders": orders[orders["customer_id"].isna()]})
    with pytest.raises(TooFewInteractions):
        train(workspace)


def test_an_unknown_model_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel):
        train(shop(tmp_path / "shop"), model="oracle")
