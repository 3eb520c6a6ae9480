"""Exposure by group of variants, against what each is of the catalogue and of sales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.evaluation.shown.differences import Figure, Gap, Rates, greatest_gap, resampled_rates
from recsys.evaluation.shown.lists import Labels, ShownLists


@dataclass(frozen=True, slots=True, kw_only=True)
class OfVariants:
    """A group of variants.

    Attributes:
        group: its name.
        offered: its variants that could have been shown.
        shown: those that were.
        exposure: its share of all places.
        discounted: its share of exposure.
        catalogue: its share of the variants that could have been shown.
        sales: its share of the units sold; None where no sale is known.
        to_catalogue: discounted exposure over the share of the catalogue.
        to_sales: the same over the share of sales.
    """

    group: str
    offered: int
    shown: int
    exposure: float
    discounted: Figure
    catalogue: float
    sales: float | None
    to_catalogue: Figure
    to_sales: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ByVariants:
    """Exposure by one kind of group, the most shown first, and the gap of `to_catalogue`."""

    by: str
    groups: Sequence[OfVariants]
    gap: Gap | None


def by_variants(
    shown: ShownLists, labels: Labels, sales: NDArray[np.float64], *, seed: int
) -> ByVariants:
    """Exposure of each group of variants against what it is of the catalogue and of sales.

    Args:
        shown: the lists.
        labels: of the catalogue's variants.
        sales: (V,) units sold; zeros where nobody knows.
        seed: of the draws.
    """
    count, code, discount = len(labels.names), labels.code[shown.variant], shown.discount
    customer = shown.customer[shown.row]
    above = sparse.csr_array((discount, (code, customer)), shape=(count, shown.customers))
    below = sparse.csr_array(np.asarray(above.sum(axis=0))[None, :])
    rates = resampled_rates(above, below, seed=seed)
    offered = np.bincount(labels.code[shown.offered], minlength=count)
    catalogue = offered / max(int(offered.sum()), 1)
    sold = np.bincount(labels.code, weights=sales, minlength=count)
    bought = sold / sold.sum() if sold.any() else np.full(count, np.nan)
    seen = np.bincount(labels.code[np.unique(shown.variant)], minlength=count)
    plain = np.bincount(code, minlength=count) / max(len(code), 1)
    to_catalogue = _over(rates, catalogue)
    to_sales = _over(rates, bought)
    groups = [
        OfVariants(
            group=labels.names[place],
            offered=int(offered[place]),
            shown=int(seen[place]),
            exposure=float(plain[place]),
            discounted=rates.figure(place),
            catalogue=float(catalogue[place]),
            sales=None if np.isnan(bought[place]) else float(bought[place]),
            to_catalogue=to_catalogue.figure(place),
            to_sales=to_sales.figure(place),
        )
        for place in np.argsort(-rates.value, kind="stable").tolist()
    ]
    gap = greatest_gap("to_catalogue", labels.names, to_catalogue, offered, 1)
    return ByVariants(by=labels.by, groups=groups, gap=gap)


def _over(rates: Rates, shares: NDArray[np.float64]) -> Rates:
    """Rates over shares; NaN where a share is 0 or not known."""
    known = shares > 0
    divisor = np.where(known, shares, 1.0)
    return Rates(
        value=np.where(known, rates.value / divisor, np.nan),
        draws=np.where(known, rates.draws / divisor, np.nan),
    )
