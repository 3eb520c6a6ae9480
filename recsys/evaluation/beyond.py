"""Beyond accuracy: what lists show of the catalogue, and to whom; by customer and over all.

Figures of a customer's list L (n variants; a list too short for a figure has none,
and nobody has a figure of likeness where no two variants share a trait):

    novelty               mean of -log2 p(v), p: share of customers who had v (Zhou et al. 2010)
    diversity             1 - mean likeness of two variants of L (intra-list: Ziegler et al. 2005),
                          by the cosine of their traits (`background.traits_of`)
    styles                distinct styles / n
    arp                   mean of p(v): average recommendation popularity (Yin et al. 2012)
    popularity            mean popularity percentile of L
    popularity_histories  the same of the variants that the customer had bought before
    popularity_purchases  the same of the test purchases that were known at the origin
    popularity_bias       popularity - popularity_histories: how far lists drift from a customer's
                          own taste for the popular (after Abdollahpouri et al. 2019)
    popularity_excess     popularity - popularity_purchases
    repeat_share          share of L that the customer had bought before

Figures of all lists together, from c(v), how often v is shown:

    coverage              variants with c(v) > 0, over those on sale
    gini                  Σ_j (2j - V - 1) c_j / (V Σ c), c ascending over the V on sale: 0 where
                          all are shown alike, towards 1 where one is (Adomavicius and Kwon 2012)
    effective_variants    exp(-Σ q ln q), q = c / Σ c: how many variants shown alike would have
                          this entropy (Hill 1973)
    pop_reo               deviation over mean of r_head and r_tail, the shares of the head's and of
                          the tail's test purchases that the lists hold, which comes to
                          |r_head - r_tail| / (r_head + r_tail): 0 where both are served alike
                          (ranking-based equal opportunity: Zhu, Wang and Caverlee 2020)

A resample holds about 63 % of the customers, so it shows fewer variants than all do: only the
spread of its coverage, Gini index and effective number can be read as theirs, not the level.
Their intervals are those of the draws, moved so that the draws' mean is the figure. PopREO is a
distance, so its draws never fall below 0: an interval close to 0 is no proof of a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.evaluation.background import Background
from recsys.evaluation.bootstrap import (
    Interval,
    drawn_weights,
    interval,
    resampled_known_means,
    resampled_means,
)
from recsys.evaluation.lists import Lists
from recsys.evaluation.metrics import contains, pair_keys
from recsys.evaluation.splits import Split

OF_A_LIST: Final = (
    "novelty", "diversity", "styles", "arp", "popularity", "popularity_histories",
    "popularity_purchases", "popularity_bias", "popularity_excess", "repeat_share",
)  # fmt: skip
OF_ALL_LISTS: Final = ("coverage", "gini", "effective_variants")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """One model's figures beyond accuracy at one origin, over all its test customers.

    Attributes:
        model: the model's name.
        origin: the split's origin.
        customers: how many there are.
        figures: by name, those of the module's table; None where nobody has one.
        intervals: by name, where they lie.
    """

    model: str
    origin: str | None
    customers: int
    figures: Mapping[str, float | None]
    intervals: Mapping[str, Interval | None]


def beyond(split: Split, lists: Mapping[str, Lists], *, seed: int) -> list[Beyond]:
    """Figures beyond accuracy of every model, with bootstrap intervals over customers.

    Args:
        split: the test purchases and what was known before them.
        lists: by model name, each model's recommendations to the split's customers.
        seed: of the bootstrap; all models share its draws.
    """
    background = Background.of(split)
    return [_beyond(split, background, name, each, seed=seed) for name, each in lists.items()]


def _beyond(split: Split, background: Background, name: str, lists: Lists, *, seed: int) -> Beyond:
    values = of_each_list(split, background, lists)
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    means = np.where(known, values, 0.0).sum(axis=0) / np.maximum(counts, 1)
    draws = resampled_known_means(values, seed=seed)
    figures: dict[str, float | None] = {}
    intervals: dict[str, Interval | None] = {}
    for column, figure in enumerate(OF_A_LIST):
        figures[figure] = float(means[column]) if counts[column] else None
        intervals[figure] = interval(draws[:, column]) if counts[column] else None
    shown, drawn = of_all_lists(split, lists, seed=seed)
    most = (1.0, 1.0, float(split.offered))
    for column, figure in enumerate(OF_ALL_LISTS):
        figures[figure] = float(shown[column])
        moved = drawn[:, column] + shown[column] - drawn[:, column].mean()
        intervals[figure] = interval(np.clip(moved, 0.0, most[column]))
    figures["pop_reo"], intervals["pop_reo"] = pop_reo(split, background, lists, seed=seed)
    return Beyond(
        model=name,
        origin=split.origin,
        customers=len(split.customers),
        figures=figures,
        intervals=intervals,
    )


def of_each_list(split: Split, background: Background, lists: Lists) -> NDArray[np.float64]:
    """(n, figures) float64: the columns `OF_A_LIST` of every customer; NaN where there is none."""
    people = len(split.customers)
    row, variant = lists.row, lists.variant
    keys = pair_keys(row, variant, background.width)
    owner, owned = np.divmod(background.history, background.width)
    tested = split.item < len(background.percentile)
    level = background.percentile
    popularity = _mean_by(row, level[variant], people)
    histories = _mean_by(owner, level[owned], people)
    purchases = _mean_by(split.row[tested], level[split.item[tested]], people)
    return np.column_stack(
        [
            _mean_by(row, background.novelty[variant], people),
            _diversity(background, row, variant, people),
            _styles(background, row, variant, people),
            _mean_by(row, background.had[variant], people),
            popularity,
            histories,
            purchases,
            popularity - histories,
            popularity - purchases,
            _mean_by(row, contains(background.history, keys).astype(np.float64), people),
        ]
    )


def of_all_lists(
    split: Split, lists: Lists, *, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(3,) and (draws, 3) float64: the figures `OF_ALL_LISTS`, and those of resampled customers."""
    shown, column = np.unique(lists.variant, return_inverse=True)
    people = len(split.customers)
    ones = np.ones(len(column))
    lists_of = sparse.csr_array((ones, (column, lists.row)), shape=(len(shown), people))
    draws = [
        exposure((lists_of @ weights.T).T, split.offered)
        for weights in drawn_weights(people, seed=seed)
    ]
    counts = np.bincount(column, minlength=len(shown)).astype(np.float64)
    return exposure(counts[None, :], split.offered)[0], np.vstack(draws)


