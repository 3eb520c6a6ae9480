from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from data.errors import OutsideData
from recsys.errors import TooFewInteractions
from recsys.evaluation.splits import Split, choose_origins, split_at, split_files

ORIGIN = pd.Timestamp("2024-03-04")
ROWS = [
    ("ann", "a", 1, "2024-03-01 09:00"),
    ("ann", "b", 2, "2024-03-03 23:59:59.999999"),
    ("ben", "a", 1, "2024-03-02 10:00"),
    ("ben", "b", -1, "2024-03-02 11:00"),  # a return is no purchase
    (None, "c", 5, "2024-03-02 12:00"),  # a walk-in: the variant is known, nobody is
    ("ann", "a", 1, "2024-03-04 00:00"),  # in the window from its first moment
    ("ann", "a", 4, "2024-03-05 10:00"),  # the same variant again counts once
    ("ann", "new", 1, "2024-03-05 10:00"),
    ("ben", "c", 1, "2024-03-10 23:59:59"),
    ("ben", "b", -3, "2024-03-06 10:00"),
    ("ben", "d", 1, "2024-03-11 00:00"),  # the first moment after the window
    ("cid", "a", 1, "2024-03-06 10:00"),  # unknown before the origin
    (None, "a", 1, "2024-03-06 10:00"),
]


