"""How often lists hold what customers then bought: every figure of every customer, by slice.

Slices differ in which customers and which test purchases count:

    all          every test purchase of a known customer
    repeat       variants that the customer had bought before the origin
    new          variants that the customer had never bought before
    sparse       every test purchase of a customer with at most two order lines before
    unknown      purchases of customers without any line before, of whom the region is told
    regionless   the same customers, their region not told

The first four share the known customers' lists, the very ones that the predictions file holds. A
customer counts in a slice with at least one such purchase; a slice without customers is left out.
The last two have lists of their own, by models that do not answer an empty history with a tie.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.lists import Lists
from recsys.evaluation.metrics import (
    capped_recall,
    contains,
    coverage,
    hit_matrix,
    hit_rate,
    ndcg,
    pair_keys,
    precision,
    recall,
)
from recsys.evaluation.splits import Split

SLICES: Final = ("all", "repeat", "new", "sparse", "unknown", "regionless")
FIGURES: Final = ("recall", "ndcg", "hit_rate", "precision", "capped_recall")
"""The columns of `Measured.values`, as `recsys.evaluation.metrics` defines them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Every figure of every customer of one slice of one split.

    Attributes:
        origin: the split's origin.
        slice: one of `SLICES`.
        customers: (n,) str, ids, ascending; the slice's customers.
        test_items: how many test purchases they have in it.
        values: by model, (n, figures) float64, the columns as in `FIGURES`.
        coverage: by model, distinct variants in the customers' lists, over the catalogue.
        seconds: by model, time that learning took, and scoring and ranking all customers.
    """

    origin: str | None
    slice: str
    customers: NDArray[np.object_]
    test_items: int
    values: Mapping[str, NDArray[np.float64]]
    coverage: Mapping[str, float]
    seconds: Mapping[str, tuple[float, float]]


def measure(split: Split, lists: Mapping[str, Lists], *, k: int) -> list[Measured]:
    """The slices of known customers.

    Args:
        split: the test purchases.
        lists: by model name, each model's recommendations to the split's customers.
        k: length of a full list.
    """
    people = split.train.customers[split.customers]
    return [
        _measured(
            split, lists, name, people=people, row=split.row[counts], item=split.item[counts], k=k
        )
        for name, counts in _known_slices(split)
        if counts.any()
    ]


def measure_newcomers(
    split: Split, told: Mapping[str, Lists], untold: Mapping[str, Lists], *, k: int
) -> list[Measured]:
    """The slices `unknown` and `regionless`; none where no model has lists for them.

    Args:
        split: the test purchases.
        told: by model name, lists to the split's newcomers, their region told.
        untold: likewise, their region not told.
        k: length of a full list.
    """
    found = split.newcomers
    if found is None or not told:
        return []
    return [
        _measured(split, lists, name, people=found.customers, row=found.row, item=found.item, k=k)
        for name, lists in (("unknown", told), ("regionless", untold))
    ]


def _known_slices(split: Split) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Each slice's name, and (M,) bool which test purchases count in it."""
    yield "all", np.ones(len(split.row), dtype=np.bool_)
    yield "repeat", split.seen
    yield "new", ~split.seen
    yield "sparse", split.sparse[split.row]


def _measured(
    split: Split,
    lists: Mapping[str, Lists],
    name: str,
    *,
    people: NDArray[np.object_],
    row: NDArray[np.intp],
    item: NDArray[np.intp],
    k: int,
) -> Measured:
    items = np.bincount(row, minlength=len(people))
    inside = items > 0
    width = int(max(len(split.train.variants), item.max() + 1))
    keys = pair_keys(row, item, width)
    return Measured(
        origin=split.origin,
        slice=name,
        customers=people[inside],
        test_items=int(items.sum()),
        values={
            model: _by_customer(each, keys, items, width, k)[inside]
            for model, each in lists.items()
        },
        coverage={
            model: coverage(each.variant[inside[each.row]], split.offered)
            for model, each in lists.items()
        },
        seconds={model: (each.fit_seconds, each.score_seconds) for model, each in lists.items()},
    )


def _by_customer(
    lists: Lists, keys: NDArray[np.int64], items: NDArray[np.integer], width: int, k: int
) -> NDArray[np.float64]:
    """(n, figures) float64: every figure of every customer; rows without items mean nothing."""
    found = contains(keys, pair_keys(lists.row, lists.variant, width))
    hits = hit_matrix(lists.row, lists.rank, found, customers=len(items), k=k)
    some = np.maximum(items, 1)
    return np.column_stack(
        [
            recall(hits, some),
            ndcg(hits, some),
            hit_rate(hits),
            precision(hits),
            capped_recall(hits, some),
        ]
    )
