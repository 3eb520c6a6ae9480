"""Habits: how often, how lately and at what pace a customer bought a variant before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.interactions import Interactions

PAIR_NAMES: Final = (
    "times", "last_days", "first_days", "gap_days", "due", "share", "share_since", "visits_since",
    "recent_20", "recent_60", "recent_300", "log_units",
)  # fmt: skip
CUSTOMER_NAMES: Final = (
    "lines", "visits", "idle_days", "tenure_days", "visit_gap_days", "distinct", "repeat_share",
    "lines_a_visit",
)  # fmt: skip
_DECAYS: Final = (20.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Habits:
    """What was bought on which days, by pair of customer and variant and by customer.

    Attributes:
        key: (P,) int64, customer * V + variant of each pair ever bought, ascending.
        pair: (P, 12) float32, `PAIR_NAMES`: days bought; days since the last and the first; mean
            days between; days since the last over those; share of the customer's visits, and of
            those since the first; visits since the last; decayed days; log of units a time.
        customer: (U, 8) float32, `CUSTOMER_NAMES`.
    """

    key: NDArray[np.int64]
    pair: NDArray[np.float32]
    customer: NDArray[np.float32]

    def of_pairs(self, key: NDArray[np.int64]) -> NDArray[np.float32]:
        """(M, 12) float32: the habits of pairs; NaN where the customer never bought the variant."""
        found = np.full((len(key), len(PAIR_NAMES)), np.nan, dtype=np.float32)
        if len(self.key):
            place = np.minimum(np.searchsorted(self.key, key), len(self.key) - 1)
            known = self.key[place] == key
            found[known] = self.pair[place[known]]
        return found


def habits_of(histories: Interactions) -> Habits:
    """The habits that order lines tell; a visit is a day. O(lines * log lines).

    Args:
        histories: the customers' lines; events say nothing here.
    """
    customers, variants = histories.shape
    bought = histories.bought()
    if not bought.any():
        return Habits(
            np.zeros(0, dtype=np.int64),
            np.zeros((0, len(PAIR_NAMES)), dtype=np.float32),
            np.full((customers, len(CUSTOMER_NAMES)), np.nan, dtype=np.float32),
        )
    customer = histories.customer[bought].astype(np.int64)
    variant = histories.variant[bought].astype(np.int64)
    day = np.floor(histories.age[bought].astype(np.float64)).astype(np.int64)
    units = np.log(histories.quantity[bought].astype(np.float64))

    # visits of each customer, the last first
    span = int(day.max(initial=0)) + 1
    visit, at_visit = np.unique(customer * span + day, return_inverse=True)
    whose = visit // span
    visits = np.bincount(whose, minlength=customers)
    place = np.arange(len(visit)) - (np.cumsum(visits) - visits)[whose]  # visits since

    # days of each pair, the last first
    key = customer * variants + variant
    entry, first_row = np.unique(key * span + day, return_index=True)
    pair_of_entry = entry // span
    pairs, starts, times = np.unique(pair_of_entry, return_index=True, return_counts=True)
    days = (entry % span).astype(np.float64)
    since = place[at_visit[first_row]]  # visits since, of each entry
    stops = starts + times - 1
    last, first = days[starts], days[stops]
    gap = np.where(times > 1, (first - last) / np.maximum(times - 1, 1), np.nan)
    owner = pairs // variants
    which = np.searchsorted(pairs, key)
    with np.errstate(divide="ignore", invalid="ignore"):
        due = last / gap
    decayed = [np.add.reduceat(np.exp(-days / decay), starts) for decay in _DECAYS]
    pair = np.column_stack(
        [
            times, last, first, gap, due, times / visits[owner], times / (since[stops] + 1),
            since[starts], *decayed, np.bincount(which, units, minlength=len(pairs))
            / np.maximum(np.bincount(which, minlength=len(pairs)), 1),
        ]
    )  # fmt: skip

    lines = np.bincount(customer, minlength=customers)
    idle = np.full(customers, np.nan)
    tenure = np.full(customers, np.nan)
    idle[whose[place == 0]] = (visit % span)[place == 0]
    np.fmax.at(tenure, whose, (visit % span).astype(np.float64))
    distinct = np.bincount(owner, minlength=customers)
    entries = np.bincount(owner, times, minlength=customers)
    some = np.maximum(visits, 1)
    by_customer = np.column_stack(
        [
            lines, visits, idle, tenure,
            np.where(visits > 1, (tenure - idle) / np.maximum(visits - 1, 1), np.nan), distinct,
            1 - distinct / np.maximum(entries, 1), lines / some,
        ]
    )  # fmt: skip
    return Habits(pairs, pair.astype(np.float32), by_customer.astype(np.float32))
