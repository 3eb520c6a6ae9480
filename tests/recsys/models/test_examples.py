from __future__ import annotations

import numpy as np
import pytest

from recsys.models.examples import of_parts, of_windows
from tests.recsys.conformance import interactions_of, random_lines, with_line


def test_a_window_splits_what_was_from_what_came() -> None:
    lines = interactions_of(
        [("a", "x", 40), ("a", "y", 20), ("b", "x", 20), ("c", "z", 70), ("c", "x", 40),
         ("c", "y", 35), ("c", "x", 3)]
    )  # fmt: skip
    found = of_windows(lines, recency_days=10, window_days=30, windows=2)
    # first window (ages 0 to 30): a took y after x, c took x after all; second: c x and y after z
    histories, targets = found.histories.toarray(), found.targets.toarray()
    assert targets.tolist() == [[0, 1, 0], [1, 0, 0], [1, 1, 0]]
    assert histories[0] == pytest.approx([np.exp(-1), 0, 0])
    assert histories[1] == pytest.approx([np.exp(-1), np.exp(-0.5), np.exp(-4)])
    assert histories[2] == pytest.approx([0, 0, np.exp(-1)])
    shown, wanted = found.dense(np.array([2]))
    np.testing.assert_array_equal(shown, histories[[2]])
    assert wanted.tolist() == [[0.5, 0.5, 0]]


def test_an_event_is_part_of_a_history_and_no_target() -> None:
    lines = interactions_of([("a", "x", 40), ("a", "y", 20)], ["x", "y", "z"])
    seen = with_line(lines, variant=2, weight=0.1)  # of this very moment
    plain, with_view = (
        of_windows(each, recency_days=10, window_days=30, windows=3) for each in (lines, seen)
    )
    np.testing.assert_array_equal(plain.targets.toarray(), with_view.targets.toarray())


def test_without_times_the_parts_are_those_of_one_customer() -> None:
    lines = random_lines()
    found = of_parts(lines, recency_days=90, random=np.random.default_rng(0))
    held = lines.matrix().toarray() > 0
    both = (found.histories.toarray() > 0) | (found.targets.toarray() > 0)
    assert 0.5 * len(held) < len(found) <= len(held)
    assert all((row == held).all(axis=1).any() for row in both)


def test_a_single_day_has_no_windows() -> None:
    lines = interactions_of([("a", "x", 5), ("a", "y", 5)])
    assert len(of_windows(lines, recency_days=10, window_days=30, windows=3)) == 0
