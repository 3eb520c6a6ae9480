"""Models side by side on one split: figures by slice, with intervals and paired differences.

Slices share the customers' lists and differ in which test purchases count:

    all      every test purchase
    repeat   variants that the customer had bought before the origin
    new      variants that the customer had never bought before

A customer counts in a slice with at least one such purchase; a slice without customers has no
figures. All is read off the very lists that the predictions file holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.bootstrap import Interval, interval, resampled_means
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
from recsys.registry import DEFAULT

SLICES: Final = ("all", "repeat", "new")
_FIGURES = ("recall", "ndcg", "hit_rate", "precision", "capped_recall")
_WITH_INTERVAL = 2  # the first two of them: recall and NDCG


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The recommendations of one model to the customers of a split, best first.

    Attributes:
        row: (L,) int, position in `Split.customers`, ascending.
        variant: (L,) int, position in `train.variants`.
        rank: (L,) int, from 1 within each customer.
        score: (L,) float32, descending within each customer.
        fit_seconds: time that learning took.
        score_seconds: time that scoring and ranking all customers took.
    """

    row: NDArray[np.integer]
    variant: NDArray[np.integer]
    rank: NDArray[np.integer]
    score: NDArray[np.float32]
    fit_seconds: float
    score_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far the default model lies above another, over the same customers.

    Attributes:
        reference: the other model, the best by NDCG in this slice. It is chosen on these very
            customers, which flatters it, so the difference is rather too small than too large.
        recall: mean difference of recall.
        recall_interval: where it lies.
        ndcg: mean difference of NDCG.
        ndcg_interval: where it lies.
    """

    reference: str
    recall: float
    recall_interval: Interval
    ndcg: float
    ndcg_interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One model's figures on one slice of one split: means over its customers.

    Attributes:
        model: the model's name.
        origin: the split's origin.
        slice: one of `SLICES`.
        customers: how many have a test purchase in the slice.
        test_items: how many such purchases there are.
        recall: hits over test items.
        ndcg: with log2 discount and the ideal of min(k, test items).
        hit_rate: share of customers with a hit.
        precision: hits over k.
        capped_recall: hits over min(k, test items).
        coverage: distinct variants in the slice's customers' lists, over the catalogue.
        fit_seconds: time that learning took.
        score_seconds: time that scoring and ranking all customers took.
        recall_interval: where the mean recall lies.
        ndcg_interval: where the mean NDCG lies.
        difference: to the best other model; on the default model's row alone.
    """

    model: str
    origin: str | None
    slice: str
    customers: int
    test_items: int
    recall: float
    ndcg: float
    hit_rate: float
    precision: float
    capped_recall: float
    coverage: float
    fit_seconds: float
    score_seconds: float
    recall_interval: Interval
    ndcg_interval: Interval
    difference: Difference | None


def compare(split: Split, lists: Mapping[str, Lists], *, k: int, seed: int) -> list[Figures]:
    """Figures of every model on every slice that has customers.

    Args:
        split: the test purchases.
        lists: by model name, each model's recommendations to the split's customers.
        k: length of a full list.
        seed: of the bootstrap; all models share its draws.
    """
    slices = {"all": np.ones(len(split.row), dtype=np.bool_)}
    slices |= {"repeat": split.seen, "new": ~split.seen}
    rows: list[Figures] = []
    for name in SLICES:
        if slices[name].any():
            rows += _compare_slice(split, lists, name, slices[name], k=k, seed=seed)
    return rows


def _compare_slice(
    split: Split,
    lists: Mapping[str, Lists],
    name: str,
    counts_in: NDArray[np.bool_],
    *,
    k: int,
    seed: int,
) -> list[Figures]:
    items = np.bincount(split.row[counts_in], minlength=len(split.customers))
    inside = items > 0
    keys = pair_keys(split.row[counts_in], split.item[counts_in], split.width)
    by_model = {
        model: _by_customer(each, keys, items, split.width, k)[inside]
        for model, each in lists.items()
    }
    drawn = resampled_means(
        np.hstack([values[:, :_WITH_INTERVAL] for values in by_model.values()]), seed=seed
    )
    draws = dict(zip(by_model, np.hsplit(drawn, len(by_model)), strict=True))
    return [
        Figures(
            model=model,
            origin=split.origin,
            slice=name,
            customers=int(inside.sum()),
            test_items=int(items.sum()),
            **dict(zip(_FIGURES, values.mean(axis=0).tolist(), strict=True)),
            coverage=coverage(lists[model].variant[inside[lists[model].row]], split.offered),
            fit_seconds=lists[model].fit_seconds,
            score_seconds=lists[model].score_seconds,
            recall_interval=interval(draws[model][:, 0]),
            ndcg_interval=interval(draws[model][:, 1]),
            difference=_difference(by_model, draws) if model == DEFAULT else None,
        )
        for model, values in by_model.items()
    ]


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


def _difference(
    by_model: Mapping[str, NDArray[np.float64]], draws: Mapping[str, NDArray[np.float64]]
) -> Difference | None:
    """The default model less the best other one; None where it stands alone."""
    means = {
        model: values[:, :_WITH_INTERVAL].mean(axis=0)
        for model, values in by_model.items()
        if model != DEFAULT
    }
    if not means:
        return None
    reference = max(means, key=lambda model: (means[model][1], model))
    gain = by_model[DEFAULT][:, :_WITH_INTERVAL].mean(axis=0) - means[reference]
    drawn = draws[DEFAULT] - draws[reference]
    return Difference(
        reference=reference,
        recall=float(gain[0]),
        recall_interval=interval(drawn[:, 0]),
        ndcg=float(gain[1]),
        ndcg_interval=interval(drawn[:, 1]),
    )
