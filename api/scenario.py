"""A scenario file: what somebody expects of market factors in the periods to come."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from production.errors import BadRegressors

MOST_BYTES = 10_000_000


def read_scenario(path: Path) -> pd.DataFrame:
    """The rows of a CSV file with a column `date` and one for each factor.

    Raises:
        BadRegressors: the file is missing, too large, no CSV, or a date is none.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadRegressors(
                f"The scenario is larger than {MOST_BYTES:,} bytes.",
                where=str(path),
                fix="Give the days of the horizon alone.",
            )
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:  # pandas' own errors are of ValueError
        raise BadRegressors(
            f"The scenario cannot be read: {error}.",
            where=str(path),
            fix="Give a CSV file with a column 'date' and one column for each market factor.",
        ) from error
    if "date" not in table:
        return table  # refused with the market table at hand
    dates = pd.to_datetime(table["date"], format="ISO8601", errors="coerce")
    if dates.isna().any():
        line = int(dates.isna().to_numpy().argmax()) + 2
        raise BadRegressors(
            f"'{table['date'].iloc[line - 2]}' is no date.",
            where=f"{path}, line {line}",
            fix="Write dates like 2025-12-28.",
        )
    days = dates.dt.tz_localize(None) if dates.dt.tz is not None else dates
    return table.assign(date=days.astype("datetime64[us]"))


def digest_of(scenario: pd.DataFrame | None) -> str | None:
    """What tells one scenario from another; None without one."""
    if scenario is None:
        return None
    return hashlib.sha256(scenario.to_csv(index=False).encode()).hexdigest()
