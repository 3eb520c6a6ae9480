"""What is known of customers besides: the shares of colours, sizes, materials… in what they buy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import ORDERS, VARIANTS
from data.workspace import Workspace

PRIOR: Final = 5.0
"""Order lines of the usual customer that each one's shares are mixed with."""
MOST_VALUES: Final = 60
"""Values of an attribute; one with more says who bought what, not of what kind."""


@dataclass(frozen=True, kw_only=True)
class Profiles:
    """Standardised profiles of U customers.

    Attributes:
        customers: (U,) ids, ascending.
        values: (U, P) float64, columns of mean 0 and deviation 1.
    """

    customers: NDArray[np.object_]
    values: NDArray[np.float64]

    @classmethod
    def none(cls) -> Profiles:
        """Nothing is known of anybody."""
        return cls(customers=np.array([], dtype=object), values=np.zeros((0, 0)))

    @cached_property
    def row(self) -> dict[str, int]:
        """A customer's row."""
        return {str(customer): at for at, customer in enumerate(self.customers)}

    def of(self, customers: NDArray[np.object_]) -> NDArray[np.float64]:
        """(N, P) profiles; the mean, 0, of those who are not known."""
        found = np.zeros((len(customers), self.values.shape[1]))
        rows = np.array([self.row.get(str(one), -1) for one in customers], dtype=np.int64)
        found[rows >= 0] = self.values[rows[rows >= 0]]
        return found


def read_profiles(
    workspace: Workspace,
    *,
    before: np.datetime64 | None = None,
    without: Collection[str] = (),
) -> Profiles:
    """Profiles from the order lines and the catalogue's attributes.

    Args:
        workspace: its orders and variants.
        before: leave out orders from this moment on.
        without: ids of orders to leave out: composed ones, whose options would tell of themselves.
    """
    if not (workspace.has(ORDERS) and workspace.has(VARIANTS)):
        return Profiles.none()
    return profiles_of(
        workspace.read(ORDERS), workspace.read(VARIANTS), before=before, without=without
    )


def profiles_of(
    orders: pd.DataFrame,
    variants: pd.DataFrame,
    *,
    before: np.datetime64 | None = None,
    without: Collection[str] = (),
) -> Profiles:
    """Profiles from the tables: shares of order lines by each value of each attribute."""
    bought = (orders["quantity"] > 0) & orders["customer_id"].notna()
    bought &= ~orders["order_id"].isin(list(without))
    if before is not None:
        bought &= orders["ordered_at"] < before
    lines = orders.loc[bought, ["customer_id", "variant_id"]]
    names = [name for name in variants if name not in VARIANTS.names]
    attributes = variants.drop_duplicates("variant_id").set_index("variant_id")[names]
    customers = pd.Index(lines["customer_id"].astype(object).unique()).sort_values()
    parts = [
        part for name in names if (part := _shares(lines, attributes[name], customers)) is not None
    ]
    if not parts:
        return Profiles.none()
    values = np.column_stack(parts)
    spread = values.std(axis=0)
    values = (values - values.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    return Profiles(customers=customers.to_numpy(dtype=object), values=values)


def _shares(
    lines: pd.DataFrame, attribute: pd.Series, customers: pd.Index
) -> NDArray[np.float64] | None:
    """(U, values) each customer's shares; None where there is nothing to tell customers by."""
    value = attribute.reindex(lines["variant_id"])
    codes, levels = pd.factorize(value.to_numpy(dtype=object), sort=True)
    if not 1 < len(levels) <= MOST_VALUES:
        return None
    row = customers.get_indexer(pd.Index(lines["customer_id"]))
    counts = np.zeros((len(customers), len(levels)))
    np.add.at(counts, (row[codes >= 0], codes[codes >= 0]), 1.0)
    usual = counts.sum(axis=0) / counts.sum()
    shares: NDArray[np.float64] = (counts + PRIOR * usual) / (
        counts.sum(axis=1, keepdims=True) + PRIOR
    )
    return shares
