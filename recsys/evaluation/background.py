"""What is known of variants and customers before an origin, for figures beyond accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.catalogue import Catalogue
from recsys.evaluation.metrics import pair_keys
from recsys.evaluation.splits import Split

HEAD_SHARE: Final = 0.8
"""The head: the most popular variants that together hold this share of all purchases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """Popularity, likeness and own histories, from what lies before the origin alone.

    Attributes:
        had: (V,) float64 in [0, 1], the share of customers who had bought the variant.
        novelty: (V,) float64, -log2 of that share; a variant nobody had counts as if one had.
        percentile: (V,) float64 in (0, 1), the share of variants that are less popular, and half
            of those that are as popular (mid-rank).
        head: (V,) bool, the most popular variants that together hold `HEAD_SHARE` of all pairs of
            a customer and a variant; of equally popular ones those with smaller ids.
        styles: (V,) int64, the style's number.
        traits: (V, T) float64 sparse, rows of length 1: which traits a variant has (`traits_of`).
        alike: whether any two variants share a trait; without it likeness means nothing.
        history: (keys,) int64 ascending, pairs of a split's customer and a variant they had.
        width: of the keys.
    """

    had: NDArray[np.float64]
    novelty: NDArray[np.float64]
    percentile: NDArray[np.float64]
    head: NDArray[np.bool_]
    styles: NDArray[np.int64]
    traits: sparse.csr_array[np.float64]
    alike: bool
    history: NDArray[np.int64]
    width: int

    @classmethod
    def of(cls, split: Split) -> Self:
        """The background of a split; O(training lines + V log V)."""
        train, width = split.train, split.width
        bought = train.bought()
        pairs = np.unique(pair_keys(train.customer[bought], train.variant[bought], width))
        customers, variants = np.divmod(pairs, width)
        buyers = np.bincount(variants, minlength=len(train.variants))
        people = max(len(np.unique(customers)), 1)
        asked = np.full(len(train.customers), -1)
        asked[split.customers] = np.arange(len(split.customers))
        mine = asked[customers] >= 0
        traits = traits_of(split.catalogue)
        return cls(
            had=buyers / people,
            novelty=np.log2(people / np.maximum(buyers, 1)),
            percentile=percentiles(buyers),
            head=head_of(buyers, HEAD_SHARE),
            styles=np.unique(split.catalogue.styles, return_inverse=True)[1].astype(np.int64),
            traits=traits,
            alike=traits.nnz > traits.shape[1],
            history=pair_keys(asked[customers[mine]], variants[mine], width),
            width=width,
        )


def percentiles(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """(V,) float64: the share of entries that are smaller, and half of those that are equal.

    >>> percentiles(np.array([5, 0, 5, 9]))
    array([0.5  , 0.125, 0.5  , 0.875])
    """
    ordered = np.sort(counts)
    below = np.searchsorted(ordered, counts, side="left")
    upto = np.searchsorted(ordered, counts, side="right")
    shares: NDArray[np.float64] = (below + upto) / (2 * max(len(counts), 1))
    return shares


def head_of(counts: NDArray[np.integer], share: float) -> NDArray[np.bool_]:
    """(V,) bool: the fewest entries that together hold a share of the sum; ties by position.

    >>> head_of(np.array([1, 6, 2, 1]), 0.8)
    array([False,  True,  True, False])
    """
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    head = np.zeros(len(counts), dtype=np.bool_)
    head[order] = before < share * counts.sum()
    return head


def traits_of(catalogue: Catalogue) -> sparse.csr_array[np.float64]:
    """(V, T) float64 sparse: the traits of variants, each row of Euclidean length 1.

    A trait is the style, a pair of attribute and value, or a word of the title. Two rows' product
    is the cosine of two sets, |A ∩ B| / √(|A| |B|) (Ochiai's coefficient). Unlike Jaccard's its
    mean over all pairs of a list needs no loop over pairs.
    """
    every = np.arange(len(catalogue))
    rows, names = [every], [_named("style", catalogue.styles)]
    for column, values in catalogue.attributes.items():
        known = values != ""
        rows.append(every[known])
        names.append(_named(column, values[known]))
    words = [sorted(set(title.lower().split())) for title in catalogue.titles.tolist()]
    rows.append(np.repeat(every, [len(each) for each in words]))
    names.append(_named("title", np.array(list(chain.from_iterable(words)), dtype=object)))
    row = np.concatenate(rows)
    trait = np.unique(np.concatenate(names), return_inverse=True)[1]
    sizes = np.bincount(row, minlength=len(catalogue))
    shape = (len(catalogue), int(trait.max(initial=-1)) + 1)
    return sparse.csr_array((1.0 / np.sqrt(sizes[row]), (row, trait)), shape=shape)


def _named(column: str, values: NDArray[np.object_]) -> NDArray[np.object_]:
    """(M,) str: values that no other column's values equal."""
    return np.array([f"{column}\0{value}" for value in values.tolist()], dtype=object)
