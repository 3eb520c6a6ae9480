from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import TooFewInteractions
from recsys.interactions import Interactions
from tests.recsys.conformance import AS_OF, interactions_of, random_lines


def frame(rows: Sequence[tuple[str | None, str, int, str]]) -> pd.DataFrame:
    lines = pd.DataFrame(rows, columns=["customer_id", "variant_id", "quantity", "ordered_at"])
    lines["ordered_at"] = pd.to_datetime(lines["ordered_at"], format="ISO8601")
    return lines


def test_returns_anonymous_rows_and_what_is_not_yet_known_are_left_out() -> None:
    lines = frame(
        [
            ("b", "x", 2, "2024-05-31 23:59"),
            ("b", "y", -2, "2024-05-01"),
            (None, "y", 2, "2024-05-01"),
            ("a", "z", 1, "2024-06-01 00:00"),
        ]
    )
    taken = Interactions.from_lines(lines, as_of=AS_OF)
    assert taken.customers.tolist() == ["b"]
    assert taken.variants.tolist() == ["x"]
    assert taken.age[0] == pytest.approx(1 / 24 / 60, abs=1e-6)


def test_a_variant_twice_in_one_moment_is_one_line_with_the_sum_of_units() -> None:
    moment = "2024-05-01 10:00"
    lines = frame([("a", "x", 2, moment), ("a", "x", 3, moment), ("a", "x", 1, "2024-05-02")])
    taken = Interactions.from_lines(lines, as_of=AS_OF)
    assert taken.quantity.tolist() == [5.0, 1.0]


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [("a", "x", 1, "2024-05-01"), ("b", "x", 2, "2024-05-02"), ("a", "y", 3, "2024-05-02")]
    forth = Interactions.from_lines(frame(rows), as_of=AS_OF)
    back = Interactions.from_lines(frame(rows[::-1]), as_of=AS_OF)
    for name in ("customer", "variant", "age", "quantity"):
        np.testing.assert_array_equal(getattr(forth, name), getattr(back, name))


def test_no_line_of_a_known_customer_is_too_few() -> None:
    with pytest.raises(TooFewInteractions, match="before 2024-06-01"):
        Interactions.from_lines(frame([(None, "x", 1, "2024-05-01")]), as_of=AS_OF)
    with pytest.raises(TooFewInteractions):
        Interactions.from_lines(frame([("a", "x", 1, "2024-05-01")]), as_of=AS_OF, variants=["y"])


def test_without_times_the_recent_matrix_is_binary() -> None:
    lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "variant_id": ["x", "x", "y"]})
    taken = Interactions.from_lines(lines, as_of=AS_OF)
    assert taken.recent(90).toarray().tolist() == [[1, 0], [0, 1]]


def test_recency_falls_to_a_third_and_a_bit_in_one_e_folding() -> None:
    taken = interactions_of([("a", "x", 90)])
    assert taken.recency(90)[0] == pytest.approx(np.exp(-1))


@given(st.sets(st.integers(0, 59)))
def test_taking_customers_takes_their_rows_of_the_matrix(chosen: set[int]) -> None:
    lines = random_lines()
    rows = np.array(sorted(chosen), dtype=int)
    taken = lines.take(rows)
    np.testing.assert_array_equal(taken.recent(90).toarray(), lines.recent(90).toarray()[rows])
    np.testing.assert_array_equal(taken.customers, lines.customers[rows])


def test_a_later_moment_ages_every_line() -> None:
    lines = interactions_of([("a", "x", 5)]).later(AS_OF + np.timedelta64(36, "h"))
    assert lines.age[0] == pytest.approx(6.5)
    assert lines.as_of == AS_OF + np.timedelta64(36, "h")
