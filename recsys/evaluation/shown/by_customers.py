"""Lists by group of customers: how many, what they were shown of the catalogue, and rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.evaluation.beyond import exposure
from recsys.evaluation.groups import ENOUGH
from recsys.evaluation.shown.differences import Figure, Gap, Rates, greatest_gap, resampled_rates
from recsys.evaluation.shown.lists import Labels, ShownLists, customers_of

COMPARED: Final = 12
"""Groups of variants whose share of exposure is compared between customers: the most shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How exposure is spread over the variants that could have been shown; see the module."""

    coverage: float
    gini: float
    entropy: float
    effective_variants: float
    discounted_gini: float
    discounted_entropy: float
    discounted_effective_variants: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OfCustomers:
    """A group of customers, or of lists.

    Attributes:
        group: its name.
        customers: with a list in it.
        lists: how many.
        spread: of what they were shown.
        rates: by name, `personal`, `responding` and `COLUMN=VALUE` for exposure.
    """

    group: str
    customers: int
    lists: int
    spread: Spread
    rates: Mapping[str, Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByCustomers:
    """Lists by one kind of group.

    Attributes:
        by: the kind.
        groups: those that are told.
        merged: how many of them were too small and stand in one.
        gaps: of each rate that at least two groups have.
    """

    by: str
    groups: Sequence[OfCustomers]
    merged: int
    gaps: Sequence[Gap]


def by_customers(
    shown: ShownLists, labels: Labels, by_variants: Sequence[Labels], *, seed: int
) -> ByCustomers:
    """Lists by group of customers, and how unlike the groups were served.

    Args:
        shown: the lists.
        labels: of the lists.
        by_variants: groups of variants whose share of exposure is told.
        seed: of the draws.
    """
    groups, rates = _of_customers(shown, labels, by_variants, seed=seed)
    sizes = np.array([group.customers for group in groups])
    gaps = [greatest_gap(name, labels.names, one, sizes, ENOUGH) for name, one in rates.items()]
    return ByCustomers(
        by=labels.by,
        groups=groups,
        merged=labels.merged,
        gaps=[gap for gap in gaps if gap is not None],
    )


def over_all(shown: ShownLists, *, seed: int) -> OfCustomers:
    """All lists as one group."""
    code = np.zeros(len(shown.customer), dtype=np.intp)
    return _of_customers(shown, Labels(by="", names=("all",), code=code), [], seed=seed)[0][0]


def _of_customers(
    shown: ShownLists, labels: Labels, by_variants: Sequence[Labels], *, seed: int
) -> tuple[list[OfCustomers], dict[str, Rates]]:
    """Each group's figures, and the rates by name."""
    count = len(labels.names)
    spreads = _spreads(shown, labels)
    rates = _rates(shown, labels, by_variants, seed=seed)
    customers = customers_of(labels, shown.customer)
    lists = np.bincount(labels.code, minlength=count)
    groups = [
        OfCustomers(
            group=labels.names[place],
            customers=int(customers[place]),
            lists=int(lists[place]),
            spread=spreads[place],
            rates={name: one.figure(place) for name, one in rates.items()},
        )
        for place in range(count)
    ]
    return groups, rates


def _spreads(shown: ShownLists, labels: Labels) -> list[Spread]:
    """How each group's exposure is spread."""
    count, group = len(labels.names), labels.code[shown.row]
    seen, column = np.unique(shown.variant, return_inverse=True)
    offered = int(shown.offered.sum())
    most = np.log(offered) if offered > 1 else 1.0
    parts = []
    for weight in (np.ones(len(group)), shown.discount):
        cells = np.bincount(group * len(seen) + column, weights=weight, minlength=count * len(seen))
        counts: NDArray[np.float64] = cells.reshape(count, len(seen)).astype(np.float64)
        figures = exposure(counts, offered)
        entropy = np.log(np.maximum(figures[:, 2], 1.0)) / most
        parts.append(np.column_stack([figures[:, 1], entropy, figures[:, 2], figures[:, 0]]))
    alike, looked = parts
    return [
        Spread(
            coverage=one[3],
            gini=one[0],
            entropy=one[1],
            effective_variants=one[2],
            discounted_gini=other[0],
            discounted_entropy=other[1],
            discounted_effective_variants=other[2],
        )
        for one, other in zip(alike.tolist(), looked.tolist(), strict=True)
    ]


def _rates(
    shown: ShownLists, labels: Labels, by_variants: Sequence[Labels], *, seed: int
) -> dict[str, Rates]:
    """The rates of each group of customers, by name; all from the same draws."""
    count, people = len(labels.names), shown.customers

    def sums(
        kind: NDArray[np.integer], lists: NDArray[np.integer], values: NDArray[np.float64], of: int
    ) -> sparse.csr_array[np.float64]:
        row = kind * count + labels.code[lists]
        return sparse.csr_array((values, (row, shown.customer[lists])), shape=(of * count, people))

    names: list[str] = []
    above, below = [], []
    for name, values in (("personal", shown.personal), ("responding", shown.responded)):
        known = np.flatnonzero(~np.isnan(values))
        if len(known) and not (name == "personal" and labels.by == "fallback"):
            names.append(name)
            above.append(sums(np.zeros_like(known), known, values[known], 1))
            below.append(sums(np.zeros_like(known), known, np.ones(len(known)), 1))
    discount = shown.discount
    every = sums(np.zeros_like(shown.row), shown.row, discount, 1)
    for of in by_variants:
        code, largest = of.code[shown.variant], len(of.names)
        weight = np.bincount(code, weights=discount, minlength=largest)
        most = COMPARED if largest > 2 else 1  # of two groups one says all
        chosen = np.sort(np.argsort(-weight, kind="stable")[:most])
        place = np.full(largest, -1)
        place[chosen] = np.arange(len(chosen))
        taken = np.flatnonzero(place[code] >= 0)
        names += [f"{of.by}={of.names[one]}" for one in chosen.tolist()]
        above.append(sums(place[code[taken]], shown.row[taken], discount[taken], len(chosen)))
        below += [every] * len(chosen)
    if not names:
        return {}
    found = resampled_rates(
        sparse.vstack(above, format="csr"), sparse.vstack(below, format="csr"), seed=seed
    )
    return {
        name: Rates(
            value=found.value[at : at + count], draws=found.draws[:, at : at + count]
        )
        for name, at in zip(names, range(0, len(names) * count, count), strict=True)
    }  # fmt: skip
