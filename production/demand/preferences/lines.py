"""Order lines of known customers, with positions for ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.interactions import DAY, Interactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Order lines of known customers, with positions for ids.

    Attributes:
        customers: (U,) str, ids of all customers, ascending.
        customer: (N,) position in `customers`.
        variant: (N,) position in the panel's variants.
        quantity: (N,) units.
        at: (N,) datetime64, when.
    """

    customers: NDArray[np.object_]
    customer: NDArray[np.intp]
    variant: NDArray[np.intp]
    quantity: NDArray[np.float64]
    at: NDArray[np.datetime64]

    @classmethod
    def of(cls, orders: pd.DataFrame, variants: NDArray[np.object_]) -> Lines:
        """The lines of these variants that name a customer and a positive quantity.

        Args:
            orders: the orders table.
            variants: (V,) ids, ascending.
        """
        variant = pd.Index(variants).get_indexer(pd.Index(orders["variant_id"]))
        known = orders["customer_id"].notna() & (orders["quantity"] > 0) & (variant >= 0)
        lines, variant = orders[known], variant[known]
        customers, customer = np.unique(
            lines["customer_id"].to_numpy(dtype=object), return_inverse=True
        )
        return cls(
            customers=customers,
            customer=customer,
            variant=variant,
            quantity=lines["quantity"].to_numpy(dtype=float),
            at=lines["ordered_at"].to_numpy(),
        )

    def before(self, moment: np.datetime64, variants: NDArray[np.object_]) -> Interactions | None:
        """Interactions before a moment, of the customers and variants that occur in them."""
        used = self.at < moment
        if not used.any():
            return None
        customers, customer = np.unique(self.customer[used], return_inverse=True)
        present, variant = np.unique(self.variant[used], return_inverse=True)
        return Interactions.from_arrays(
            customers=self.customers[customers],
            variants=variants[present],
            customer=customer,
            variant=variant,
            age=(moment - self.at[used]) / DAY,
            quantity=self.quantity[used],
            weight=np.ones(len(customer)),
            as_of=moment,
        )
