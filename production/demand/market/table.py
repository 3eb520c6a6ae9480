"""The market table laid out by period: numbers by their mean, texts by each value's share.

Days given twice count as one, by their mean. Where the table speaks of regions, a period's value
is the mean of the regions weighted by the order lines that each had sent before the origin, so a
factor counts where the shop sells; rows without a region hold everywhere and weigh the same.

Days that are written as another time zone's midnights are set right (`data.days`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from data.days import days_of
from data.nearest import hint
from production.demand.periods import length, starts
from production.errors import BadRegressors

MOST_VALUES: Final = 1000
"""A text of more values is a name or a note, not a factor: it is left out."""

USED_VALUES: Final = 20
"""Of a text's values, the most frequent before the origin that become columns."""

UNSEEN: Final = 2.0**-20
"""Weight of a region that has ordered nothing, in lines: it counts where no other speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketTable:
    """The market table's rows as numbers, by period and region.

    Attributes:
        names: (C,) columns; a text's are named `column=value`.
        sources: (C,) the table's column that each comes from.
        refused: columns of the table that cannot be used, with the reason.
        periods: (P,) datetime64[D], consecutive, from the first row's to the last one's.
        values: (N, C) float64, NaN where missing.
        period: (N,) position in `periods`.
        region: (N,) position in `sold`'s rows.
        sold: (R, T) order lines by region and period of the orders; the last row, of ones, is
            for rows without a region.
        per_week: periods a week.
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    refused: dict[str, str]
    periods: NDArray[np.datetime64]
    values: NDArray[np.float64]
    period: NDArray[np.int64]
    region: NDArray[np.int64]
    sold: NDArray[np.float64]
    per_week: int

    def by_period(self, place: int) -> pd.DataFrame:
        """P rows by period, NaN where no row says anything; O(N C).

        Args:
            place: periods of orders that lie before the origin; regions weigh by those alone.
        """
        share = self.sold[:, :place].sum(axis=1) + UNSEEN
        shape = (len(self.periods), len(self.values))
        rows = np.arange(len(self.values))
        weight = csr_array((share[self.region], (self.period, rows)), shape=shape)
        said = np.isfinite(self.values)
        total = weight @ np.where(said, self.values, 0.0)  # (P, C)
        behind = weight @ said.astype(float)
        mean = np.divide(total, behind, out=np.full_like(total, np.nan), where=behind > 0)
        return pd.DataFrame(mean, index=pd.Index(self.periods), columns=list(self.names))


def market_table(
    market: pd.DataFrame,
    per_week: int = 1,
    *,
    sold: NDArray[np.float64] | None = None,
    regions: NDArray[np.object_] | None = None,
) -> MarketTable:
    """Lay a market table out.

    Args:
        market: column `date`, optionally `region`, and any factors; at least one row.
        per_week: periods a week, 1 or 7.
        sold: (R, T) order lines by region and period of the orders, or None.
        regions: (R,) their names, ascending.
    """
    first = starts(days_of(market["date"].to_numpy()), per_week)
    step = length(per_week)
    parts, refused = _numbers(market.drop(columns=["date", "region"], errors="ignore"))
    sources = [source for source, part in parts for _ in part]
    named_regions = np.array([], dtype=object) if regions is None else regions
    count = len(named_regions)
    region = np.full(len(market), count)
    if "region" in market and count:
        found = pd.Index(named_regions).get_indexer(pd.Index(market["region"]))
        named = market["region"].notna().to_numpy()
        region = np.where(found >= 0, found, np.where(named, count + 1, count))
    span = 0 if sold is None else sold.shape[1]
    table = (
        pd.concat([part for _, part in parts], axis=1)
        if parts
        else pd.DataFrame(index=market.index)
    )
    lines = np.zeros((0, span)) if sold is None else sold
    weights = np.vstack([lines, np.ones((1, span)), np.zeros((1, span))])
    return MarketTable(
        names=tuple(str(name) for name in table),
        sources=tuple(sources),
        refused=refused,
        periods=np.arange(first.min(), first.max() + step, step),
        values=table.to_numpy(float),
        period=((first - first.min()) / step).astype(np.int64),
        region=region,
        sold=weights,
        per_week=per_week,
    )


def refuse_unknown(scenario: pd.DataFrame | None, market: pd.DataFrame | None) -> None:
    """Refuse a scenario of factors that nothing could have been learned of.

    Raises:
        BadRegressors: the market table has no such column, or the scenario no row or no date.
    """
    if scenario is None:
        return
    market = pd.DataFrame() if market is None else market
    known = [str(name) for name in market]
    if "date" not in scenario or scenario.empty:
        raise BadRegressors(
            "The scenario has no row with a date.",
            where="scenario",
            fix="Give a column 'date' and one column for each market factor.",
        )
    strange = [str(name) for name in scenario if str(name) not in {*known, "date", "region"}]
    if strange:
        raise BadRegressors(
            f"The scenario speaks of '{strange[0]}', of which the market table knows nothing.",
            where=f"scenario, column {strange[0]}",
            fix=f"{hint(strange[0], known)}Import its past with the market table first, or "
            "leave the column out.",
        )
    for name in scenario.columns.difference(["date", "region"]):
        mine, theirs = (pd.api.types.is_numeric_dtype(table[name]) for table in (scenario, market))
        if mine != theirs and scenario[name].notna().any():
            kinds = ("numbers", "texts") if theirs else ("texts", "numbers")
            raise BadRegressors(
                f"The market table's '{name}' holds {kinds[0]}, the scenario's {kinds[1]}.",
                where=f"scenario, column {name}",
                fix="Give the same kind of values as the market table's past.",
            )


def _numbers(
    factors: pd.DataFrame,
) -> tuple[list[tuple[str, pd.DataFrame]], dict[str, str]]:
    """Each column as one or more columns of numbers, and what cannot be used."""
    parts: list[tuple[str, pd.DataFrame]] = []
    refused: dict[str, str] = {}
    for name in map(str, factors):
        column = factors[name]
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            numbers = column.astype(float)
            parts.append((name, numbers.where(np.isfinite(numbers)).to_frame(name)))
            continue
        values = column.nunique()
        if values > MOST_VALUES:
            refused[name] = f"a text of {values:,} values says nothing of a period"
            continue
        shares = pd.get_dummies(column, prefix=name, prefix_sep="=", dtype=float)
        if len(shares.columns):
            parts.append((name, shares.where(column.notna(), np.nan)))
        else:
            refused[name] = "it has no value"
    return parts, refused
