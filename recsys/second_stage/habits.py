"""Habits: how often, how lately and at what pace a customer bought a variant before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.interactions import Interactions

PAIR_NAMES: Final = (
    "times", "last_days", "first_days", "gap_days", "due", "share", "share_since", "visits_since",
    "recent_20", "recent_60", "recent_300", "log_units", "last_units", "units_beyond_own",
    "units_of_usual", "cover", "recent_visits", "in_last", "in_second", "in_third", "in_fourth",
)  # fmt: skip
CUSTOMER_NAMES: Final = (
    "lines", "visits", "idle_days", "tenure_days", "visit_gap_days", "distinct", "repeat_share",
    "lines_a_visit", "lines_last", "lines_second", "lines_third", "log_units_a_line",
)  # fmt: skip
_DECAYS: Final = (20.0, 60.0, 300.0)
_VISIT_DECAY: Final = 0.7  # of a visit's weight with each visit since


@dataclass(frozen=True, slots=True)
class Habits:
    """What was bought on which days, by pair of customer and variant and by customer.

    Attributes:
        key: (P,) int64, customer * V + variant of each pair ever bought, ascending.
        pair: (P, 21) float32, `PAIR_NAMES`: days bought; days since the last and the first; mean
            days between; days since the last over those; share of the customer's visits, and of
            those since the first; visits since the last; decayed days; log of units a time; log of
            the last day's units, and how far they lie above the customer's usual line; those units
            over the pair's usual; days since over the days that they last at the pair's pace;
            decayed visits; whether each of the last four visits had it.
        customer: (U, 12) float32, `CUSTOMER_NAMES`.
    """

    key: NDArray[np.int64]
    pair: NDArray[np.float32]
    customer: NDArray[np.float32]

    def of_pairs(self, key: NDArray[np.int64]) -> NDArray[np.float32]:
        """(M, 21) float32: the habits of pairs; NaN where the customer never bought the variant."""
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
    entry, first_row, day_of = np.unique(key * span + day, return_index=True, return_inverse=True)
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
    on_day = np.bincount(day_of, histories.quantity[bought], len(entry)).astype(np.float64)
    pace = _paces(on_day, starts, stops, last, first)
    visited = _VISIT_DECAY ** since.astype(np.float64)
    at = [np.maximum.reduceat(since == back, starts) for back in range(4)]
    usual = np.bincount(customer, units, customers) / np.maximum(
        np.bincount(customer, minlength=customers), 1
    )
    pair = np.column_stack(
        [
            times, last, first, gap, due, times / visits[owner], times / (since[stops] + 1),
            since[starts], *decayed, np.bincount(which, units, minlength=len(pairs))
            / np.maximum(np.bincount(which, minlength=len(pairs)), 1),
            pace[0], pace[0] - usual[owner], *pace[1:], np.add.reduceat(visited, starts), *at,
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
            *_visit_sizes(whose[at_visit[first_row]], since, customers),
            np.where(lines > 0, usual, np.nan),
        ]
    )  # fmt: skip
    return Habits(pairs, pair.astype(np.float32), by_customer.astype(np.float32))


def _paces(
    units: NDArray[np.float64],
    starts: NDArray[np.integer],
    stops: NDArray[np.integer],
    last: NDArray[np.float64],
    first: NDArray[np.float64],
) -> list[NDArray[np.float64]]:
    """Log of the last day's units, those over the usual ones, and how far they are used up.

    Args:
        units: (E,) of each pair and day, the last first.
        starts: (P,) a pair's last day.
        stops: (P,) its first day.
        last: (P,) days since the last.
        first: (P,) days since the first.
    """
    latest = units[starts]
    total = np.add.reduceat(units, starts)
    times = stops - starts + 1
    again = times > 1
    pace = (total - latest) / np.maximum(first - last, 1)  # units a day, before the last day
    lasting = np.maximum(latest / np.maximum(pace, 1e-6), 1)
    return [np.log(latest), latest * times / total, np.where(again, last / lasting, np.nan)]


def _visit_sizes(
    customer: NDArray[np.integer], since: NDArray[np.integer], customers: int
) -> list[NDArray[np.float64]]:
    """(U,) variants of each customer's last visit, the one before and the one before that."""
    sizes = [
        np.bincount(customer[since == back], minlength=customers).astype(np.float64)
        for back in range(3)
    ]
    return [np.where(size > 0, size, np.nan) for size in sizes]
