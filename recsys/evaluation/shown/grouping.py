"""What lists and variants are grouped by: customers' orders, and the catalogue's columns."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.evaluation.background import HEAD_SHARE, head_of
from recsys.evaluation.groups import ACTIVITY
from recsys.evaluation.shown.lists import Labels

SALES_DAYS: Final = 365
NEW_DAYS: Final = 56
"""Before the first list: a variant introduced since then is new."""

STYLE: Final = "style_id"
NEW: Final = "new"
POPULARITY: Final = "popularity"


def activity(customers: pd.Index, orders: pd.DataFrame) -> tuple[list[str], NDArray[np.intp]]:
    """Names of the levels, and (C,) each customer's, by order lines; those of none are a level.

    Args:
        customers: ids.
        orders: lines that count.
    """
    bought = orders.loc[orders["quantity"] > 0, "customer_id"].value_counts()
    lines = bought.reindex(customers).fillna(0).to_numpy(np.int64)
    names = ["0", *(f"{low}+" if high is None else f"{low}-{high}" for low, high in ACTIVITY)]
    lower = np.array([0, *(low for low, _ in ACTIVITY)])
    levels, level = np.unique(np.searchsorted(lower, lines, side="right") - 1, return_inverse=True)
    return [names[one] for one in levels.tolist()], level.astype(np.intp)  # fmt: skip


def regions(customers: pd.Index, orders: pd.DataFrame) -> NDArray[np.object_]:
    """(C,) str: where each customer last bought, of those lines; empty where nobody knows."""
    known = orders[orders["customer_id"].notna() & orders["region"].notna()]
    last = known.sort_values("ordered_at", kind="stable").groupby("customer_id")["region"].last()
    return last.reindex(customers).fillna("").to_numpy(dtype=object)


def sales_of(
    catalogue: Catalogue, orders: pd.DataFrame, until: np.datetime64
) -> tuple[NDArray[np.float64], str | None]:
    """(V,) units sold of each variant in the last SALES_DAYS before a moment, and their last day.

    Where the orders end before, the days are those before their end.
    """
    past = orders[(orders["quantity"] > 0) & (orders["ordered_at"] < until)]
    if past.empty:
        return np.zeros(len(catalogue)), None
    last = past["ordered_at"].max()
    recent = past[past["ordered_at"] > last - pd.Timedelta(days=SALES_DAYS)]
    units = recent.groupby("variant_id")["quantity"].sum()
    found = units.reindex(catalogue.variants).fillna(0.0).to_numpy(np.float64)
    return found, str(last.date())


def columns_of(catalogue: Catalogue) -> tuple[str, ...]:
    """What variants can be grouped by."""
    return (STYLE, NEW, POPULARITY, *catalogue.attributes)


def variant_labels(
    by: str, catalogue: Catalogue, *, first: np.datetime64, sales: NDArray[np.float64]
) -> Labels:
    """Variants by one of `columns_of`.

    `new`: introduced within NEW_DAYS before the first list, or since. `popularity`: the head, the
    best sold that together hold 80 % of the units, and the tail.

    Args:
        by: the column.
        catalogue: V variants.
        first: the day of the first list.
        sales: (V,) units sold.
    """
    if by == NEW:
        recent = catalogue.introduced_at > first.astype("datetime64[D]") - NEW_DAYS
        values = np.where(recent, "new", "older").astype(object)
    elif by == POPULARITY:
        head = head_of(sales.astype(np.int64), HEAD_SHARE)
        values = np.where(head, "head", "tail").astype(object)
    else:
        values = catalogue.styles if by == STYLE else catalogue.attributes[by]
    return Labels.of(by, values)
