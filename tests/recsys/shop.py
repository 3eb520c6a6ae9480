"""A small shop whose answers can be told by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from data.workspace import Workspace

AS_OF = np.datetime64("2024-06-01", "us")


def shop(root: Path) -> Workspace:
    """Tea drinkers take cup and pot, coffee drinkers mug and mill; 'saw' left, 'new' comes."""
    workspace = Workspace.create(root)
    workspace.write({"orders": _orders(), "variants": _variants()})
    return workspace


def _orders() -> pd.DataFrame:
    tastes = {0: ("cup", "pot"), 1: ("mug", "mill")}
    lines: list[tuple[object, ...]] = []
    for number in range(12):
        for place, variant in enumerate((*tastes[number % 2], "saw")):
            if number in (0, 1) and place > 0:
                continue  # c00 and c01 have only the first of their taste
            day = pd.Timestamp("2024-05-30") - pd.Timedelta(days=7 * number + place)
            lines.append((f"o{number}-{place}", f"c{number:02}", variant, 2, 9.5, day))
    lines.append(("o99", None, "cup", 50, 9.5, pd.Timestamp("2024-05-31 18:00")))
    names = ["order_id", "customer_id", "variant_id", "quantity", "unit_price", "ordered_at"]
    orders = pd.DataFrame(lines, columns=names)
    orders["customer_id"] = orders["customer_id"].astype("str")
    orders["ordered_at"] = orders["ordered_at"].astype("datetime64[us]")
    return orders


def _variants() -> pd.DataFrame:
    ids = ["cup", "cup-xl", "mill", "mug", "new", "pot", "saw"]
    return pd.DataFrame(
        {
            "variant_id": ids,
            "style_id": ["cup", "cup", "mill", "mug", "new", "pot", "saw"],
            "title": ["Cup", "Cup, large", "Mill", "Mug", "New", None, "Saw"],
            "price": [9.5] * 7,
            "introduced_at": _days(["", "", "", "", "2024-07-01", "", ""]),
            "discontinued_at": _days([""] * 6 + ["2024-05-31"]),
        }
    )


def _days(texts: list[str]) -> pd.Series[pd.Timestamp]:
    """Days, and NaT for an empty text."""
    return pd.Series(pd.to_datetime(texts)).astype("datetime64[us]")
