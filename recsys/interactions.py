"""Interactions: who took which variant, when and how much, as flat arrays.

This is what every model learns from and what it is scored on. A customer's history at request
time is the same object with fewer rows, so that folding a new event in needs no second path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from recsys.errors import TooFewInteractions

DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class Interactions:
    """Order lines (and events) of customers, sorted by customer, then time, then variant.

    A customer who takes a variant twice in the same moment has one line with the sum of units.

    Attributes:
        customers: (U,) str, external customer ids, ascending.
        variants: (V,) str, external variant ids, ascending; the whole catalogue.
        regions: (U,) str, where each customer last bought; empty where not known.
        customer: (N,) int32, position in `customers`, ascending.
        variant: (N,) int32, position in `variants`.
        age: (N,) float32, days from the line to `as_of`, never negative.
        quantity: (N,) float32, units, positive.
        weight: (N,) float32 in (0, 1], what the line says of a preference: 1 for an order line,
            less for an event.
        as_of: the moment up to which everything is known, exclusive.
    """

    customers: NDArray[np.object_]
    variants: NDArray[np.object_]
    regions: NDArray[np.object_]
    customer: NDArray[np.int32]
    variant: NDArray[np.int32]
    age: NDArray[np.float32]
    quantity: NDArray[np.float32]
    weight: NDArray[np.float32]
    as_of: np.datetime64

    @classmethod
    def from_lines(
        cls,
        lines: pd.DataFrame,
        *,
        as_of: np.datetime64,
        variants: Sequence[str] | None = None,
    ) -> Interactions:
        """Interactions of the lines before `as_of` that name a customer and a positive quantity.

        Args:
            lines: columns customer_id, variant_id and, where known, ordered_at, quantity,
                weight and region. Without times every line has age 0; without quantities it
                counts one unit; without weights every line is an order line.
            as_of: the moment up to which everything is known, exclusive.
            variants: the whole catalogue; without it, the variants that occur in the lines used.
                Lines of variants outside it are left out.

        Raises:
            TooFewInteractions: no such line.
        """
        keep = lines["customer_id"].notna()
        if "quantity" in lines:
            keep &= lines["quantity"] > 0
        if "ordered_at" in lines:
            keep &= lines["ordered_at"] < as_of
        used = lines[keep]
        names = used["variant_id"].unique() if variants is None else variants
        catalogue = np.array(sorted(set(names)), dtype=object)
        variant = pd.Index(catalogue).get_indexer(pd.Index(used["variant_id"].astype(object)))
        used, variant = used[variant >= 0], variant[variant >= 0]
        if used.empty:
            raise TooFewInteractions(
                f"No order line of a known customer lies before {as_of}.",
                fix="Choose a later date, or import orders with customer ids.",
            )
        people, customer = np.unique(
            used["customer_id"].to_numpy(dtype=object), return_inverse=True
        )
        rows = len(used)
        age = (
            (as_of - used["ordered_at"].to_numpy()) / DAY
            if "ordered_at" in used
            else np.zeros(rows)
        )
        return cls.from_arrays(
            customers=people,
            variants=catalogue,
            regions=_last_regions(used, customer, age, len(people)),
            customer=customer,
            variant=variant,
            age=age,
            quantity=used["quantity"].to_numpy() if "quantity" in used else np.ones(rows),
            weight=used["weight"].to_numpy() if "weight" in used else np.ones(rows),
            as_of=as_of,
        )

    @classmethod
    def from_arrays(
        cls,
        *,
        customers: NDArray[np.object_],
        variants: NDArray[np.object_],
        customer: NDArray[np.integer],
        variant: NDArray[np.integer],
        age: NDArray[np.floating],
        quantity: NDArray[np.floating],
        weight: NDArray[np.floating],
        as_of: np.datetime64,
        regions: NDArray[np.object_] | None = None,
    ) -> Interactions:
        """Interactions of arrays in any order: sorted, and one line a moment and variant.

        Args:
            customers: see the class, as the others.
            variants: likewise.
            customer: (N,) positions, in any order.
            variant: likewise.
            age: (N,) days.
            quantity: (N,) units.
            weight: (N,) see the class.
            as_of: see the class.
            regions: see the class; without it no region is known.
        """
        age = age.astype(np.float32)
        order = np.lexsort((variant, -age, customer))
        customer, variant, age = customer[order], variant[order], age[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (
            (customer[1:] != customer[:-1]) | (variant[1:] != variant[:-1]) | (age[1:] != age[:-1])
        )
        starts = np.flatnonzero(first)
        units, weights = quantity[order], weight[order]
        if len(starts) < len(order):
            units = np.add.reduceat(units, starts)
            weights = np.maximum.reduceat(weights, starts)
        return cls(
            customers=customers,
            variants=variants,
            regions=_unknown(len(customers)) if regions is None else regions,
            customer=customer[starts].astype(np.int32),
            variant=variant[starts].astype(np.int32),
            age=age[starts],
            quantity=units.astype(np.float32),
            weight=weights.astype(np.float32),
            as_of=as_of,
        )

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def shape(self) -> tuple[int, int]:
        """(customers, variants)."""
        return len(self.customers), len(self.variants)

    def take(self, customers: NDArray[np.integer]) -> Interactions:
        """The histories of some customers, by ascending position; O(rows taken)."""
        starts = np.searchsorted(self.customer, customers, side="left")
        stops = np.searchsorted(self.customer, customers, side="right")
        counts = stops - starts
        total = int(counts.sum())
        offsets = np.repeat(starts - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
        rows = np.arange(total) + offsets
        return Interactions(
            customers=self.customers[customers],
            variants=self.variants,
            regions=self.regions[customers],
            customer=np.repeat(np.arange(len(customers), dtype=np.int32), counts),
            variant=self.variant[rows],
            age=self.age[rows],
            quantity=self.quantity[rows],
            weight=self.weight[rows],
            as_of=self.as_of,
        )

    def matrix(self, weights: NDArray[np.float32] | None = None) -> sparse.csr_matrix[np.float32]:
        """(U, V) float32: weights of a customer's lines of a variant, summed.

        Args:
            weights: (N,) a weight for each line; without it the matrix is binary.
        """
        cell = self.customer.astype(np.int64) * len(self.variants) + self.variant
        order = np.argsort(cell, kind="stable")
        cell = cell[order]
        starts = np.flatnonzero(np.diff(cell, prepend=-1))  # of each customer's variant
        data = np.ones(len(starts), dtype=np.float32)
        if weights is not None and len(starts):
            data = np.add.reduceat(weights.astype(np.float32)[order], starts)
        first = order[starts]
        rows = np.searchsorted(self.customer[first], np.arange(self.shape[0] + 1))
        matrix = sparse.csr_matrix(
            (data, self.variant[first], rows.astype(np.int32)), shape=self.shape
        )
        matrix.has_canonical_format = True
        return matrix

    def recency(self, days: float) -> NDArray[np.float32]:
        """(N,) float32: weight · exp(-age / days) of each line; `days` is the e-folding time.

        Where no times are known every age is 0, and every order line has 1.
        """
        decay: NDArray[np.float32] = np.exp(-self.age / np.float32(days))
        return self.weight * decay

    def recent(self, days: float) -> sparse.csr_matrix[np.float32]:
        """(U, V) float32: the recency of a customer's lines of a variant, summed."""
        return self.matrix(self.recency(days))

    def bought(self) -> NDArray[np.bool_]:
        """(N,) bool: the lines that are order lines, not events."""
        return self.weight >= 1

    def held(self) -> NDArray[np.int32]:
        """(n,) int32: the variants that occur, each once, ascending by position."""
        if len(self) < len(self.variants):
            return np.unique(self.variant)
        counts = np.bincount(self.variant, minlength=len(self.variants))
        return np.flatnonzero(counts).astype(np.int32)

    def later(self, as_of: np.datetime64) -> Interactions:
        """The same lines, seen from a later moment: every age grows by the time between."""
        grown = np.float32(max((as_of - self.as_of) / DAY, 0.0))
        return replace(self, age=self.age + grown, as_of=max(as_of, self.as_of))

    def before(self, days: int) -> Interactions:
        """What was known some days ago: the older lines alone, their ages counted from then."""
        older = self.age > days
        return replace(
            self,
            customer=self.customer[older],
            variant=self.variant[older],
            age=self.age[older] - np.float32(days),
            quantity=self.quantity[older],
            weight=self.weight[older],
            as_of=self.as_of - np.timedelta64(days, "D"),
        )

    def joined(self, other: Interactions) -> Interactions:
        """One customer's history and more lines of theirs, over the same variants and `as_of`."""
        return Interactions.from_arrays(
            customers=self.customers,
            variants=self.variants,
            customer=np.concatenate((self.customer, other.customer)),
            variant=np.concatenate((self.variant, other.variant)),
            age=np.concatenate((self.age, other.age)),
            quantity=np.concatenate((self.quantity, other.quantity)),
            weight=np.concatenate((self.weight, other.weight)),
            as_of=self.as_of,
            regions=np.where(self.regions == "", other.regions, self.regions),
        )


def _unknown(customers: int) -> NDArray[np.object_]:
    """(U,) str: no region of any customer is known."""
    return np.full(customers, "", dtype=object)


def _last_regions(
    lines: pd.DataFrame, customer: NDArray[np.intp], age: NDArray[np.floating], customers: int
) -> NDArray[np.object_]:
    """(U,) str: the region of each customer's last line that names one."""
    regions = _unknown(customers)
    if "region" in lines:
        named = np.flatnonzero(lines["region"].notna().to_numpy())
        last = named[np.lexsort((-age[named],))]  # the youngest line is written last
        regions[customer[last]] = lines["region"].to_numpy(dtype=object)[last]
    return regions
