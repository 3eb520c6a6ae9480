from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from recsys import products, ranking
from recsys.errors import BadRequest, RecsysError
from recsys.interactions import Interactions
from recsys.model import Factorized
from recsys.models.als import Als
from recsys.models.ease import Ease
from recsys.products import best_products
from recsys.ranked import Ranked
from recsys.ranking import rank, top
from tests.recsys.conformance import AS_OF, fit, interactions_of, random_lines

SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 9))


@given(st.data(), SHAPES, st.integers(1, 12))
def test_lists_are_those_of_a_full_sort(
    data: st.DataObject, shape: tuple[int, int], k: int
) -> None:
    few = st.sampled_from([-1.0, 0.0, 0.5, 2.0])  # few values, so that ties abound
    scores = data.draw(arrays.arrays(np.float32, shape, elements=few))
    allowed = data.draw(arrays.arrays(np.bool_, shape))
    ranked = top(scores, k, allowed)
    for row in range(shape[0]):
        shown = [column for column in range(shape[1]) if allowed[row, column]]
        best = sorted(shown, key=lambda column: (-scores[row, column], column))[:k]
        variants, values = ranked.of(row)
        assert variants.tolist() == best
        assert values.tolist() == scores[row, best].tolist()


def test_fewer_than_k_are_never_padded() -> None:
    scores = np.array([[3, 1, 2]], dtype=np.float32)
    ranked = top(scores, 100, np.array([True, False, True]))
    assert ranked.variants.tolist() == [0, 2]
    assert ranked.rank.tolist() == [1, 2]
    nothing = top(scores, 2, np.zeros(3, dtype=bool))
    assert len(nothing) == 1
    assert nothing.of(0)[0].tolist() == []


@pytest.mark.parametrize("k", [0, -1])
def test_a_k_below_one_is_refused(k: int) -> None:
    with pytest.raises(BadRequest, match=f"k is {k}"):
        top(np.zeros((1, 3), dtype=np.float32), k)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(RecsysError, match="NaN or infinite"):
        top(np.array([[1, bad]], dtype=np.float32), 1)


def test_batches_of_any_size_rank_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = random_lines()
    model = fit(Ease(), lines)
    whole = rank(model, lines, 7, exclude_seen=True)
    monkeypatch.setattr(ranking, "BATCH_CELLS", 100)
    parts = rank(model, lines, 7, exclude_seen=True)
    np.testing.assert_array_equal(parts.variants, whole.variants)
    np.testing.assert_array_equal(parts.scores, whole.scores)
    np.testing.assert_array_equal(parts.offsets, whole.offsets)


def test_what_was_bought_is_left_out_and_what_was_viewed_stays() -> None:
    lines = interactions_of([("a", "x", 1), ("a", "y", 1), ("b", "z", 1)])
    viewed = Interactions.from_arrays(
        customers=lines.customers,
        variants=lines.variants,
        customer=lines.customer,
        variant=lines.variant,
        age=lines.age,
        quantity=lines.quantity,
        weight=np.where(lines.variant == 1, 0.1, 1.0),
        as_of=AS_OF,
    )
    model = fit(Ease(), lines)
    ranked = rank(model, viewed, 3, exclude_seen=True)
    assert sorted(ranked.of(0)[0].tolist()) == [1, 2]


def test_nobody_is_ranked_as_an_empty_list() -> None:
    lines = random_lines()
    nobody = lines.take(np.array([], dtype=int))
    assert len(rank(fit(Ease(), lines), nobody, 5)) == 0


