"""Capacity that custom orders have taken before a plan is made."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def taken_by_week(rows: pd.DataFrame, starts: NDArray[np.datetime64]) -> pd.DataFrame:
    """What is taken of each resource in each week of a horizon.

    Args:
        rows: resource_id, day and amount (resource units).
        starts: (H,) Mondays, one week after the other.

    Returns:
        One row a resource, one column a week by its place; resource units.
    """
    week = (rows["day"].to_numpy().astype("datetime64[D]") - starts[0].astype("datetime64[D]")) // (
        np.timedelta64(7, "D")
    )
    inside = rows.assign(week=week)[(week >= 0) & (week < len(starts))]
    table = inside.pivot_table(index="resource_id", columns="week", values="amount", aggfunc="sum")
    return pd.DataFrame(table.reindex(columns=range(len(starts))).fillna(0.0))


def nothing_taken(weeks: int) -> pd.DataFrame:
    """No resource has anything taken."""
    return pd.DataFrame(columns=range(weeks), dtype=np.float64)
