"""A shop whose socks sell ten lines a week from their launch on, and whose hats sell two."""

from __future__ import annotations

import numpy as np
import pandas as pd

from production.demand.history import DemandPanel
from production.demand.reading import build_panel
from production.demand.settings import DemandSettings

FIRST = np.datetime64("2024-01-01")
WEEKS = 60
END = FIRST + 7 * WEEKS
RATES = {"socks": 10, "hats": 2}


def launches() -> pd.DataFrame:
    """Ninety variants, ten of them on sale from the start, the others launched on the way."""
    rows = []
    for place in range(90):
        kind = "socks" if place % 2 else "hats"
        week = 0 if place < 10 else 10 + place // 2
        rows.append((f"{kind}-{place:02d}", kind, FIRST + 7 * week))
    return pd.DataFrame(rows, columns=["variant_id", "category", "introduced_at"])


def unsold(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Variants without a sale: id, category and the day of their introduction."""
    return pd.DataFrame(rows, columns=["variant_id", "category", "introduced_at"])


def shop(coming: pd.DataFrame) -> DemandPanel:
    """The panel of the launched variants, and of a catalogue that holds the coming ones too."""
    known = launches()
    parts = []
    for one in known.itertuples():
        start = int((np.datetime64(str(one.introduced_at)[:10]) - FIRST) / np.timedelta64(7, "D"))
        week = np.repeat(np.arange(start, WEEKS), RATES[str(one.category)])
        days = FIRST + 7 * week + np.arange(len(week)) % 7
        parts.append(pd.DataFrame({"variant_id": one.variant_id, "ordered_at": days}))
    orders = pd.concat(parts, ignore_index=True).assign(
        customer_id=None, quantity=1, unit_price=5.0, region=None
    )
    orders["ordered_at"] = orders["ordered_at"].astype("datetime64[us]")
    catalogue = pd.concat([known, coming], ignore_index=True)
    catalogue["introduced_at"] = pd.to_datetime(catalogue["introduced_at"]).astype("datetime64[us]")
    catalogue["style_id"] = catalogue["variant_id"]
    catalogue["title"] = catalogue["category"] + " " + catalogue["variant_id"]
    return build_panel(orders, catalogue, None, DemandSettings(country=""))
