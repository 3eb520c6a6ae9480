from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.evaluation.accuracy import FIGURES, Measured
from recsys.evaluation.comparison import figures_of
from recsys.evaluation.paired import Means

NDCG = FIGURES.index("ndcg")


def measured(
    figures: Mapping[str, list[float]], *, origin: str = "2024-01-01", first: int = 0
) -> Measured:
    """Customers from a number on whose every figure is the one given, by model."""
    count = len(next(iter(figures.values())))
    return Measured(
        origin=origin,
        slice="all",
        customers=np.array([f"c{first + place:04}" for place in range(count)], dtype=object),
        test_items=count,
        values={
            name: np.tile(np.array(values)[:, None], (1, len(FIGURES)))
            for name, values in figures.items()
        },
        coverage=dict.fromkeys(figures, 0.5),
        seconds=dict.fromkeys(figures, (0.0, 0.0)),
    )


def test_origins_weigh_the_same_however_many_customers_they_have() -> None:
    means = Means.of(
        [
            measured({"a": [1.0], "b": [0.5]}),
            measured({"a": [0.0, 0.2, 0.4, 0.2], "b": [0.1] * 4}, origin="2024-02-01", first=5),
        ],
        seed=0,
    )
    assert means.figures("a")["ndcg"] == pytest.approx(0.6)
    assert means.figures("b")["ndcg"] == pytest.approx(0.3)
    found = means.differences("b")["a"].figures["ndcg"]
    assert (found.difference, found.ratio) == pytest.approx((0.3, 2.0))


def test_a_gain_of_the_same_share_everywhere_has_no_spread() -> None:
    random = np.random.default_rng(2)
    other = [random.random(60), random.random(80)]
    parts = [
        measured({"a": (1.1 * each).tolist(), "b": each.tolist()}, first=30 * number)
        for number, each in enumerate(other)
    ]
    found = Means.of(parts, seed=0).differences("b")["a"].figures["ndcg"]
    assert found.ratio == pytest.approx(1.1)
    assert found.ratio_interval is not None
    assert (found.ratio_interval.low, found.ratio_interval.high) == pytest.approx((1.1, 1.1))
    assert found.p == pytest.approx(1 / 10_001)
    assert found.interval.low < found.difference < found.interval.high


def test_a_reference_of_zero_has_no_ratio() -> None:
    found = Means.of([measured({"a": [0.5, 0.2], "b": [0.0, 0.0]})], seed=0)
    pair = found.differences("b")["a"].figures["ndcg"]
    assert pair.ratio is None
    assert pair.ratio_interval is None
    assert found.differences("a")["b"].figures["ndcg"].ratio == 0.0


def test_equal_models_are_no_proof() -> None:
    pair = Means.of([measured({"a": [0.5, 0.2], "b": [0.5, 0.2]})], seed=0).differences("b")["a"]
    assert (pair.ndcg, pair.figures["ndcg"].p) == (0.0, 1.0)
    assert pair.figures["ndcg"].ratio == 1.0


def test_a_customer_of_two_origins_is_drawn_at_both() -> None:
    random = np.random.default_rng(7)
    values = random.random(200)
    same = [measured({"a": values.tolist()}), measured({"a": values.tolist()})]
    apart = [measured({"a": values.tolist()}), measured({"a": values.tolist()}, first=200)]
    one, together, independent = (
        Means.of(parts, seed=0).draws[:, 0, NDCG].std() for parts in (same[:1], same, apart)
    )
    assert together == pytest.approx(one)
    assert independent == pytest.approx(one / np.sqrt(2), rel=0.1)


def test_only_models_of_every_origin_are_averaged() -> None:
    parts = [measured({"a": [0.1], "b": [0.2]}), measured({"b": [0.4]}, first=1)]
    assert Means.of(parts, seed=0).models == ("b",)


def test_a_slice_that_no_model_has_everywhere_is_left_out() -> None:
    parts = [[measured({"a": [0.1]})], [measured({"b": [0.4]}, first=1)]]
    assert figures_of(parts, seed=0) == []


def test_the_best_other_model_is_found_by_ndcg() -> None:
    means = Means.of([measured({"a": [0.9], "b": [0.2], "c": [0.3]})], seed=0)
    assert means.best_but("a") == "c"
    assert Means.of([measured({"a": [0.9]})], seed=0).best_but("a") is None


@settings(max_examples=25, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20),
    seed=st.integers(0, 5),
)
def test_a_difference_changes_sign_with_its_sides(
    pairs: list[tuple[float, float]], seed: int
) -> None:
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    means = Means.of([measured({"a": first, "b": second})], seed=seed)
    there, back = means.differences("b")["a"], means.differences("a")["b"]
    assert there.ndcg == pytest.approx(-back.ndcg)
    assert there.ndcg_interval.low == pytest.approx(-back.ndcg_interval.high)
    assert there.figures["ndcg"].p == back.figures["ndcg"].p
    assert 0 < there.figures["ndcg"].p <= 1