@given(st.integers(0, 10_000), st.integers(128, 700), st.integers(1, 90), st.integers(1, 60))
def test_wide_lists_are_those_of_a_full_sort(seed: int, variants: int, k: int, levels: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.integers(levels, size=(3, variants)).astype(np.float32)  # ties abound
    allowed = random.random((3, variants)) < random.choice([0.02, 0.5, 1.0])
    ranked = top(scores, k, allowed)
    for row in range(3):
        order = np.argsort(-scores[row], kind="stable")
        assert ranked.of(row)[0].tolist() == order[allowed[row, order]][:k].tolist()


@pytest.mark.parametrize("k", [1, 20, 500])
def test_thousands_of_equal_scores_go_by_id(k: int) -> None:
    scores = np.zeros((2, 5_003), dtype=np.float32)
    scores[1, 4_000] = scores[1, 5_002] = 1
    ranked = top(scores, k)
    assert ranked.of(0)[0].tolist() == list(range(k))
    assert ranked.of(1)[0].tolist() == [4_000, 5_002, *range(k)][:k]


def sorted_out(
    scores: NDArray[np.float32], shown: NDArray[np.bool_], seen: Interactions | None, k: int
) -> list[list[int]]:
    """Each customer's list by a full sort."""
    lists = []
    for row, values in enumerate(scores):
        taken = [] if seen is None else seen.variant[(seen.customer == row) & seen.bought()]
        open_to = shown.copy()
        open_to[taken] = False
        order = np.argsort(-values, kind="stable")
        lists.append(order[open_to[order]][:k].tolist())
    return lists


def listed(ranked: Ranked) -> list[list[int]]:
    return [ranked.of(row)[0].tolist() for row in range(len(ranked))]


@given(
    seed=st.integers(0, 10_000),
    variants=st.integers(1, 400),
    k=st.integers(1, 30),
    share=st.sampled_from([0.0, 0.03, 0.5, 1.0]),
    threads=st.integers(1, 3),
)
def test_products_rank_as_a_full_sort(
    seed: int, variants: int, k: int, share: float, threads: int
) -> None:
    random = np.random.default_rng(seed)
    users = random.integers(-2, 3, (11, 3)).astype(np.float32)  # small whole numbers: ties abound
    items = random.integers(-2, 3, (variants, 3)).astype(np.float32)
    shown = random.random(variants) < share
    lines = 40
    seen = Interactions.from_arrays(
        customers=np.array([f"c{row:02}" for row in range(11)], dtype=object),
        variants=np.array([f"v{row:03}" for row in range(variants)], dtype=object),
        customer=random.integers(11, size=lines),
        variant=random.integers(variants, size=lines),
        age=np.zeros(lines),
        quantity=np.ones(lines),
        weight=random.choice([0.2, 1.0], lines),
        as_of=AS_OF,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "ROWS", 4)
        ranked = best_products(users, items, k, seen=seen, shown=shown, threads=threads)
    assert listed(ranked) == sorted_out(users @ items.T, shown, seen, k)
    np.testing.assert_array_equal(
        ranked.scores, (users @ items.T)[ranked.customer, ranked.variants]
    )


def test_all_products_are_ranked_where_nothing_is_left_out() -> None:
    users, items = np.eye(2, dtype=np.float32), np.array([[0, 3], [2, 1]], dtype=np.float32)
    assert listed(best_products(users, items, 9)) == [[1, 0], [0, 1]]
    assert len(best_products(users[:0], items, 9)) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, 3e38])
def test_vectors_whose_products_are_no_numbers_are_refused(bad: float) -> None:
    users, items = np.ones((2, 2), np.float32), np.ones((3, 2), np.float32)
    users[1] = bad
    with pytest.raises(RecsysError, match="NaN or infinite"):
        best_products(users, items, 1)


def test_a_list_from_vectors_is_that_from_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = random_lines()
    model = fit(Als(), lines)
    assert isinstance(model, Factorized)
    allowed = np.arange(lines.shape[1]) % 5 > 0
    vectors = rank(model, lines, 6, exclude_seen=True, allowed=allowed)
    monkeypatch.setattr(ranking, "MANY", 1000)
    scores = rank(model, lines, 6, exclude_seen=True, allowed=allowed)
    np.testing.assert_array_equal(vectors.offsets, scores.offsets)
    np.testing.assert_allclose(vectors.scores, scores.scores, rtol=0, atol=1e-5)
    assert listed(vectors) == listed(scores)


@pytest.mark.parametrize("k", [28, 29, 30, 31, 40])
def test_what_nobody_took_fills_a_list_from_vectors_too(k: int) -> None:
    lines = random_lines()
    model = fit(Als(), lines)
    ranked = rank(model, lines, k, exclude_seen=True)
    bought = np.array([len(lines.take(np.array([row])).held()) for row in range(lines.shape[0])])
    np.testing.assert_array_equal(np.diff(ranked.offsets), np.minimum(k, lines.shape[1] - bought))
