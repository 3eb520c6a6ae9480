"""What real exports carry beside the truth: slips, repeats, blanks and rows that are no sales.

Laid over the clean orders by `dirty`; the mapping `sample` takes all of it off again.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

REPEATED: Final = 0.004
"""Share of rows that are written twice."""

LOWER_CASE: Final = 0.015
"""Share of rows whose variant is written in lower case."""

NO_PRICE: Final = 0.002
"""Share of sold rows whose price is missing."""

SLIPS: Final = 0.0006
"""Order lines a hundred times too large, cancelled within the hour, for each true one."""

WRITE_OFFS: Final = 0.001
"""Stock write-offs for each order line."""

SHIPPING: Final = ("SHIPPING", 4.95, 0.05)
GIFT_CARD: Final = ("GIFTCARD", 25.0, 0.004)
"""Code, price and share of orders of what is sold but no product."""


def dirty(orders: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The orders as a shop's till would export them, by time.

    Args:
        orders: the canonical table, clean.
        rng: the part's generator.
    """
    parts = [
        orders,
        *_slips(orders, rng),
        _write_offs(orders, rng),
        _no_product(orders, *SHIPPING, rng),
        _no_product(orders, *GIFT_CARD, rng),
    ]
    rows = pd.concat(parts, ignore_index=True)
    product = rows["variant_id"].isin(orders["variant_id"])
    sold = product & (rows["quantity"] > 0)
    lower = rng.random(len(rows)) < LOWER_CASE
    rows.loc[lower & product, "variant_id"] = rows["variant_id"].str.lower()
    rows.loc[sold & (rng.random(len(rows)) < NO_PRICE), "unit_price"] = np.nan
    again = np.flatnonzero(rng.random(len(rows)) < REPEATED)
    rows = pd.concat([rows, rows.iloc[again]], ignore_index=True)
    return rows.sort_values(["ordered_at", "order_id", "variant_id"], kind="stable").reset_index(
        drop=True
    )


def _slips(orders: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders of hundreds of units that were meant for a few, and their cancellations."""
    likely = np.flatnonzero(orders["customer_id"].notna() & (orders["quantity"] > 0))
    count = int(np.ceil(SLIPS * len(likely)))
    slip = orders.iloc[np.sort(rng.choice(likely, count, replace=False))].reset_index(drop=True)
    slip["order_id"] = pd.Series(900_001 + np.arange(count)).astype(str)
    slip["quantity"] = slip["quantity"] * rng.integers(100, 2000, count)
    slip["ordered_at"] = slip["ordered_at"] - pd.to_timedelta(rng.integers(45, 59, count), "min")
    undone = slip.copy()
    undone["order_id"] = "C" + slip["order_id"]
    undone["quantity"] = -slip["quantity"]
    undone["ordered_at"] = slip["ordered_at"] + pd.to_timedelta(rng.integers(3, 40, count), "min")
    return slip, undone


def _write_offs(orders: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Stock that was found missing or spoilt: negative units at no price, for no customer."""
    count = int(np.ceil(WRITE_OFFS * len(orders)))
    rows = orders.iloc[np.sort(rng.choice(len(orders), count))].reset_index(drop=True)
    rows["order_id"] = "W" + pd.Series(1 + np.arange(count)).astype(str).str.zfill(5)
    rows["customer_id"] = pd.NA
    rows["quantity"] = -rng.integers(1, 6, count)
    rows["unit_price"] = 0.0
    rows["ordered_at"] = rows["ordered_at"].dt.normalize() + pd.Timedelta(hours=19)
    return rows


def _no_product(
    orders: pd.DataFrame, code: str, price: float, share: float, rng: np.random.Generator
) -> pd.DataFrame:
    """A row of no product added to a share of the orders."""
    heads = orders[orders["quantity"] > 0].drop_duplicates("order_id")
    rows = heads[rng.random(len(heads)) < share].copy()
    rows["variant_id"] = code
    rows["quantity"] = 1
    rows["unit_price"] = price
    return rows
