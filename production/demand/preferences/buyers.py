"""How few customers a variant's sales hang on.

A hundred units for one customer say less of the weeks to come than a hundred for fifty: whether
that one returns decides. The share of the largest buyer is the simplest measure of it, and the one
of several that made forecasts of new and sparse variants better.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.demand.periods import WEEK
from production.demand.preferences.lines import Lines

BUYER_WEEKS: Final = 13
"""Weeks in which buyers are counted."""


def largest_shares(
    lines: Lines, weeks: NDArray[np.datetime64], variants: int
) -> NDArray[np.float64]:
    """(V, T + 1) share of a variant's units in the BUYER_WEEKS before each week that went to its
    largest customer; 0 where no known customer bought. O(N log N) time, and T passes over a
    window's purchases.

    Args:
        lines: order lines of known customers.
        weeks: (T,) Mondays, consecutive.
        variants: V.
    """  # noqa: D205  # one sentence, two lines
    result = np.zeros((variants, len(weeks) + 1))
    week = ((lines.at - weeks[0]) / WEEK).astype(np.int64)
    order = np.lexsort((lines.customer, lines.variant))
    variant, customer, week = lines.variant[order], lines.customer[order], week[order]
    quantity = lines.quantity[order]
    for end in range(1, len(weeks) + 1):
        inside = np.flatnonzero((week < end) & (week >= end - BUYER_WEEKS))
        if not len(inside):
            continue
        whose, who = variant[inside], customer[inside]
        first = np.ones(len(inside), dtype=bool)
        first[1:] = (whose[1:] != whose[:-1]) | (who[1:] != who[:-1])
        starts = np.flatnonzero(first)
        bought = np.add.reduceat(quantity[inside], starts)  # units a variant and customer
        most, total = np.zeros(variants), np.zeros(variants)
        np.maximum.at(most, whose[starts], bought)
        np.add.at(total, whose[starts], bought)
        np.divide(most, total, out=result[:, end], where=total > 0)
    return result