def exposure(counts: NDArray[np.float64], offered: int) -> NDArray[np.float64]:
    """Coverage, Gini index and effective number of variants of how often variants are shown.

    >>> exposure(np.array([[3.0, 3.0], [6.0, 0.0]]), 4).round(3)
    array([[0.5 , 0.5 , 2.  ],
           [0.25, 0.75, 1.  ]])

    Args:
        counts: (rows, shown) float64, of each variant that is shown at all, or what it counts for.
        offered: how many variants could have been shown.

    Returns:
        (rows, 3) float64; zeros, and 0 variants, where nothing is shown.
    """
    total = counts.sum(axis=1)
    total = np.where(total > 0, total, 1.0)  # what is shown may count for less than 1
    rank = np.arange(offered - counts.shape[1], offered) + 1  # those never shown come before them
    gini = np.sort(counts, axis=1) @ (2.0 * rank - offered - 1) / (max(offered, 1) * total)
    share = counts / total[:, None]
    entropy = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1)
    effective = np.where(counts.any(axis=1), np.exp(entropy), 0.0)
    return np.column_stack([(counts > 0).sum(axis=1) / max(offered, 1), gini, effective])


def pop_reo(
    split: Split, background: Background, lists: Lists, *, seed: int
) -> tuple[float | None, Interval | None]:
    """PopREO of head and tail, and where it lies; None where either has no hit to speak of.

    Test purchases of variants that nobody could recommend yet belong to neither.
    """
    tested = split.item < len(background.head)
    row, item = split.row[tested], split.item[tested]
    hit = contains(
        np.sort(pair_keys(lists.row, lists.variant, background.width)),
        pair_keys(row, item, background.width),
    )
    people = len(split.customers)
    counts = np.column_stack(
        [
            np.bincount(row[which], minlength=people)
            for side in (background.head[item], ~background.head[item])
            for which in (side & hit, side)
        ]
    ).astype(np.float64)
    found = _reo(counts.mean(axis=0, keepdims=True))[0]
    if np.isnan(found):
        return None, None
    return float(found), interval(_reo(resampled_means(counts, seed=seed)))


def _reo(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows,) float64 from (rows, 4): hits and purchases of the head, then of the tail."""
    head, tail = _over(counts[:, 0], counts[:, 1]), _over(counts[:, 2], counts[:, 3])
    return _over(np.abs(head - tail), head + tail)


def _diversity(
    background: Background, row: NDArray[np.integer], variant: NDArray[np.integer], people: int
) -> NDArray[np.float64]:
    """(n,) float64: 1 - mean cosine over a list's pairs; NaN for lists of fewer than two.

    Σ_{v≠w} x_v·x_w = ‖Σ x_v‖² - Σ ‖x_v‖², and every row of `traits` has length 1.
    """
    if not background.alike:
        return np.full(people, np.nan)
    shape = (people, len(background.styles))
    sums = sparse.csr_array((np.ones(len(row)), (row, variant)), shape=shape) @ background.traits
    sizes = np.bincount(row, minlength=people)
    alike = np.asarray(sums.multiply(sums).sum(axis=1)).ravel() - sizes
    return 1.0 - _over(alike, sizes * (sizes - 1))


def _styles(
    background: Background, row: NDArray[np.integer], variant: NDArray[np.integer], people: int
) -> NDArray[np.float64]:
    """(n,) float64: distinct styles over the length of each list; NaN for an empty one."""
    if not background.alike:
        return np.full(people, np.nan)
    width = len(background.styles)
    distinct = np.unique(pair_keys(row, background.styles[variant], width)) // width
    sizes = np.bincount(row, minlength=people)
    return _over(np.bincount(distinct, minlength=people), sizes)


def _mean_by(
    row: NDArray[np.integer], values: NDArray[np.float64], rows: int
) -> NDArray[np.float64]:
    """(rows,) float64: the mean of each row's values; NaN where it has none."""
    return _over(np.bincount(row, weights=values, minlength=rows), np.bincount(row, minlength=rows))


def _over(part: NDArray[np.number], whole: NDArray[np.number]) -> NDArray[np.float64]:
    """Their quotient; NaN where the whole is 0 or not known."""
    quotient: NDArray[np.float64] = np.divide(
        part, whole, out=np.full(len(part), np.nan), where=whole > 0
    )
    return quotient
