from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from recsys import ranking
from recsys.errors import BadRequest, RecsysError
from recsys.interactions import Interactions
from recsys.models.ease import Ease
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
