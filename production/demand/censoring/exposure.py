"""In-stock exposure: how much of each period a variant could be bought, from the stock table."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.periods import DAY, length

LONGEST = 7
"""Days that a row of the stock table holds for at most."""


def in_stock_shares(
    stock: pd.DataFrame,
    variants: NDArray[np.object_],
    periods: NDArray[np.datetime64],
    per_week: int = 1,
) -> NDArray[np.float64]:
    """(V, T) share of each period in which a variant was in stock; 1 where nothing says otherwise.

    A row holds from its date until the variant's next row, LONGEST days at most, so rows by day
    and by week may stand side by side. A row without `in_stock` counts as in stock where any
    unit was on hand; a row without either says nothing. O(rows log rows).

    Args:
        stock: the stock table.
        variants: (V,) ids, ascending.
        periods: (T,) first days, consecutive.
        per_week: 1 for weeks, 7 for days.
    """
    place = pd.Index(variants).get_indexer(pd.Index(stock["variant_id"]))
    share = _share(stock)
    known = (place >= 0) & ~np.isnan(share)
    place, share = place[known], share[known]
    day = stock["date"].to_numpy().astype("datetime64[D]")[known]
    order = np.lexsort((day, place))
    place, share, day = place[order], share[order], day[order]
    step = int(length(per_week) / DAY)
    start = ((day - periods[0].astype("datetime64[D]")) / DAY).astype(np.int64)
    until = start + LONGEST
    follows = place[1:] == place[:-1]
    until[:-1][follows] = np.minimum(until[:-1], start[1:])[follows]
    shape = (len(variants), len(periods))
    missed = np.zeros(shape[0] * shape[1])
    first = start // step
    for later in range(-(-LONGEST // step) + 1):  # every period that a row can reach into
        period = first + later
        days = np.minimum(until, (period + 1) * step) - np.maximum(start, period * step)
        counts = (days > 0) & (period >= 0) & (period < shape[1])
        cell = place[counts] * shape[1] + period[counts]
        missed += np.bincount(cell, ((1 - share) * days)[counts], len(missed))
    shares: NDArray[np.float64] = np.clip(1 - missed.reshape(shape) / step, 0.0, 1.0)
    return shares


def _share(stock: pd.DataFrame) -> NDArray[np.float64]:
    """(N,) the share in stock that each row states; NaN where it states none."""
    missing = pd.Series(np.nan, stock.index)
    share = stock.get("in_stock", missing).to_numpy(dtype=float, na_value=np.nan)
    held = stock.get("on_hand", missing).to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(share) & ~np.isnan(held), (held > 0).astype(float), share)
