"""Who orders, and how many lines: a customer's own rates, weighed by what came of such rates.

A customer's order lines a day at several paces (a decayed count over its e-folding time) are the
columns of a non-negative least squares fit of the lines that came in the last horizon, known to
the shop when it began. One set of weights for all customers: it holds how fast customers lapse,
how much a rush is worth, and the season of the whole shop.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from recsys.interactions import Interactions

PACES: Final = (30.0, 90.0, 365.0)
"""e-folding times of a customer's rate of lines, in days."""

LAPSED_DAYS: Final = 365.0
"""A customer without a line in so many days is expected to order nothing."""


def line_rates(past: Interactions) -> NDArray[np.float64]:
    """(U, P) order lines a day of each customer, at each of PACES."""
    return np.stack(
        [
            np.bincount(past.customer, weights=np.exp(-past.age / pace), minlength=past.shape[0])
            / pace
            for pace in PACES
        ],
        axis=1,
    )


def alive(past: Interactions) -> NDArray[np.int64]:
    """Positions of the customers who ordered within LAPSED_DAYS."""
    youngest = np.full(past.shape[0], np.inf)
    np.minimum.at(youngest, past.customer, past.age)
    return np.flatnonzero(youngest < LAPSED_DAYS)


def expected_lines(
    before: NDArray[np.float64], came: NDArray[np.float64], now: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(U,) order lines of each customer in the horizon to come.

    Args:
        before: (U', P) rates of customers a horizon ago.
        came: (U',) the lines that they ordered since.
        now: (U, P) rates of customers today.
    """
    weights, _ = nnls(before, came)
    lines: NDArray[np.float64] = now @ weights
    return lines
