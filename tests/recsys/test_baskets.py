from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.baskets import PARTS, Baskets, baskets_of
from recsys.interactions import Interactions
from tests.recsys.conformance import AS_OF, empty_history, interactions_of, with_line


def told(baskets: Baskets, customer: int) -> list[tuple[int, float, float]]:
    """Variant, weight and baskets since of a customer's entries."""
    here = baskets.customer == customer
    return list(
        zip(
            baskets.variant[here].tolist(),
            baskets.weight[here].tolist(),
            (baskets.since[here] / PARTS).tolist(),
            strict=True,
        )
    )


def test_the_lines_of_one_day_are_one_basket() -> None:
    lines = interactions_of(
        [("a", "x", 3.9), ("a", "y", 3.1), ("a", "x", 3.2), ("a", "x", 1), ("b", "y", 8)]
    )
    baskets = baskets_of(lines)
    assert told(baskets, 0) == [(0, 1, 1), (1, 1, 1), (0, 1, 0)]
    assert told(baskets, 1) == [(1, 1, 0)]
    np.testing.assert_array_equal(baskets.total, [2 * PARTS, PARTS])


def test_days_begin_at_midnight_whenever_one_asks() -> None:
    lines = interactions_of([("a", "x", 1.4), ("a", "y", 0.6), ("a", "y", 2.0)])
    baskets = baskets_of(lines)
    assert told(baskets, 0) == [(0, 1, 1), (1, 1, 1), (1, 1, 0)]  # 30 May twice, and 31 May
    for hours in (7, 31, 10_000):
        later = baskets_of(lines.later(AS_OF + np.timedelta64(hours, "h")))
        assert told(later, 0) == told(baskets, 0)


def test_without_times_a_history_is_one_basket() -> None:
    frame = pd.DataFrame({"customer_id": ["a", "a", "b"], "variant_id": ["x", "y", "y"]})
    baskets = baskets_of(Interactions.from_lines(frame, as_of=AS_OF))
    assert not baskets.since.any()
    np.testing.assert_array_equal(baskets.total, [PARTS, PARTS])


def test_a_day_of_views_is_less_of_a_basket() -> None:
    lines = interactions_of([("a", "x", 9), ("a", "y", 5)])
    viewed = with_line(with_line(lines, variant=0, weight=0.1), variant=1, weight=0.25)
    assert told(baskets_of(viewed), 0) == [
        (0, 1, 1.25),
        (1, 1, 0.25),
        (0, pytest.approx(0.1), 0),
        (1, pytest.approx(0.25), 0),
    ]


def test_an_empty_history_has_no_basket() -> None:
    baskets = baskets_of(empty_history(np.array(["x"], dtype=object)))
    assert len(baskets.variant) == len(baskets.since) == 0
    assert baskets.total.tolist() == [0]


line = st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(1, 6))


@settings(max_examples=60, deadline=None)
@given(st.lists(line, min_size=1, max_size=25))
def test_baskets_are_days_counted_back(drawn: list[tuple[str, str, int]]) -> None:
    lines = interactions_of([(who, what, float(days)) for who, what, days in drawn])
    baskets = baskets_of(lines)
    for place, who in enumerate(lines.customers):
        days = sorted({days for one, _, days in drawn if one == who})
        expected = {
            (list(lines.variants).index(what), 1.0, float(days.index(ago)))
            for one, what, ago in drawn
            if one == who
        }
        assert sorted(told(baskets, place)) == sorted(expected)
