"""Lists for customers nobody knows, of whom no more is told than a region, or not even that."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.lists import Lists
from recsys.evaluation.splits import Newcomers, Split
from recsys.interactions import Interactions
from recsys.model import Model
from recsys.ranking import rank


def recommend_newcomers(model: Model, split: Split, *, k: int) -> tuple[Lists, Lists] | None:
    """Lists of the split's newcomers, with their region told and without.

    A model sees a history, never an identity, so newcomers of one region have one list, which is
    made once.

    Args:
        model: fitted on the split.
        split: what it was fitted on, and the newcomers.
        k: length of the lists; shorter where fewer variants are on sale.

    Returns:
        The lists with regions told, and without. None where there is no newcomer, or where the
        model gives an empty history the same score for all variants that customers took: then
        it says nothing of them, and its list would be the catalogue's order.
    """
    if split.newcomers is None:
        return None
    taken = np.unique(split.train.variant)
    regions = np.unique(np.append(split.newcomers.regions, ""))
    if not np.ptp(model.score(_empty(split, regions))[:, taken], axis=1).any():
        return None
    told = _lists(model, split, split.newcomers, split.newcomers.regions, k=k)
    untold = np.full(len(split.newcomers.regions), "", dtype=object)
    return told, _lists(model, split, split.newcomers, untold, k=k)


def _lists(
    model: Model, split: Split, newcomers: Newcomers, regions: NDArray[np.object_], *, k: int
) -> Lists:
    begun = perf_counter()
    names, place = np.unique(regions, return_inverse=True)
    ranked = rank(model, _empty(split, names), k, allowed=split.on_sale)
    sizes = np.diff(ranked.offsets)[place]
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    entry = np.arange(sizes.sum()) + np.repeat(ranked.offsets[place] - starts, sizes)
    return Lists(
        row=np.repeat(np.arange(len(newcomers.customers)), sizes),
        variant=ranked.variants[entry],
        rank=ranked.rank[entry],
        score=ranked.scores[entry],
        fit_seconds=0.0,
        score_seconds=perf_counter() - begun,
    )


def _empty(split: Split, regions: NDArray[np.object_]) -> Interactions:
    """Histories without a line, one for each region."""
    nobody, nothing = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
    return Interactions.from_arrays(
        customers=regions,
        variants=split.train.variants,
        customer=nobody,
        variant=nobody,
        age=nothing,
        quantity=nothing,
        weight=nothing,
        as_of=split.train.as_of,
        regions=regions,
    )
