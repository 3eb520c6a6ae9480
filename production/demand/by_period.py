"""How good forecasts were period by period: the expected units of each week or day.

The other figures are of sums over the horizon. A shop that is forecast by day wants the days:

    rmse, wape          over variants and periods
    rmse_total, …       over periods alone, of all variants together

pooled over origins: every period counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

DRAWS: Final = 1000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PeriodErrors:
    """Sums of one method's errors at one origin.

    Attributes:
        method: whose.
        origin: when.
        cells: variants times periods.
        periods: periods.
        squared, absolute: sums over cells.
        squared_total, absolute_total: sums over periods, of the variants' total.
        units: that came.
    """

    method: str
    origin: str
    cells: int
    periods: int
    squared: float
    absolute: float
    squared_total: float
    absolute_total: float
    units: float


def period_errors(method: str, origin: str, weekly: Floats, came: Floats) -> PeriodErrors:
    """The errors of expected units against what came, (V, H) each."""
    miss = weekly - came
    total = miss.sum(axis=0)
    return PeriodErrors(
        method=method,
        origin=origin,
        cells=miss.size,
        periods=miss.shape[1],
        squared=float((miss**2).sum()),
        absolute=float(np.abs(miss).sum()),
        squared_total=float((total**2).sum()),
        absolute_total=float(np.abs(total).sum()),
        units=float(came.sum()),
    )


def period_figures(
    errors: Sequence[PeriodErrors], default: str, *, seed: int
) -> list[dict[str, Any]]:
    """A row a method: its figures, and the default's errors over its own with intervals.

    `ratio` is of rmse and `ratio_total` of rmse_total, at the origins that both forecast; the 95 %
    intervals draw origins with replacement. Both are None for the default itself.
    """
    rows: list[dict[str, Any]] = []
    mine = {one.origin: one for one in errors if one.method == default}
    for method in dict.fromkeys(one.method for one in errors):
        own = [one for one in errors if one.method == method]
        units = sum(one.units for one in own)
        cells, periods = sum(one.cells for one in own), sum(one.periods for one in own)
        row: dict[str, Any] = {
            "method": method,
            "origins": len(own),
            "rmse": float(np.sqrt(sum(one.squared for one in own) / cells)),
            "wape": sum(one.absolute for one in own) / units if units else None,
            "rmse_total": float(np.sqrt(sum(one.squared_total for one in own) / periods)),
            "wape_total": sum(one.absolute_total for one in own) / units if units else None,
        }
        pairs = [(mine[one.origin], one) for one in own if one.origin in mine]
        for name, field in (("ratio", "squared"), ("ratio_total", "squared_total")):
            row[name], row[f"{name}_interval"] = (
                (None, None)
                if method == default or not pairs
                else _ratio(
                    np.array([getattr(one, field) for one, _ in pairs]),
                    np.array([getattr(other, field) for _, other in pairs]),
                    seed,
                )
            )
        rows.append(row)
    return rows


def _ratio(mine: Floats, theirs: Floats, seed: int) -> tuple[float | None, list[float] | None]:
    """Ratio of root sums of squares, and its interval over origins."""
    if not theirs.sum() > 0:
        return None, None
    days = len(mine)
    drawn = np.random.default_rng(seed).multinomial(days, np.full(days, 1 / days), size=DRAWS)
    ratios = np.sqrt((drawn @ mine) / np.maximum(drawn @ theirs, 1e-12))
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(np.sqrt(mine.sum() / theirs.sum())), [float(low), float(high)]
