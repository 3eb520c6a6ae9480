"""Rules on the values of a whole table: what is missing, and what lies far out."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.grammar import MissingRule, OutlierRule

CONSISTENT: Final = 1.4826
"""Makes the median absolute deviation the standard deviation, for normal values."""

FEWEST: Final = 8
"""Values that a group needs before any of them can be an outlier."""


def fill_missing(frame: pd.DataFrame, rule: MissingRule, time: str | None) -> NDArray[np.bool_]:
    """Fill missing values in place, by column.

    Args:
        frame: a staged table.
        rule: the policies.
        time: the table's time column, along which "interpolate" goes.

    Returns:
        (rows,) where the row is to be set aside.
    """
    drop = np.zeros(len(frame), dtype=bool)
    for name, policy in rule.columns.items():
        lacking = frame[name].isna().to_numpy()
        if policy == "drop":
            drop |= lacking
        elif policy != "keep" and lacking.any():
            numbers = frame[name].astype("float64")
            if policy == "interpolate":
                values = _interpolated(frame, numbers, rule.within, time)
            elif rule.within:
                keys = [frame[key] for key in rule.within]
                values = numbers.groupby(keys, dropna=False).transform(policy)
            else:
                values = pd.Series(getattr(numbers, policy)(), index=numbers.index)
            frame[name] = numbers.fillna(values)
    return drop


def _interpolated(
    frame: pd.DataFrame, numbers: pd.Series, within: tuple[str, ...], time: str | None
) -> pd.Series:
    """Values on the straight line between a gap's neighbours in time; at an end, the nearest."""
    at = np.arange(len(frame), dtype=np.float64)
    if time is not None:
        at = frame[time].to_numpy().astype("datetime64[s]").astype(np.float64)
    group = np.zeros(len(frame), dtype=np.int64)
    if within:
        group = np.asarray(frame.groupby(list(within), dropna=False).ngroup(), dtype=np.int64)
    values = numbers.to_numpy(copy=True)
    order = np.argsort(group, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        known = rows[~np.isnan(values[rows])]
        if len(known):
            known = known[np.argsort(at[known], kind="stable")]
            gaps = rows[np.isnan(values[rows])]
            values[gaps] = np.interp(at[gaps], at[known], values[known])
    return pd.Series(values, index=numbers.index)


def find_outliers(
    frame: pd.DataFrame, rule: OutlierRule
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Values further from the median than `limit` robust deviations.

    Returns:
        (rows,) where the value is an outlier; (rows,) float64, the values with outliers moved to
        the nearest value that is none.
    """
    values = frame[rule.column].astype("float64")
    keys = [frame[key] for key in rule.within] or [pd.Series(0, index=frame.index)]
    groups = values.groupby(keys, dropna=False)
    median = groups.transform("median")
    spread = CONSISTENT * (values - median).abs().groupby(keys, dropna=False).transform("median")
    judged = (spread > 0) & (groups.transform("count") >= FEWEST)
    reach = rule.limit * spread
    far = np.asarray(judged & ((values - median).abs() > reach), dtype=bool)
    clipped = values.clip(median - reach, median + reach)
    return far, np.asarray(values.mask(far, clipped), dtype=np.float64)