def orders(rows: list[tuple[str | None, str, int, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "variant_id", "quantity", "ordered_at"])
    return frame.astype({"customer_id": "str", "ordered_at": "datetime64[us]"})


def purchases(split: Split) -> set[tuple[str, str | None, bool]]:
    ids = [*split.train.variants, *[None] * (split.width - len(split.train.variants))]
    people = split.train.customers[split.customers]
    return {
        (people[row], ids[item], bool(seen))
        for row, item, seen in zip(split.row, split.item, split.seen, strict=True)
    }


def test_a_split_holds_what_was_known_and_what_known_customers_then_bought() -> None:
    split = split_at(orders(ROWS), pd.DataFrame(), origin=ORIGIN, test_days=7)
    assert split.origin == "2024-03-04"
    assert split.train.variants.tolist() == ["a", "b", "c"]
    assert len(split.train) == 3
    assert purchases(split) == {("ann", "a", True), ("ann", None, False), ("ben", "c", False)}
    assert (split.unsold_items, split.unknown_customers, split.offered) == (1, 1, 3)


def test_two_variants_first_sold_in_the_window_are_two_test_items() -> None:
    rows = [*ROWS, ("ann", "newer", 1, "2024-03-05 11:00"), ("ben", "new", 1, "2024-03-05 11:00")]
    split = split_at(orders(rows), pd.DataFrame(), origin=ORIGIN, test_days=7)
    assert np.bincount(split.row).tolist() == [3, 2]
    assert split.unsold_items == 3
    assert len(np.unique(split.item[split.item >= 3])) == 2


def test_the_catalogue_knows_what_was_introduced_but_not_what_will_be() -> None:
    variants = pd.DataFrame(
        {
            "variant_id": ["b", "early", "late", "undated"],
            "introduced_at": pd.to_datetime(["2024-01-01", "2024-03-03", "2024-03-05", ""]),
            "discontinued_at": pd.to_datetime(["2024-03-04", "", "", ""]),
        }
    )
    split = split_at(orders(ROWS), variants, origin=ORIGIN, test_days=7)
    assert split.train.variants.tolist() == ["a", "b", "c", "early"]
    assert split.on_sale.tolist() == [True, False, True, True]


@pytest.mark.parametrize("days", [1, 3, 7])
def test_nothing_after_the_origin_reaches_the_training_side(days: int) -> None:
    spiked = [*ROWS, *[("ann", "spike", 999, "2024-03-05 10:00")] * 50]
    plain = split_at(orders(ROWS), pd.DataFrame(), origin=ORIGIN, test_days=days).train
    other = split_at(orders(spiked), pd.DataFrame(), origin=ORIGIN, test_days=days).train
    assert plain.variants.tolist() == other.variants.tolist()
    for name in ("customer", "variant", "age", "quantity"):
        assert np.array_equal(getattr(plain, name), getattr(other, name))


def test_a_split_nobody_is_in_is_refused() -> None:
    with pytest.raises(TooFewInteractions, match="No customer with a training line"):
        split_at(orders(ROWS[:5]), pd.DataFrame(), origin=ORIGIN, test_days=7)
    with pytest.raises(TooFewInteractions):
        split_at(orders(ROWS), pd.DataFrame(), origin=pd.Timestamp("2024-01-01"), test_days=7)


def test_files_split_by_what_they_are_and_ages_count_from_the_last_line() -> None:
    train = orders(ROWS[:4])
    split = split_files(train, orders(ROWS[5:]).drop(columns=["ordered_at", "quantity"]))
    assert split.origin is None
    assert split.train.age.min() == pytest.approx(0.0, abs=1e-6)
    assert split.unknown_customers == 1
    assert ("ben", "b", False) in purchases(split)
    without_times = split_files(train.drop(columns="ordered_at"), orders(ROWS[5:]))
    assert without_times.train.age.tolist() == [0.0, 0.0, 0.0]


def days_of_orders(first: str, last: str) -> pd.DataFrame:
    days = pd.date_range(first, last, freq="D") + pd.Timedelta(hours=10)
    return orders([("ann", "a", 1, str(day)) for day in days])


def test_default_origins_are_the_last_three_with_full_windows() -> None:
    chosen = choose_origins(days_of_orders("2024-01-01", "2024-06-30"), None, test_days=28)
    assert [str(each.date()) for each in chosen] == ["2024-04-08", "2024-05-06", "2024-06-03"]


def test_fewer_default_origins_where_the_data_are_short() -> None:
    chosen = choose_origins(days_of_orders("2024-01-01", "2024-02-10"), None, test_days=28)
    assert [str(each.date()) for each in chosen] == ["2024-01-14"]


def test_origins_asked_for_are_sorted_and_taken_once() -> None:
    asked = [date(2024, 3, 4), date(2024, 2, 5), date(2024, 3, 4)]
    chosen = choose_origins(days_of_orders("2024-01-01", "2024-06-30"), asked, test_days=28)
    assert [each.date() for each in chosen] == [date(2024, 2, 5), date(2024, 3, 4)]


@pytest.mark.parametrize("asked", ["2023-05-01", "2024-01-01", "2024-06-04", "2031-01-01"])
def test_an_origin_outside_the_data_is_refused_with_the_range_that_is_there(asked: str) -> None:
    with pytest.raises(OutsideData, match="from 2024-01-02 to 2024-06-03"):
        choose_origins(
            days_of_orders("2024-01-01", "2024-06-30"), [date.fromisoformat(asked)], test_days=28
        )


def test_too_short_a_history_is_refused() -> None:
    with pytest.raises(OutsideData, match="too few days"):
        choose_origins(days_of_orders("2024-01-01", "2024-01-20"), None, test_days=28)
    with pytest.raises(OutsideData, match="no orders"):
        choose_origins(orders([]), None, test_days=28)


def test_events_teach_but_neither_make_a_customer_known_nor_a_variant_seen() -> None:
    seen_at = pd.Timestamp("2024-03-03 12:00").as_unit("us")
    events = pd.DataFrame(
        {
            "customer_id": ["ben", "cid", "ben"],
            "variant_id": ["c", "a", "a"],
            "kind": ["view", "cart", "view"],
            "at": [seen_at, seen_at, ORIGIN.as_unit("us")],
        }
    )
    split = split_at(orders(ROWS), pd.DataFrame(), events, origin=ORIGIN, test_days=7)
    assert len(split.train) == 5
    assert purchases(split) == {("ann", "a", True), ("ann", None, False), ("ben", "c", False)}
    assert split.unknown_customers == 1
