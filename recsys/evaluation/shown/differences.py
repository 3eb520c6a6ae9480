"""Rates of groups, how far the highest lies from the lowest, and whether chance explains that.

A group's rate is a quotient of sums over its lists: of a group's lists the share that the model
made, of its exposure the share of a category. Customers are drawn with replacement, each with all
lists of theirs, and every rate is taken anew.

The highest and the lowest of many groups differ by chance alone, and the more the more groups there
are. So their interval is one of those that hold for all pairs of groups at once: with
d*, the pair's difference in a draw, s its spread over the draws, and q the 95 % quantile over draws
of the largest |d* - d| / s of any pair, a pair's difference lies within d ± q s (Tukey's range, by
the bootstrap). A log that treats all groups alike is so called unfair in 5 % of cases, however many
groups there are; each figure that is compared is one such case.

The ratio's interval is Fieller's (1954) at the same q: all r with |low - r high| ≤ q s(low - r
high). It covers 1 exactly where the difference's covers 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.evaluation.bootstrap import LEVEL, drawn_weights, interval
from recsys.evaluation.shown.lists import NOT_KNOWN, OTHERS

Floats = NDArray[np.float64]

MOST: Final = 50
"""Groups that are compared at once."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 95 % interval; None where there is none, or no bound."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """How far the group with the highest rate lies from that with the lowest.

    Attributes:
        of: the rate.
        highest: the group.
        lowest: the group.
        difference: the highest rate less the lowest; its interval allows for all pairs of groups.
        ratio: the lowest rate over the highest; without bounds where the highest may be 0.
        pairs: of groups.
        apart: those whose interval leaves out 0.
    """

    of: str
    highest: str
    lowest: str
    difference: Figure
    ratio: Figure
    pairs: int
    apart: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Rates, and those of the draws.

    Attributes:
        value: (rates,) float64; NaN where there is nothing to divide by.
        draws: (draws, rates) float64, likewise.
    """

    value: Floats
    draws: Floats

    def figure(self, place: int) -> Figure:
        """One of them with its own interval, whatever the others are."""
        return figure_of(float(self.value[place]), self.draws[:, place])


def figure_of(value: float, draws: Floats) -> Figure:
    """A figure with the interval of its draws; nothing where it is not known."""
    if np.isnan(value) or np.isnan(draws).all():
        return Figure(None, None, None)
    found = interval(draws)
    return Figure(value, found.low, found.high)


def resampled_rates(
    above: sparse.csr_array[Any], below: sparse.csr_array[Any], *, seed: int
) -> Rates:
    """Quotients of sums over customers, and over customers drawn with replacement.

    O(draws · (C + nonzeros)).

    Args:
        above: (rates, C) what each customer adds to the numerators.
        below: (rates, C) what each adds to the denominators, or (1, C) where all have the same.
        seed: of the draws.
    """
    both = sparse.vstack([above, below], format="csr")
    ones = np.ones((1, both.shape[1]))
    blocks = [ones, *drawn_weights(both.shape[1], seed=seed)]
    sums = np.hstack([np.asarray(both @ weights.T) for weights in blocks])
    numerators, denominators = np.vsplit(sums, [above.shape[0]])
    quotients = np.divide(
        numerators, denominators, out=np.full_like(numerators, np.nan), where=denominators > 0
    )
    return Rates(value=quotients[:, 0], draws=quotients[:, 1:].T)


def greatest_gap(
    of: str, names: tuple[str, ...], rates: Rates, sizes: NDArray[np.integer], least: int
) -> Gap | None:
    """How far the highest of some groups' rates lies from the lowest.

    Args:
        of: what the rates are of.
        names: of the groups; NOT_KNOWN and OTHERS, which are none, are left out.
        rates: a rate of each group; groups without one are left out.
        sizes: (groups,) how large each is; the MOST largest are compared.
        least: smaller ones are left out.

    Returns:
        None where fewer than two groups have a rate, or all have the same, or hardly a draw has
        all of them.
    """
    groups = ~np.isin(names, (NOT_KNOWN, OTHERS))
    taken = np.flatnonzero(~np.isnan(rates.value) & (sizes >= least) & groups)
    taken = np.sort(taken[np.argsort(-sizes[taken], kind="stable")[:MOST]])
    draws = rates.draws[:, taken]
    draws = draws[~np.isnan(draws).any(axis=1)]
    if len(taken) < 2 or 2 * len(draws) < len(rates.draws):
        return None
    value = rates.value[taken]
    high, low = int(value.argmax()), int(value.argmin())
    if high == low:
        return None
    off = draws - value
    spread = np.atleast_2d(np.cov(off, rowvar=False))
    one, other = np.triu_indices(len(taken), 1)
    between = np.sqrt(_between(spread, one, other))
    widest = np.divide(
        np.abs(off[:, one] - off[:, other]), between, out=np.zeros((len(off), len(one))),
        where=between > 0,
    ).max(axis=1)  # fmt: skip
    wide = float(np.quantile(widest, LEVEL))
    difference = float(value[high] - value[low])
    margin = wide * float(np.sqrt(_between(spread, high, low)))
    return Gap(
        of=of,
        highest=names[taken[high]],
        lowest=names[taken[low]],
        difference=Figure(difference, difference - margin, difference + margin),
        ratio=_ratio(value[[low, high]], spread[np.ix_([low, high], [low, high])], wide),
        pairs=len(one),
        apart=int((np.abs(value[one] - value[other]) > wide * between).sum()),
    )


def _between(spread: Floats, one: Any, other: Any) -> Any:
    """The variance of a difference, never below 0."""
    variance = spread[one, one] + spread[other, other] - 2 * spread[one, other]
    return np.maximum(variance, 0.0)


def _ratio(values: Floats, spread: Floats, wide: float) -> Figure:
    """The first value over the second, with Fieller's interval."""
    low, high = values.tolist()
    if not high > 0:
        return Figure(None, None, None)
    (of_low, both), (_, of_high) = spread.tolist()
    square = high**2 - wide**2 * of_high
    if not square > 0:
        return Figure(low / high, None, None)
    middle = low * high - wide**2 * both
    end = low**2 - wide**2 * of_low
    root = float(np.sqrt(max(middle**2 - square * end, 0.0)))
    return Figure(low / high, max((middle - root) / square, 0.0), (middle + root) / square)
