"""The earliest day, and what it takes: known answers, and a search of every day beside it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from production.errors import NoPromise
from production.promise.calendar import Calendar
from production.promise.lateness import reliability
from production.promise.promise import Promise, Work, free_by, promise

TODAY = date(2026, 3, 2)


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def calendar(**free: list[int]) -> Calendar:
    """Free by day from today on; `m_x` is the material x."""
    return Calendar.of(
        (name.replace("m_", "material:"), day(number), amount)
        for name, amounts in free.items()
        for number, amount in enumerate(amounts)
    )


def work(lead: int = 0, **takes: int) -> Work:
    named = {name.replace("m_", "material:"): amount for name, amount in takes.items()}
    return Work(takes=named, lead_time_days=lead)


def days_of(found: Promise) -> dict[tuple[str, date], int]:
    total: defaultdict[tuple[str, date], int] = defaultdict(int)
    for needs in found.needs:
        for need in needs:
            total[need.resource_id, need.day] += need.amount
    return dict(total)


def test_the_lead_time_is_the_earliest_where_enough_is_free() -> None:
    found = promise(calendar(saw=[10] * 9), [work(3, saw=4)], TODAY)
    assert (found.day, found.waits_for) == (day(3), None)
    assert days_of(found) == {("saw", day(3)): 4}  # as late as it may be


def test_work_is_spread_over_days_and_waits_for_what_is_scarce() -> None:
    found = promise(calendar(saw=[2, 3, 4, 9], press=[9] * 4), [work(saw=6, press=3)], TODAY)
    assert (found.day, found.waits_for) == (day(2), "saw")
    assert days_of(found) == {
        ("saw", day(2)): 4,
        ("saw", day(1)): 2,
        ("press", day(2)): 3,
    }


def test_lines_share_what_is_free() -> None:
    found = promise(calendar(saw=[3, 3, 3]), [work(saw=2), work(saw=3)], TODAY)
    assert found.day == day(1)
    assert [sum(need.amount for need in needs) for needs in found.needs] == [2, 3]
    assert max(days_of(found).values()) <= 3


def test_a_material_stays_once_it_is_in_and_hours_that_are_over_are_gone() -> None:
    stated = [
        ("material:wood", day(-5), 4),
        ("material:wood", day(2), 4),
        ("saw", day(-1), 100),
        ("saw", day(0), 1),
        ("saw", day(1), 1),
    ]
    found = promise(Calendar.of(stated), [work(saw=2, m_wood=5)], TODAY)
    assert (found.day, found.waits_for) == (day(2), "material:wood")
    assert days_of(found) == {
        ("material:wood", day(-5)): 4,
        ("material:wood", day(2)): 1,
        ("saw", day(1)): 1,
        ("saw", day(0)): 1,
    }


def test_a_material_that_nobody_counts_does_not_limit() -> None:
    assert promise(calendar(saw=[5]), [work(saw=1, m_thread=10**9)], TODAY).day == TODAY


def test_a_resource_that_nobody_knows_is_named() -> None:
    with pytest.raises(NoPromise, match="Nobody has said how much there is of 'lathe'"):
        promise(calendar(saw=[5]), [work(saw=1, lathe=1)], TODAY)


def test_too_little_on_all_days_names_what_is_missing() -> None:
    with pytest.raises(
        NoPromise, match=r"0.009 of 'saw' is needed, 0.008 is free up to 2026-03-03"
    ):
        promise(calendar(saw=[5, 3]), [work(saw=9)], TODAY)


def test_what_is_free_up_to_a_day() -> None:
    free = calendar(saw=[2, 2, 2])
    assert free_by(free, "saw", TODAY, day(1)) == 4
    assert free_by(free, "material:thread", TODAY, day(1)) is None


@given(
    saw=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    wood=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    lines=st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(0, 10)), min_size=1, max_size=3
    ),
)
def test_no_earlier_day_would_do_and_nothing_is_taken_twice(
    saw: list[int], wood: list[int], lines: list[tuple[int, int, int]]
) -> None:
    asked = [
        Work(
            takes={
                name: amount for name, amount in (("saw", cut), ("material:wood", planks)) if amount
            },
            lead_time_days=lead,
        )
        for cut, planks, lead in lines
    ]
    total = {"saw": sum(line[0] for line in lines), "wood": sum(line[1] for line in lines)}

    def would_do(number: int) -> bool:
        enough = sum(saw[: number + 1]) >= total["saw"] and sum(wood[: number + 1]) >= total["wood"]
        return enough and number >= max(line[2] for line in lines)

    expected = next((number for number in range(20) if would_do(number)), None)
    free = calendar(saw=saw, m_wood=wood)
    if expected is None:
        with pytest.raises(NoPromise):
            promise(free, asked, TODAY)
        return
    found = promise(free, asked, TODAY)
    assert found.day == day(expected)
    for (name, when), amount in days_of(found).items():
        stated = saw if name == "saw" else wood
        assert TODAY <= when <= found.day
        assert 0 < amount <= stated[(when - TODAY).days]
    for line, needs in zip(asked, found.needs, strict=True):
        for name, amount in line.takes.items():
            assert sum(need.amount for need in needs if need.resource_id == name) == amount


def test_past_lateness_says_how_sure_a_promise_is() -> None:
    assert reliability([]) is None
    found = reliability([-2] * 8 + [0] + [5])
    assert found is not None
    assert (found.kept, found.based_on, found.days_late) == (9.5 / 11, 10, 0)
