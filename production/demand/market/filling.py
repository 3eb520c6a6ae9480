"""Missing values of market factors, filled as configured, from what lies before the origin."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Final, Literal, TypeVar

import pandas as pd

Fill = Literal["carry", "mean", "median", "interpolate", "drop"]
"""How a factor's missing periods are filled:

- carry: by the last value before;
- mean, median: of all values before the origin;
- interpolate: on the straight line between the values around;
- drop: not at all; the factor is left out if a period is missing.

Periods before a first value, which `carry` and `interpolate` cannot fill, take the mean.
"""

DEFAULT: Final[Fill] = "carry"

Choice = TypeVar("Choice", bound=str)


def chosen(name: str, choices: Mapping[str, Choice], otherwise: Choice) -> Choice:
    """What the patterns say of a name; the last that fits counts.

    >>> chosen("Oil_Price", {"*": "mean", "oil*": "median"}, "carry")
    'median'
    """
    lower = name.lower()
    found = [choice for pattern, choice in choices.items() if fnmatch(lower, pattern.lower())]
    return found[-1] if found else otherwise


def filled(column: pd.Series, how: Fill) -> pd.Series | None:
    """The column without a gap, or None where it has one and gaps are not to be filled.

    Args:
        column: by period, all before the origin; at least one value.
        how: see `Fill`.
    """
    if not column.isna().any():
        return column
    if how == "drop":
        return None
    if how == "carry":
        return column.ffill().fillna(column.mean())
    if how == "interpolate":
        return column.interpolate(limit_area="inside").ffill().fillna(column.mean())
    return column.fillna(column.median() if how == "median" else column.mean())
