"""Customers nobody knows: a region is all there is to go by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.evaluation.accuracy import measure_newcomers
from recsys.evaluation.comparison import figures_of
from recsys.evaluation.newcomers import recommend_newcomers
from recsys.evaluation.splits import Split, split_at
from recsys.interactions import Interactions
from recsys.model import Run
from recsys.models.popularity import Popularity
from tests.recsys.evaluation.test_splits import ORIGIN

ROWS = [
    ("ann", "a", "north", "2024-03-01"),
    ("ben", "a", "north", "2024-03-01"),
    ("cid", "a", "north", "2024-03-01"),
    ("dot", "b", "south", "2024-03-01"),
    ("eve", "b", "south", "2024-03-01"),
    ("ann", "c", "north", "2024-03-05"),
    ("new1", "b", "south", "2024-03-05"),
    ("new2", "b", None, "2024-03-05"),
    ("new2", "a", "south", "2024-03-06"),
    ("new2", "b", "north", "2024-03-07"),
    ("new3", "b", None, "2024-03-05"),
    ("new1", "zz", "south", "2024-03-06"),
]


class ByRegion(Popularity):
    """How many lines of the region a variant has; of any region where none is told."""

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:
        self.lines: Mapping[str, NDArray[np.float32]] = {}
        super().fit(interactions, catalogue, run)
        region = interactions.regions[interactions.customer]
        for name in ("north", "south"):
            counts = np.bincount(
                interactions.variant[region == name], minlength=interactions.shape[1]
            )
            self.lines = {**self.lines, name: counts.astype(np.float32)}
        return self

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        everywhere = np.sum(list(self.lines.values()), axis=0)
        return np.stack([self.lines.get(name, everywhere) for name in histories.regions])


class Silent(ByRegion):
    """A model to which an empty history says nothing."""

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        return np.zeros(histories.shape, dtype=np.float32)


@pytest.fixture
def split() -> Split:
    columns = ["customer_id", "variant_id", "region", "ordered_at"]
    frame = pd.DataFrame(ROWS, columns=columns).assign(quantity=1)
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"]).astype("datetime64[us]")
    return split_at(frame, pd.DataFrame(), origin=ORIGIN, test_days=7)


def test_newcomers_are_those_who_name_a_region_and_the_first_one_counts(split: Split) -> None:
    found = split.newcomers
    assert found is not None
    assert found.customers.tolist() == ["new1", "new2"]
    assert found.regions.tolist() == ["south", "south"]
    assert list(zip(found.row, found.item, strict=True)) == [(0, 1), (0, 2), (1, 0), (1, 1)]
    assert split.unknown_customers == 3


def test_their_lists_are_those_of_their_region(split: Split) -> None:
    model = ByRegion().fit(split.train, split.catalogue, Run())
    lists = recommend_newcomers(model, split, k=1)
    assert lists is not None
    told, untold = lists
    assert (told.row.tolist(), told.rank.tolist()) == ([0, 1], [1, 1])
    assert told.variant.tolist() == [1, 1]
    assert untold.variant.tolist() == [0, 0]


def test_what_a_region_brings_is_measured_against_not_being_told_it(split: Split) -> None:
    model = ByRegion().fit(split.train, split.catalogue, Run())
    lists = recommend_newcomers(model, split, k=1)
    assert lists is not None
    slices = measure_newcomers(split, {"mine": lists[0]}, {"mine": lists[1]}, k=1)
    told, untold = figures_of([slices], seed=0)
    assert (told.slice, told.customers, told.test_items) == ("unknown", 2, 4)
    assert (told.ndcg, told.recall) == (1.0, 0.5)
    assert (untold.slice, untold.ndcg, untold.recall) == ("regionless", 0.5, 0.25)
    assert told.difference is not None
    assert told.difference.reference == "mine without region"
    assert told.difference.ndcg == pytest.approx(0.5)
    assert untold.difference is None


def test_a_model_that_says_nothing_of_an_empty_history_has_no_such_lists(split: Split) -> None:
    model = Silent().fit(split.train, split.catalogue, Run())
    assert recommend_newcomers(model, split, k=1) is None
    assert measure_newcomers(split, {}, {}, k=1) == []


def test_orders_without_regions_have_no_newcomers(split: Split) -> None:
    frame = pd.DataFrame(
        [(who, what, pd.Timestamp(at), 1) for who, what, _, at in ROWS],
        columns=["customer_id", "variant_id", "ordered_at", "quantity"],
    ).astype({"ordered_at": "datetime64[us]"})
    bare = split_at(frame, pd.DataFrame(), origin=ORIGIN, test_days=7)
    assert bare.newcomers is None
    model = ByRegion().fit(split.train, split.catalogue, Run())
    assert recommend_newcomers(model, bare, k=1) is None
