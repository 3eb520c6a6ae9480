"""Baskets: what a customer took on one day, and how many baskets ago.

A line that says less than an order line (an event) weighs less in its basket, and a basket weighs
as its weightiest line: a day of views does not push a customer's orders back as a day of orders
does. Baskets are counted in thousandths, so that a customer's count never depends on who is
counted beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.interactions import DAY, Interactions

PARTS: Final = 1_000
"""Parts of a basket that are counted."""

GRACE: Final = 1 / 1440
"""Days by which a moment may seem to lie before midnight: ages are float32, of a few seconds."""


@dataclass(frozen=True, slots=True)
class Baskets:
    """Variants of baskets, sorted by customer, then time, then variant.

    Attributes:
        customer: (E,) int32, position of the customer, ascending.
        variant: (E,) int32, position of the variant; once in a basket.
        weight: (E,) float32 in (0, 1], that of the basket's weightiest line of the variant.
        since: (E,) int64, weights of the customer's later baskets, in `PARTS`; 0 in the last.
        total: (U,) int64, weights of all of a customer's baskets, in `PARTS`.
    """

    customer: NDArray[np.int32]
    variant: NDArray[np.int32]
    weight: NDArray[np.float32]
    since: NDArray[np.int64]
    total: NDArray[np.int64]


def baskets_of(lines: Interactions) -> Baskets:
    """The customers' lines by day; O(lines * log lines).

    Where no times are known, all of a customer's lines are one basket.
    """
    day = np.floor(_days(lines.as_of) - lines.age.astype(np.float64) + GRACE).astype(np.int64)
    order = np.lexsort((lines.variant, day, lines.customer))
    customer, variant, day = lines.customer[order], lines.variant[order], day[order]
    weight = lines.weight[order]
    basket = _changes(customer, day)  # (N,) whether a basket begins
    entry = np.flatnonzero(basket | _changes(variant))
    opens = np.flatnonzero(basket)
    customers = customer[opens]  # (B,)
    if len(entry):
        weights = np.maximum.reduceat(weight, opens)
        weight = np.maximum.reduceat(weight, entry)
    else:
        weights = weight
    parts = np.maximum(np.rint(weights * PARTS), 1).astype(np.int64)  # (B,)
    total = np.zeros(lines.shape[0], dtype=np.int64)
    np.add.at(total, customers, parts)
    since = np.cumsum(total)[customers] - np.cumsum(parts)
    return Baskets(
        customer=customer[entry],
        variant=variant[entry],
        weight=weight,
        since=since[np.cumsum(basket)[entry] - 1],
        total=total,
    )


def _days(moment: np.datetime64) -> float:
    return float((moment - np.datetime64(0, "us")) / DAY)


def _changes(*keys: NDArray[np.integer]) -> NDArray[np.bool_]:
    """(N,) bool: where any key differs from that of the row before; true for the first row."""
    changed = np.ones(len(keys[0]), dtype=bool)
    changed[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return changed
