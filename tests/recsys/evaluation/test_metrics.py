from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import RecsysError
from recsys.evaluation import bootstrap, metrics

# customer -> (list, test items); lists may be short or empty, test items are never none
CASES = st.lists(
    st.tuples(
        st.lists(st.integers(0, 11), unique=True, max_size=6),
        st.sets(st.integers(0, 14), min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize("module", [metrics, bootstrap])
def test_the_examples_in_the_docs_hold(module: object) -> None:
    failed, tried = doctest.testmod(module)  # type: ignore[arg-type]
    assert tried
    assert not failed


def hits_of(cases: list[tuple[list[int], set[int]]], k: int) -> tuple[np.ndarray, np.ndarray]:
    """The matrix as an evaluation builds it: flat lists, sorted keys, one search."""
    width = 20
    listed = [
        (u, r + 1, v) for u, (ranked, _) in enumerate(cases) for r, v in enumerate(ranked[:k])
    ]
    row, rank, variant = np.array(listed, dtype=np.int64).reshape(-1, 3).T
    keys = np.array(sorted(u * width + v for u, (_, test) in enumerate(cases) for v in test))
    found = metrics.contains(keys, metrics.pair_keys(row, variant, width))
    hits = metrics.hit_matrix(row, rank, found, customers=len(cases), k=k)
    return hits, np.array([len(test) for _, test in cases])


@given(cases=CASES, k=st.integers(1, 8))
def test_every_figure_equals_a_count_by_hand(
    cases: list[tuple[list[int], set[int]]], k: int
) -> None:
    hits, items = hits_of(cases, k)
    for u, (ranked, test) in enumerate(cases):
        top = ranked[:k]
        found = [v in test for v in top]
        gain = sum(1 / math.log2(r + 2) for r, hit in enumerate(found) if hit)
        ideal = sum(1 / math.log2(r + 2) for r in range(min(k, len(test))))
        assert metrics.recall(hits, items)[u] == pytest.approx(sum(found) / len(test))
        assert metrics.ndcg(hits, items)[u] == pytest.approx(gain / ideal)
        assert metrics.hit_rate(hits)[u] == float(any(found))
        assert metrics.precision(hits)[u] == pytest.approx(sum(found) / k)
        assert metrics.capped_recall(hits, items)[u] == pytest.approx(
            sum(found) / min(k, len(test))
        )


@given(cases=CASES, k=st.integers(1, 8))
def test_figures_stay_within_zero_and_one(cases: list[tuple[list[int], set[int]]], k: int) -> None:
    hits, items = hits_of(cases, k)
    for values in (
        metrics.recall(hits, items),
        metrics.ndcg(hits, items),
        metrics.capped_recall(hits, items),
    ):
        assert ((values >= 0) & (values <= 1)).all()


def test_a_perfect_list_has_exactly_one() -> None:
    for k in range(1, 60):
        hits = np.ones((1, k), dtype=bool)
        assert metrics.ndcg(hits, np.array([k])) == 1.0
        assert metrics.ndcg(hits, np.array([3 * k])) == 1.0
        assert metrics.capped_recall(hits, np.array([3 * k])) == 1.0


def test_a_hit_further_up_is_worth_more() -> None:
    items = np.ones(3, dtype=int)
    first, second, last = metrics.ndcg(np.eye(3, dtype=bool), items)
    assert (first, second, last) == pytest.approx((1.0, 1 / math.log2(3), 0.5))


def test_recall_counts_test_items_that_no_list_has_room_for() -> None:
    assert metrics.recall(np.ones((1, 2), dtype=bool), np.array([8])) == pytest.approx(0.25)


def test_customers_with_an_empty_list_score_zero_and_are_not_dropped() -> None:
    hits, items = hits_of([([], {1}), ([1], {1})], k=5)
    assert metrics.recall(hits, items).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("rank", [0, 4])
def test_a_rank_outside_the_list_is_refused(rank: int) -> None:
    with pytest.raises(RecsysError, match=r"1\.\.3"):
        metrics.hit_matrix(np.array([0]), np.array([rank]), np.array([True]), customers=1, k=3)


def test_nothing_is_contained_in_nothing() -> None:
    assert metrics.contains(np.array([], dtype=np.int64), np.array([3])).tolist() == [False]


def test_coverage_of_an_empty_catalogue_is_zero() -> None:
    assert metrics.coverage(np.array([], dtype=np.int64), 0) == 0.0
