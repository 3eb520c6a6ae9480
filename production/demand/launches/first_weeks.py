"""The first weeks of launched variants, laid out by weeks since their launch.

A variant counts as launched where its first sale was seen: at least SETTLED weeks after the first
order, since whatever sold in the first weeks may be years old. The catalogue's `introduced_at`
says how much of the first week it was on sale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.periods import WEEK

SETTLED: Final = 3
LIFE: Final = 26
"""Weeks since the launch that are looked at."""

MOST_LAUNCHED: Final = 20_000
"""Launched variants that are compared, the latest: likeness costs their number squared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstWeeks:
    """Launched variants, in the order of their launch.

    Attributes:
        row: (M,) positions in the panel's variants.
        first: (M,) position of the week of the first sale, ascending.
        lines: (M, LIFE) order lines by week since the launch; 0 beyond the data.
        exposure: (M, LIFE) share of that week on sale: 1, but for the first.
        span: weeks of the data, T.
    """

    row: NDArray[np.int64]
    first: NDArray[np.int64]
    lines: NDArray[np.float64]
    exposure: NDArray[np.float64]
    span: int

    @classmethod
    def of(
        cls,
        lines: NDArray[np.float64],
        first_period: NDArray[np.int32],
        weeks: NDArray[np.datetime64],
        attributes: pd.DataFrame,
    ) -> FirstWeeks:
        """The launched variants of a panel.

        Args:
            lines: (V, T) order lines.
            first_period: (V,) week of the first sale.
            weeks: (T,) Mondays.
            attributes: V rows of the catalogue.
        """
        launched = np.flatnonzero(first_period >= SETTLED)
        row = launched[np.argsort(first_period[launched], kind="stable")][-MOST_LAUNCHED:]
        first = first_period[row].astype(np.int64)
        column = first[:, None] + np.arange(LIFE)
        inside = column < lines.shape[1]
        life = lines[row[:, None], np.minimum(column, lines.shape[1] - 1)] * inside
        exposure = np.ones_like(life)
        exposure[:, 0] = _first_share(attributes, row, weeks[first])
        return cls(row=row, first=first, lines=life, exposure=exposure, span=lines.shape[1])

    def seen(self, week: int) -> NDArray[np.bool_]:
        """(M, LIFE) whether a week of life lies before a week of the data."""
        known: NDArray[np.bool_] = self.first[:, None] + np.arange(LIFE) < week
        return known


def _first_share(
    attributes: pd.DataFrame, row: NDArray[np.int64], monday: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """(M,) share of its first week that a variant was on sale; 1 where nobody says."""
    if "introduced_at" not in attributes:
        return np.ones(len(row))
    day = attributes["introduced_at"].to_numpy()[row].astype("datetime64[D]")
    late = (day - monday) / np.timedelta64(1, "D")
    within = (day >= monday) & (day < monday + WEEK)  # False for a missing day
    return np.where(within, 1 - np.where(within, late, 0.0) / 7, 1.0)
