from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.attributes import AttributeShares, blocks, column_of, encode, log_prices, words_of
from recsys.catalogue import Catalogue
from tests.paths import ROOT
from tests.recsys.models.goods import goods

EVERY = {"a": "PINK PIG MONEY BOX", "b": "Red pig", "c": "", "d": "wicker CANDLE-HOLDERS set"}


def likeness(catalogue: Catalogue, **shares: float) -> NDArray[np.float32]:
    """(V, V) float32, with every variant known."""
    rows = encode(
        catalogue, known=np.ones(len(catalogue), dtype=bool), shares=AttributeShares(**shares)
    )
    return (rows @ rows.T).toarray()


def test_a_feature_has_one_column_in_every_process() -> None:
    program = "from recsys.attributes import column_of; print(column_of('word=teapot', 10**6))"
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert answers == {str(column_of("word=teapot", 10**6))}


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5, unique=True), st.integers(1, 300))
def test_any_texts_make_unit_rows_or_none_at_all(titles: list[str], buckets: int) -> None:
    catalogue = goods({f"v{place}": title for place, title in enumerate(titles)})
    rows = encode(catalogue, known=np.ones(len(titles), dtype=bool), buckets=buckets)
    assert rows.shape == (len(titles), 6 * buckets)
    lengths = np.sqrt(rows.multiply(rows).sum(axis=1))
    np.testing.assert_allclose(lengths, 1, atol=1e-5)  # a style of its own at least
    assert (rows.data >= 0).all()


def test_a_lone_surrogate_and_a_title_of_a_megabyte_are_read() -> None:
    assert 0 <= column_of("word=\ud800", 10) < 10
    assert likeness(goods({"a": "pig", "b": "pig " * 300_000}))[0, 1] > 0.5


def test_words_pieces_and_columns_bring_variants_near() -> None:
    near = likeness(goods(EVERY))
    assert near[0, 1] > near[0, 3]
    words, pieces = ({"word": 1.0, "piece": 0.0}, {"word": 0.0, "piece": 1.0})
    catalogue = goods({"a": "candleholder", "b": "candle holders", "c": "teapot"})
    assert likeness(catalogue, **words)[0, 1] < 0.2 < likeness(catalogue, **pieces)[0, 1]
    colours = goods({"a": "", "b": "", "c": ""}, colour=["Red", "red", "blue"])
    assert likeness(colours)[0, 1] > likeness(colours)[0, 2]


def test_rare_words_say_more_than_common_ones() -> None:
    titles = {f"v{place}": f"set thing{place}" for place in range(20)}
    near = likeness(goods(titles | {"x": "set oil", "y": "oil lamp"}), word=1.0, piece=0.0)
    assert near[20, 21] > near[20, 0]


def test_a_row_is_the_same_whatever_stands_beside_it() -> None:
    small, large = goods(EVERY), goods(EVERY | {"e": "pig iron", "0": "pink box"})
    places = np.searchsorted(large.variants.astype(str), list(EVERY))
    known = np.isin(large.variants, list(EVERY))
    alone = encode(small, known=np.ones(4, dtype=bool))
    beside = encode(large, known=known)[places]
    assert abs(alone - beside).max() < 1e-7


def test_prices_are_near_within_a_step_and_strange_beyond() -> None:
    catalogue = goods(
        dict.fromkeys("abcdef", ""), price=[2.0, 2.2, 4.0, float("nan"), 0.0, float("inf")]
    )
    marks = blocks(catalogue, buckets=10_000)["price"]
    near = (marks @ marks.T).toarray()
    assert near[0, 0] == 1
    assert near[0, 1] > 0.5
    assert near[0, 2] == 0
    assert not near[3:].any()  # missing, none, infinite


def test_log_prices_are_standardised_over_what_is_known() -> None:
    prices = np.array([1.0, np.e**2, np.nan, -3.0, np.e**9])
    values, missing = log_prices(prices, np.array([True, True, True, True, False]))
    assert values == pytest.approx([-1, 1, 0, 0, 8])
    assert missing.tolist() == [0, 0, 1, 1, 0]
    alike, _ = log_prices(np.full(3, 5.0), np.ones(3, dtype=bool))
    assert alike.tolist() == [0, 0, 0]
    nothing, _ = log_prices(np.full(2, np.nan), np.zeros(2, dtype=bool))
    assert nothing.tolist() == [0, 0]


def test_compatibility_forms_and_case_are_folded() -> None:
    assert words_of("Ｔｅａ ＰＯＴ½ Straße_2") == ["tea", "pot1", "2", "strasse", "2"]  # noqa: RUF001
