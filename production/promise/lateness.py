"""How sure a promise is, by how past ones were kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

LATEST_ORDERS: Final = 1_000
"""So many of the latest shipped orders are looked at."""

NINE_OF_TEN: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """What past promises say of the next.

    Attributes:
        kept: probability that it is kept.
        based_on: orders that this was learned from.
        days_late: nine of ten were at most so many days late; below 0 where early.
    """

    kept: float
    based_on: int
    days_late: int


def reliability(lateness: Sequence[int]) -> Reliability | None:
    """How past promises were kept; None where nothing was shipped yet.

    The probability is the mean of a Beta posterior under Jeffreys' prior, (kept + 1/2) / (n + 1),
    so that few orders say nothing for certain (H. Jeffreys, Theory of Probability, 1961).

    >>> reliability([0, -1, 2]).kept
    0.625
    """
    if not lateness:
        return None
    days = np.sort(np.asarray(lateness, dtype=np.int64))
    kept = int(np.count_nonzero(days <= 0))
    return Reliability(
        kept=(kept + 0.5) / (len(days) + 1),
        based_on=len(days),
        days_late=int(days[math.ceil(NINE_OF_TEN * len(days)) - 1]),
    )
