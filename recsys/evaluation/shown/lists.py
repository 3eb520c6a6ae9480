"""Served lists as flat arrays, and the groups that they and their variants are told by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.metrics import pair_keys
from recsys.groups.groups import LEAST

NOT_KNOWN: Final = "not known"
OTHERS: Final = "other groups"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLists:
    """L lists of n places in all, over a catalogue of V variants.

    Attributes:
        customer: (L,) int, each list's customer, from 0 without a gap.
        row: (n,) int, each place's list.
        position: (n,) int, each place's position in its list, from 1.
        variant: (n,) int, what it showed.
        offered: (V,) bool, what could have been shown.
        personal: (L,) float64, 1 where the model made the list, 0 where something stood in for it,
            NaN where that is not known.
        responded: (L,) float64, 1 where the customer responded, 0 where not, NaN where it is too
            early to tell.
    """

    customer: NDArray[np.integer]
    row: NDArray[np.integer]
    position: NDArray[np.integer]
    variant: NDArray[np.integer]
    offered: NDArray[np.bool_]
    personal: NDArray[np.float64]
    responded: NDArray[np.float64]

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return int(self.customer.max(initial=-1)) + 1

    @property
    def discount(self) -> NDArray[np.float64]:
        """(n,) float64: how much a place is looked at, 1 / log2(position + 1), as in DCG."""
        looked: NDArray[np.float64] = 1.0 / np.log2(self.position + 1.0)
        return looked


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Groups of lists, or of variants.

    Attributes:
        by: what they are told by.
        names: of the groups.
        code: int, each one's place in `names`.
        merged: how many groups were too small to be told, and stand in OTHERS.
    """

    by: str
    names: tuple[str, ...]
    code: NDArray[np.intp]
    merged: int = 0

    @classmethod
    def of(cls, by: str, values: NDArray[np.object_]) -> Labels:
        """Groups of equal texts, by name; an empty text stands for NOT_KNOWN, which comes last."""
        names, code = np.unique(values.astype(str), return_inverse=True)
        if len(names) and names[0] == "":
            names, code = np.append(names[1:], NOT_KNOWN), (code - 1) % len(names)
        return cls(by=by, names=tuple(names.tolist()), code=code.astype(np.intp))


def customers_of(labels: Labels, customer: NDArray[np.integer]) -> NDArray[np.intp]:
    """(groups,) int: how many customers have a list in each group; one may be in several.

    Args:
        labels: of lists.
        customer: (L,) each list's.
    """
    width = int(customer.max(initial=0)) + 1
    pairs = np.unique(pair_keys(labels.code, customer, width))
    return np.bincount(pairs // width, minlength=len(labels.names)).astype(np.intp)


def told(labels: Labels, customer: NDArray[np.integer]) -> Labels | None:
    """The groups without those of fewer than LEAST customers, which are taken together.

    Where even together they are too few, the next larger group joins them: else what all come to
    less the groups that are told would tell of them.

    Args:
        labels: of lists.
        customer: (L,) each list's.

    Returns:
        None where there are fewer than LEAST customers in all.
    """
    counts = customers_of(labels, customer)
    if not (counts < LEAST).any():
        return labels
    order = np.argsort(counts, kind="stable")
    for size in range(int((counts < LEAST).sum()), len(order) + 1):
        small = np.isin(labels.code, order[:size])
        if len(np.unique(customer[small])) >= LEAST:
            break
    else:
        return None
    kept = np.sort(order[size:])
    place = np.full(len(counts), len(kept))
    place[kept] = np.arange(len(kept))
    names = (*(labels.names[one] for one in kept.tolist()), OTHERS)
    return Labels(by=labels.by, names=names, code=place[labels.code], merged=size)
