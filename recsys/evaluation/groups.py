"""Fairness: NDCG by group of customers, and how far the worst group lies behind the best.

Groups are told by activity (order lines before the origin) and by region (where a customer last
bought, of those who name one). A model is fair in this sense if its lists are worth about as much
to each group (group utility: Ekstrand et al. 2018; the gap of two groups: Li et al. 2021). Groups
of fewer than `ENOUGH` customers are told, but do not take part in the gap: among many small groups
one is always far off. Best and worst are chosen on these very customers, so a gap between groups
that are alike comes out rather too large; its interval is that of the two groups chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.accuracy import FIGURES, Measured
from recsys.evaluation.bootstrap import Interval, interval, resampled_group_means
from recsys.evaluation.splits import Split

ENOUGH: Final = 30
ACTIVITY: Final = ((1, 2), (3, 9), (10, 49), (50, None))
"""Bounds of the groups by order lines before the origin, inclusive; None for no upper bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """One model's NDCG for one group of customers, over all their test purchases.

    Attributes:
        model: the model's name.
        origin: the split's origin.
        by: `activity` or `region`.
        group: such as `10-49`, or the region.
        customers: how many of the group have a test purchase.
        share: of all test customers.
        ndcg: mean over the group.
        interval: where it lies.
    """

    model: str
    origin: str | None
    by: str
    group: str
    customers: int
    share: float
    ndcg: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """How far a model's worst group lies behind its best, among those large enough.

    Attributes:
        model: the model's name.
        origin: the split's origin.
        by: `activity` or `region`.
        best: the group with the highest mean NDCG.
        worst: the group with the lowest.
        gap: the best group's NDCG less the worst's.
        interval: where it lies.
    """

    model: str
    origin: str | None
    by: str
    best: str
    worst: str
    gap: float
    interval: Interval


def by_group(
    split: Split, measured: Measured, *, seed: int
) -> tuple[list[GroupFigures], list[Gap]]:
    """NDCG of every model and group, and the gaps.

    Args:
        split: whose customers are grouped.
        measured: its slice `all`, which every customer of the split is in.
        seed: of the bootstrap; all models and groups share its draws.
    """
    figures: list[GroupFigures] = []
    gaps: list[Gap] = []
    for by, names, group in _groupings(split):
        known = group >= 0
        counts = np.bincount(group[known], minlength=len(names))
        for model, values in measured.values.items():
            ndcg = values[:, FIGURES.index("ndcg")]
            means = np.bincount(group[known], weights=ndcg[known], minlength=len(names)) / counts
            draws = resampled_group_means(ndcg, group, len(names), seed=seed)
            figures += [
                GroupFigures(
                    model=model,
                    origin=split.origin,
                    by=by,
                    group=name,
                    customers=int(counts[place]),
                    share=float(counts[place] / len(group)),
                    ndcg=float(means[place]),
                    interval=interval(draws[:, place]),
                )
                for place, name in enumerate(names)
            ]
            large = np.flatnonzero(counts >= ENOUGH)
            if len(large) < 2:
                continue
            best, worst = large[means[large].argmax()], large[means[large].argmin()]
            gaps.append(
                Gap(
                    model=model,
                    origin=split.origin,
                    by=by,
                    best=names[best],
                    worst=names[worst],
                    gap=float(means[best] - means[worst]),
                    interval=interval(draws[:, best] - draws[:, worst]),
                )
            )
    return figures, gaps


def _groupings(split: Split) -> Iterator[tuple[str, list[str], NDArray[np.intp]]]:
    """By what, the names of its groups that have customers, and (n,) int each one's; -1 for none.

    Activity runs upwards; regions come largest first, then by name.
    """
    lower = np.array([low for low, _ in ACTIVITY])
    levels, level = np.unique(
        np.maximum(np.searchsorted(lower, split.order_lines, side="right") - 1, 0),
        return_inverse=True,
    )
    texts = [f"{low}+" if high is None else f"{low}-{high}" for low, high in ACTIVITY]
    yield "activity", [texts[place] for place in levels], level
    region = split.train.regions[split.customers].astype(str)
    names, place, counts = np.unique(region, return_inverse=True, return_counts=True)
    order = np.lexsort((names, -counts))
    order = order[names[order] != ""]
    if len(order):
        number = np.full(len(names), -1)
        number[order] = np.arange(len(order))
        yield "region", names[order].tolist(), number[place]
