"""What customers would have taken first: a choice model with substitution, fitted by EM.

Vulcano, van Ryzin and Ratliff, "Estimating primary demand for substitutable products from sales
transaction data" (Operations Research 60, 2012). Customers of a style arrive, and each takes
variant j with chance v_j / (v_0 + sum of v over what is in stock), or leaves: a multinomial
logit. Where a variant is sold out, some of its customers take a sibling, so that the siblings'
sales hold demand that was not meant for them. EM splits sales into the two:

    E   of the sales of j, the part that wanted j first; of the customers of what was out, how
        many there were, from what the siblings sold in the same period
    M   weights in proportion to the first-choice demand

One thing is added to the paper: a variant may be in stock for a part of a period. Stock-outs
are taken to last until the period's end, so the hours of a variant that was out longer lie
within those of one that was out for less, and a period falls into spells with one assortment
each. With shares of 0 and 1 alone it is the paper's algorithm.

The paper's market share s = V / (V + v_0), V the weight of the whole style, is what sales alone
cannot tell: it must be given, or found by other means (`production.demand.censoring.recapture`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MOST_ITERATIONS: Final = 200
TOLERANCE: Final = 1e-5
"""EM ends when no weight (a share of its style) moves by more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A fitted choice model.

    Attributes:
        weights: (V,) float64, v_j; they sum to one within a style that sold anything.
        iterations: how many EM took.
        converged: whether the last moved no weight by more than TOLERANCE.
    """

    weights: NDArray[np.float64]
    iterations: int
    converged: bool


class Spells:
    """The cells of some style-periods, sorted so that every assortment is a suffix of its block.

    A block is one style in one period. Memory is O(cells).

    Args:
        in_stock: (N,) shares of the period, 0 to 1.
        block: (N,) int64, which cells face the same customers.
    """

    def __init__(self, in_stock: NDArray[np.float64], block: NDArray[np.int64]) -> None:
        self.order = np.lexsort((in_stock, block))
        self.in_stock = in_stock[self.order]
        names, first, self.block = np.unique(
            block[self.order], return_index=True, return_inverse=True
        )
        self.blocks = len(names)
        self.first = first[self.block]  # (N,) where a cell's block begins
        step = np.diff(self.in_stock, prepend=0.0)
        step[first] = self.in_stock[first]
        self.step = step

    def reach(self, weight: NDArray[np.float64], share: float) -> NDArray[np.float64]:
        """(N,) sales of each cell over what its first-choice demand in a full period would be.

        It is the share in stock where nobody substitutes, and more where siblings were out: the
        integral over the period's spells of (V + v_0) / (V in stock + v_0), V the block's weight.

        Args:
            weight: (N,) of the cells, sums of about one in a block.
            share: the market share s, from 0 (nobody substitutes) to less than 1.
        """
        weight = weight[self.order]
        before = _before(weight, self.first)
        whole = _sums(self.block, weight, self.blocks)[self.block]
        left = np.maximum(whole - before, 0.0)
        # With v_0 = (1 - s) / s, both sides multiplied by s, so that s = 0 needs no case.
        gain = self.step * (share * whole + 1 - share) / (share * left + 1 - share)
        return self._unsorted(_before(gain, self.first) + gain)

    def _unsorted(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        result = np.empty_like(values)
        result[self.order] = values
        return result


def _before(values: NDArray[np.float64], first: NDArray[np.int64]) -> NDArray[np.float64]:
    """(N,) sum of the values before each one in its block."""
    running = np.cumsum(values) - values
    earlier: NDArray[np.float64] = running - running[first]
    return earlier


def fit_choice(
    lines: NDArray[np.float64],
    in_stock: NDArray[np.float64],
    style: NDArray[np.int32],
    *,
    share: float,
    offered: NDArray[np.bool_] | None = None,
    emphasis: NDArray[np.float64] | None = None,
    start: NDArray[np.float64] | None = None,
    most: int = MOST_ITERATIONS,
) -> Choice:
    """Weights of all styles at once, by EM; O(iterations x V x T) after one sort.

    A variant is compared only over the periods in which it was offered, so one launched late
    is not taken for one that nobody wants. A style-period without a sale, or in which nothing
    was in stock, says nothing and counts for nothing.

    Args:
        lines: (V, T) order lines sold, not negative.
        in_stock: (V, T) shares of the period, 0 to 1.
        style: (V,) position of each variant's style.
        share: the market share s, 0 <= s < 1.
        offered: (V, T) whether the variant belonged to the assortment, in stock or not; all.
        emphasis: (T,) how much each period counts; all the same.
        start: (V,) weights to begin from; equal ones.
        most: iterations at most.
    """
    count, periods = lines.shape
    styles = int(style.max(initial=-1)) + 1
    part = np.ones(lines.shape, bool) if offered is None else offered
    row, period = np.nonzero(part)
    cell = style[row].astype(np.int64) * periods + period
    spells = Spells(in_stock[row, period], cell)
    sold, present = lines[row, period], in_stock[row, period]
    age = np.ones(len(row)) if emphasis is None else emphasis[period]
    bought = _sums(cell, sold, styles * periods)
    weights = _shares(np.ones(count) if start is None else start, style, styles)
    iterations, moved = 0, np.inf
    while iterations < most and moved > TOLERANCE:
        weight = weights[row]
        reach = spells.reach(weight, share)
        customers = _ratio(bought, _sums(cell, weight * reach, styles * periods))[cell]
        first = sold * _ratio(present, reach) + (1 - present) * customers * weight
        offers = _ratio(  # arrivals by unit of weight, now that first choices are known
            _sums(cell, first, styles * periods),
            _sums(cell, weight, styles * periods),
        )[cell]
        new = _ratio(_sums(row, age * first, count), _sums(row, age * offers, count))
        new = _shares(new, style, styles)
        moved = float(np.abs(new - weights).max(initial=0.0))
        weights, iterations = new, iterations + 1
    return Choice(weights=weights, iterations=iterations, converged=moved <= TOLERANCE)


def _sums(
    place: NDArray[np.signedinteger[Any]],
    values: NDArray[np.float64],
    count: int,
) -> NDArray[np.float64]:
    """(count,) sum of the values at each place."""
    total: NDArray[np.float64] = np.bincount(place, values, count).astype(float)
    return total


def _shares(
    weights: NDArray[np.float64], style: NDArray[np.int32], styles: int
) -> NDArray[np.float64]:
    """(V,) weights that sum to one within each style, equal ones where all are zero."""
    total = _sums(style, weights, styles)
    size = np.bincount(style, minlength=styles)
    equal = 1.0 / np.maximum(size, 1)
    return np.where(total[style] > 0, _ratio(weights, total[style]), equal[style])


def _ratio(over: NDArray[np.float64], under: NDArray[np.float64]) -> NDArray[np.float64]:
    """One over the other; 0 where the other is 0."""
    return np.divide(over, under, out=np.zeros_like(over), where=under > 0)
