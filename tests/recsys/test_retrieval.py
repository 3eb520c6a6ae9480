from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data.workspace import Workspace
from recsys import retrieval
from recsys.index import Index, Kind
from recsys.ranking import top
from recsys.recommender import train
from recsys.retrieval import LEAST_GAIN, LEAST_RECALL, Measured, Retrieval, Retriever, chosen
from recsys.retrieval import measure as measured_by
from recsys.saved.saving import load, save
from tests.recsys.shop import shop

KINDS: list[tuple[Kind, int]] = [("flat", 0), ("ivf", 4), ("ivf", 1000), ("hnsw", 64)]


def vectors(seed: int = 0, variants: int = 600) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors of 40 customers and some variants, the variants' of very different lengths."""
    random = np.random.default_rng(seed)
    users = random.normal(size=(40, 8)).astype(np.float32)
    items = random.normal(size=(variants, 8)) * random.gamma(1, 1, (variants, 1))
    return users, items.astype(np.float32)


def way(kind: str, recall: float, milliseconds: float) -> Measured:
    return Measured(kind=kind, parameter=8, recall=recall, milliseconds=milliseconds)  # type: ignore[arg-type]


def test_the_fastest_that_finds_enough_is_chosen() -> None:
    exact, poor = way("exact", 1.0, 10.0), way("ivf", LEAST_RECALL - 0.001, 0.1)
    good, better = way("ivf", LEAST_RECALL, 3.0), way("hnsw", 0.999, 2.0)
    found = chosen([exact, poor, good, better], 100)
    assert found.used is better
    assert found.measured == (exact, poor, good, better)
    assert found.reason == "hnsw found 99.9% of the best 20 in 2.00 ms, where exact took 10.00 ms."


@pytest.mark.parametrize(
    "others", [[], [way("ivf", 0.98, 0.1)], [way("ivf", 1.0, 10.0 / LEAST_GAIN + 0.01)]]
)
def test_exact_search_stays_where_no_index_earns_its_place(others: list[Measured]) -> None:
    exact = way("exact", 1.0, 10.0)
    assert chosen([exact, *others], 100).used is exact


def test_a_small_catalogue_is_not_measured() -> None:
    users, items = vectors()
    found = measured_by(users, items, clock=lambda: pytest.fail("nothing is to be timed"))
    assert found.used.kind == "exact"
    assert found.measured == ()


def test_every_kind_is_measured_by_the_clock_given() -> None:
    users, items = vectors()
    ticks = itertools.count()
    found = measured_by(users, items, small=10, clock=lambda: float(next(ticks)))
    assert {each.kind for each in found.measured} == {"exact", "flat", "ivf", "hnsw"}
    assert {each.milliseconds for each in found.measured} == {1000 / len(users)}
    assert found.used.kind == "exact"  # none was faster
    assert all(each.recall == 1 for each in found.measured if each.kind in {"exact", "flat"})
    assert max(each.recall for each in found.measured if each.kind == "ivf") == 1
    assert found.queries == len(users)


def test_what_was_chosen_comes_back_from_a_manifest() -> None:
    found = chosen([way("exact", 1.0, 10.0), way("ivf", 1.0, 1.0)], 7)
    assert Retrieval.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.fixture(scope="module", params=KINDS, ids=str)
def sparse_retriever(request: pytest.FixtureRequest) -> Retriever:
    """One that knows six variants of seven."""
    kind, parameter = request.param
    items = vectors()[1]
    known = np.arange(len(items)) % 7 > 0
    return Retriever(items, known, Index(kind, items[known]), parameter)


@settings(deadline=None)  # a busy machine is no failure
@given(seed=st.integers(0, 1000), k=st.integers(1, 30), share=st.sampled_from([0, 0.02, 0.6, 1]))
def test_k_may_be_shown_wherever_k_exist(
    sparse_retriever: Retriever, seed: int, k: int, share: float
) -> None:
    random = np.random.default_rng(seed)
    users, items = vectors()
    known = np.arange(len(items)) % 7 > 0
    shown = random.random(len(items)) < share
    ranked = sparse_retriever.best(users[seed % 40], k, shown)
    variants = ranked.variants
    assert len(variants) == min(k, shown.sum())
    assert len(set(variants.tolist())) == len(variants)
    assert shown[variants].all()
    assert (np.diff(ranked.scores) <= 0).all()
    assert known[variants].all() or shown[known].sum() < k


@pytest.mark.parametrize(("kind", "parameter"), [("exact", 0), ("flat", 0), ("ivf", 1000)])
def test_a_thorough_search_finds_the_true_best(kind: str, parameter: int) -> None:
    users, items = vectors()
    used = Measured(kind=kind, parameter=parameter, recall=1, milliseconds=1)  # type: ignore[arg-type]
    retrieval = Retrieval(used=used, measured=(), queries=0, reason="")
    retriever = Retriever.of(items, np.ones(len(items), dtype=bool), retrieval)
    for user in users:
        expected = top((items @ user)[None], 5)
        found = retriever.best(user, 5)
        np.testing.assert_array_equal(found.variants, expected.variants)
        np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-5)


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
def test_an_index_built_again_finds_the_same(kind: Kind) -> None:
    users, items = vectors()
    one, other = Index(kind, items), Index(kind, items.copy())
    for user in users:
        np.testing.assert_array_equal(one.near(12, 4, user), other.near(12, 4, user))


def test_equal_vectors_go_by_id() -> None:
    items = np.ones((500, 4), dtype=np.float32)
    retriever = Retriever(items, np.ones(500, dtype=bool), Index("flat", items))
    variants = retriever.best(np.ones(4, dtype=np.float32), 5).variants
    assert (np.diff(variants) > 0).all()


def test_a_catalogue_of_one_is_legal() -> None:
    items = np.ones((1, 4), dtype=np.float32)
    assert measured_by(items, items).used.kind == "exact"
    retriever = Retriever(items, np.ones(1, dtype=bool))
    assert retriever.best(items[0], 3).variants.tolist() == [0]


def test_a_recommender_keeps_how_it_searches_and_answers_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index stands in for looking at every variant, and is built anew from a saved model."""
    monkeypatch.setattr(retrieval, "_MOST_FETCHED", 1e9)  # in so small a catalogue too
    exact = train(shop(tmp_path / "w"), model="als", settings={"factors": 4})
    assert exact.retrieval is not None
    assert exact.retrieval.used.kind == "exact"  # few enough to look at each
    trained = replace(exact, retrieval=chosen([way("exact", 1.0, 9.0), way("flat", 1.0, 1.0)], 9))
    workspace = Workspace.open(tmp_path / "w")
    key = b"k" * 32
    loaded = load(workspace, save(trained, workspace, key), key=key)
    assert loaded.retrieval == trained.retrieval
    for customer in ("c00", "c05"):
        wanted = [one.variant_id for one in exact.recommend(customer, 2).recommendations]
        for each in (trained, loaded):
            found = each.recommend(customer, 2)
            assert [one.variant_id for one in found.recommendations] == wanted


def test_a_model_that_is_no_product_is_searched_exactly(tmp_path: Path) -> None:
    assert train(shop(tmp_path / "w"), model="ease").retrieval is None
