"""Purchases: the days on which customers ordered, and what is known of each by a moment.

Several orders of a customer on one day are one purchase: shops split a basket over invoices, and
whether somebody comes back is a matter of days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DAY: Final = np.timedelta64(1, "D")
PACES: Final = (30.0, 90.0, 365.0)
"""e-folding times, in days, at which a customer's purchases are counted."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchases:
    """Days on which known customers ordered, sorted by customer, then day.

    Attributes:
        customers: (U,) str, ids, ascending.
        customer: (N,) position in `customers`, ascending.
        day: (N,) int64, days since 1970.
        money: (N,) float64, what the day's lines cost.
    """

    customers: NDArray[np.object_]
    customer: NDArray[np.intp]
    day: NDArray[np.int64]
    money: Floats

    @classmethod
    def of(cls, orders: pd.DataFrame) -> Purchases:
        """The purchases of an orders table: lines that name a customer and a positive quantity."""
        used = orders[orders["customer_id"].notna() & (orders["quantity"] > 0)]
        customers, customer = np.unique(
            used["customer_id"].to_numpy(dtype=object), return_inverse=True
        )
        day = used["ordered_at"].to_numpy().astype("datetime64[D]").astype(np.int64)
        paid = used["quantity"].to_numpy(dtype=float) * used["unit_price"].to_numpy(dtype=float)
        order = np.lexsort((day, customer))
        customer, day, paid = customer[order], day[order], paid[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
        starts = np.flatnonzero(first)
        money = np.add.reduceat(paid, starts) if len(starts) else np.zeros(0)
        return cls(customers=customers, customer=customer[starts], day=day[starts], money=money)

    def within(self, start: np.datetime64, stop: np.datetime64) -> NDArray[np.bool_]:
        """(U,) whether each customer ordered on a day from `start` to before `stop`."""
        since, until = _number(start), _number(stop)
        ordered = np.zeros(len(self.customers), dtype=bool)
        ordered[self.customer[(self.day >= since) & (self.day < until)]] = True
        return ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What the purchases before a moment say of each customer who had one by then.

    Attributes:
        place: (C,) position in the purchases' customers, ascending.
        recency: (C,) days since the last purchase, at least 1.
        tenure: (C,) days since the first.
        count: (C,) purchases.
        gap: (C,) mean days between two; NaN after a single one.
        spread: (C,) standard deviation of the days between two; NaN below three purchases.
        rates: (C, PACES) purchases, each counting exp(-age / pace).
        money: (C,) mean money of a purchase.
    """

    place: NDArray[np.intp]
    recency: Floats
    tenure: Floats
    count: Floats
    gap: Floats
    spread: Floats
    rates: Floats
    money: Floats


def rhythm(purchases: Purchases, moment: np.datetime64) -> Rhythm:
    """Each customer's rhythm, from the days before `moment` alone; O(purchases)."""
    until = _number(moment)
    known = purchases.day < until
    who, day = purchases.customer[known], purchases.day[known]
    place, customer, count = np.unique(who, return_inverse=True, return_counts=True)
    people = len(place)
    starts = np.concatenate(([0], np.cumsum(count)[:-1])).astype(np.intp)
    if not people:
        none = np.zeros(0)
        return Rhythm(place=place, recency=none, tenure=none, count=none, gap=none, spread=none,
                      rates=np.zeros((0, len(PACES))), money=none)  # fmt: skip
    first, last = day[starts], day[starts + count - 1]
    age = (until - day).astype(float)
    between = np.diff(day, prepend=day[0]).astype(float)
    between[starts] = 0  # a customer's first purchase follows none
    gap = np.divide(last - first, count - 1, out=np.full(people, np.nan), where=count > 1)
    off = between - np.nan_to_num(gap)[customer]
    off[starts] = 0
    squares = np.bincount(customer, weights=off**2, minlength=people)
    spread = np.sqrt(np.divide(squares, count - 2, out=np.full(people, np.nan), where=count > 2))
    total = np.bincount(customer, weights=purchases.money[known], minlength=people)
    return Rhythm(
        place=place,
        recency=(until - last).astype(float),
        tenure=(until - first).astype(float),
        count=count.astype(float),
        gap=gap,
        spread=spread,
        rates=np.stack(
            [
                np.bincount(customer, weights=np.exp(-age / pace), minlength=people)
                for pace in PACES
            ],
            axis=1,
        ),
        money=total / count,
    )


def _number(moment: np.datetime64) -> int:
    """Days since 1970 of a moment's day."""
    return int(moment.astype("datetime64[D]").astype(np.int64))
