"""Cancellations find the orders that they undo; later ones are returns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from data.cleaning.cancellation import match_cancellations

DAY = pd.Timedelta("12 hours")


def orders(*rows: tuple[str, str, int, str]) -> pd.DataFrame:
    """Order lines of (customer, variant, quantity, time on one day)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "variant_id", "quantity", "time"])
    frame["customer_id"] = frame["customer_id"].replace("", None).astype("str")
    frame["ordered_at"] = pd.to_datetime("2010-05-04 " + frame["time"])
    return frame


def left(*rows: tuple[str, str, int, str], within: pd.Timedelta = DAY) -> list[int]:
    """What is left of each row's quantity where the negative rows cancel."""
    frame = orders(*rows)
    cancels = (frame["quantity"] < 0).to_numpy()
    return list(map(int, match_cancellations(frame, cancels, within).quantity))


def test_a_giant_order_cancelled_minutes_later_is_gone() -> None:
    assert left(("c", "v", 80_995, "09:15"), ("c", "v", -80_995, "09:27")) == [0, 0]


def test_a_part_of_an_order_is_cancelled() -> None:
    assert left(("c", "v", 12, "09:00"), ("c", "v", -5, "09:10")) == [7, 0]


def test_what_exceeds_the_orders_in_time_stays_a_return() -> None:
    assert left(("c", "v", 3, "09:00"), ("c", "v", -5, "09:10")) == [0, -2]


def test_the_line_of_exactly_that_quantity_comes_before_a_later_one() -> None:
    assert left(("c", "v", 5, "09:00"), ("c", "v", 9, "10:00"), ("c", "v", -5, "10:30")) == [
        0, 9, 0,
    ]  # fmt: skip


def test_of_equal_lines_the_latest_is_cancelled() -> None:
    assert left(("c", "v", 5, "09:00"), ("c", "v", 5, "10:00"), ("c", "v", -5, "10:30")) == [
        5, 0, 0,
    ]  # fmt: skip


def test_several_lines_make_up_one_cancellation_latest_first() -> None:
    assert left(("c", "v", 4, "09:00"), ("c", "v", 4, "10:00"), ("c", "v", -6, "10:30")) == [
        2, 0, 0,
    ]  # fmt: skip


def test_two_cancellations_never_undo_the_same_units() -> None:
    assert left(("c", "v", 5, "09:00"), ("c", "v", -5, "09:10"), ("c", "v", -5, "09:20")) == [
        0, 0, -5,
    ]  # fmt: skip


def test_neither_another_customer_nor_variant_nor_a_later_order_is_touched() -> None:
    rows = [("d", "v", 5, "09:00"), ("c", "w", 5, "09:00"), ("c", "v", 5, "09:30")]
    assert left(*rows, ("c", "v", -5, "09:10")) == [5, 5, 5, -5]


def test_beyond_the_window_it_is_a_return() -> None:
    rows = [("c", "v", 5, "08:00"), ("c", "v", -5, "20:01")]
    assert left(*rows) == [5, -5]
    assert left(*rows, within=pd.Timedelta("13 hours")) == [0, 0]


def test_rows_without_a_customer_cancel_nothing() -> None:
    assert left(("", "v", 5, "09:00"), ("", "v", -5, "09:10")) == [5, -5]


lines = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from("vw"),
    st.integers(-9, 9).filter(bool),
    st.integers(0, 23).map("{:02}:00".format),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(lines, min_size=1, max_size=25))
def test_units_are_taken_off_both_sides_alike(rows: list[tuple[str, str, int, str]]) -> None:
    frame = orders(*rows)
    before = frame["quantity"].to_numpy()
    result = match_cancellations(frame, before < 0, DAY)
    after = result.quantity
    assert (np.sign(after) * np.sign(before) >= 0).all()
    assert (np.abs(after) <= np.abs(before)).all()
    sums = frame.assign(after=after).groupby(["customer_id", "variant_id"])
    assert (sums["quantity"].sum() == sums["after"].sum()).all()
    assert (result.gone == (after == 0)).all()
    for late in np.flatnonzero(after < 0):
        for sold in np.flatnonzero(after > 0):
            lag = frame["ordered_at"][late] - frame["ordered_at"][sold]
            in_time = pd.Timedelta(0) <= lag <= DAY
            assert not (in_time and rows[late][:2] == rows[sold][:2]), "left unmatched"
