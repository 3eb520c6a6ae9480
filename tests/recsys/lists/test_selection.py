from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from recsys.errors import BadRequest, RecsysError
from recsys.lists.codes import Coded, Groups
from recsys.lists.selection import select, spread


def groups_of(styles: list[int]) -> Groups:
    return Groups.of(Coded.of(np.array([f"s{style:03}" for style in styles], dtype=object)))


def by_hand(
    scores: NDArray[np.float32],
    k: int,
    shown: NDArray[np.bool_],
    styles: list[int],
    per_style: int | None,
) -> list[int]:
    """One customer's list, variant by variant."""
    had: dict[int, int] = {}
    found: list[int] = []
    for variant in sorted(range(len(scores)), key=lambda v: (-scores[v], v)):
        style = styles[variant]
        full = per_style is not None and had.get(style, 0) >= per_style
        if shown[variant] and not full and len(found) < k:
            had[style] = had.get(style, 0) + 1
            found.append(variant)
    return found


@st.composite
def cases(
    draw: st.DrawFn,
) -> tuple[NDArray[np.float32], int, NDArray[np.bool_], list[int], int | None]:
    customers, variants = draw(st.integers(1, 4)), draw(st.integers(1, 40))
    # few values, so that ties are common; both signs and zeros of both
    score = st.sampled_from([-3.0, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 1e30, -1e30])
    values = draw(arrays.arrays(np.float32, (customers, variants), elements=score))
    shape = draw(st.sampled_from([(variants,), (customers, variants)]))
    shown = draw(arrays.arrays(np.bool_, shape))
    styles = draw(st.lists(st.integers(0, 12), min_size=variants, max_size=variants))
    return values, draw(st.integers(1, 45)), shown, styles, draw(st.none() | st.integers(1, 4))


@settings(max_examples=300, deadline=None)
@given(cases())
def test_it_selects_what_going_down_the_ranking_by_hand_does(
    case: tuple[NDArray[np.float32], int, NDArray[np.bool_], list[int], int | None],
) -> None:
    scores, k, shown, styles, per_style = case
    found = select(scores, k, shown, groups_of(styles), per_style)
    for row in range(len(scores)):
        mask = shown if shown.ndim == 1 else shown[row]
        variants, values = found.of(row)
        assert variants.tolist() == by_hand(scores[row], k, mask, styles, per_style)
        np.testing.assert_array_equal(values, scores[row, variants])


@pytest.mark.parametrize("variants", [7, 1_000, 40_000])
@pytest.mark.parametrize("per_style", [1, 2, 3])
def test_k_are_found_wherever_k_exist(variants: int, per_style: int) -> None:
    draw = np.random.default_rng(variants)
    styles = draw.integers(0, max(variants // 5, 1), variants).tolist()
    scores = draw.normal(size=(1, variants)).astype(np.float32)
    shown = draw.random(variants) < 0.3
    kept = np.array(styles)[shown]
    most = int(np.minimum(np.bincount(kept, minlength=1), per_style).sum())
    for k in (1, 20, 100):
        found = select(scores, k, shown, groups_of(styles), per_style)
        assert len(found.variants) == min(k, most)
        assert found.variants.tolist() == by_hand(scores[0], k, shown, styles, per_style)


def test_identical_scores_go_by_id() -> None:
    scores = np.zeros((1, 6), dtype=np.float32)
    found = select(scores, 3, None, groups_of([2, 2, 1, 1, 0, 0]), 1)
    assert found.variants.tolist() == [0, 2, 4]


def test_nothing_that_may_be_shown_is_an_empty_list() -> None:
    shown = np.zeros(4, dtype=bool)
    found = select(np.ones((2, 4), np.float32), 3, shown, groups_of([0, 0, 1, 1]), 1)
    assert len(found) == 2
    assert len(found.variants) == 0


def test_a_k_below_one_and_a_score_that_is_none_are_refused() -> None:
    scores = np.ones((1, 4), np.float32)
    with pytest.raises(BadRequest, match="k is 0"):
        select(scores, 0, None, groups_of([0, 0, 1, 1]), 1)
    for bad in (np.nan, np.inf, -np.inf):
        scores[0, 2] = bad
        with pytest.raises(RecsysError, match="NaN or infinite"):
            select(scores, 2, None, groups_of([0, 0, 1, 1]), 1)


def test_the_spread_is_over_what_may_be_shown() -> None:
    scores = np.array([[1, 3, 100, 5], [2, 2, 9, 2]], dtype=np.float32)
    mean, unit = spread(scores, np.array([True, True, False, True]))
    np.testing.assert_allclose(mean[:, 0], [3, 2])
    np.testing.assert_allclose(unit[:, 0], [np.sqrt(8 / 3), 1])  # all alike: 1
    own = np.array([[True, True, False, True], [False] * 4])
    mean, unit = spread(scores, own)
    np.testing.assert_allclose(mean[:, 0], [3, 0])
    np.testing.assert_allclose(unit[:, 0], [np.sqrt(8 / 3), 1])


def test_a_difference_of_rounding_is_no_spread() -> None:
    scores = np.full((1, 50), 0.1, dtype=np.float32)
    scores[0, 3] = np.nextafter(np.float32(0.1), np.float32(1))
    assert spread(scores, np.ones(50, dtype=bool))[1].tolist() == [[1]]
