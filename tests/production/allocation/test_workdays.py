"""Working days, and amounts laid onto them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from production.allocation.workdays import WorkdaySettings, even_shares, levelled

MONDAY = date(2026, 3, 2)
AMOUNTS = st.lists(st.integers(0, 50), min_size=1, max_size=7)


def test_a_week_has_the_days_on_which_things_are_made() -> None:
    days = WorkdaySettings(
        weekdays=frozenset({"monday", "saturday"}), closed=frozenset({date(2026, 3, 7)})
    )
    assert days.of_week(MONDAY) == (MONDAY,)
    with pytest.raises(ValidationError):
        WorkdaySettings(weekdays=frozenset())


@given(st.integers(0, 1000), st.integers(1, 7))
def test_even_shares_add_up_and_differ_by_one_at_most(total: int, days: int) -> None:
    shares = even_shares(total, days)
    assert shares.sum() == total
    assert shares.max() - shares.min() <= 1


@given(st.integers(-20, 300), AMOUNTS)
def test_no_day_falls_below_what_is_taken_and_no_other_could_be_more_even(
    total: int, taken: list[int]
) -> None:
    laid = levelled(total, taken).tolist()
    assert sum(laid) == max(total, sum(taken))
    assert all(one >= least for one, least in zip(laid, taken, strict=True))
    # a day above another by two or more cannot give any away: orders have taken all of it
    for one, least in zip(laid, taken, strict=True):
        assert one == least or one <= min(laid) + 1
