"""How good forecasts were: figures of one method's predictions against what came.

All figures are about units over the horizon. With predictions f of actuals d over variants v:

    wape        Σ |f - d| / Σ d, of the median (q50) or of the mean
    bias        Σ f / Σ d - 1, of the mean
    rmse        √ mean (f - d)², of the mean
    pinball     mean over LEVELS and variants of max(τ (d - q), (τ - 1)(d - q))
    coverage    share of variants with d in the interval, ends included
    below_05    share of variants with d below q05; above_95: with d above q95

Demand is counted in units and often none at all. Where no sale has a probability of more than
5 %, q05 is 0 and nothing lies below it, so the 90 % interval of a true distribution covers up to
95 %. Both sides apart tell that from a fault: neither should be far above .05.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.forecast import LEVELS, DemandHistory

QUANTILES: Final = tuple(f"q{round(100 * level):02d}" for level in LEVELS)
"""Names of the quantiles' columns, in the order of LEVELS."""

FIGURES: Final = (
    "wape_q50", "wape_mean", "bias", "rmse", "pinball", "coverage_90", "coverage_50",
    "below_05", "above_95",
)  # fmt: skip

SLICES: Final = ("all", "dense", "sparse", "new")
NEW_WEEKS: Final = 8
DENSE_WEEKS: Final = 13
SLICE_WEEKS: Final = 26


def slices(history: DemandHistory) -> NDArray[np.object_]:
    """(active variants,) "new": first sold within NEW_WEEKS; "dense": sold in DENSE_WEEKS or
    more of the last SLICE_WEEKS; else "sparse".
    """  # noqa: D205  # one sentence
    units, per_week = history.units[history.active], history.per_week
    age = len(history.periods) - history.first_period[history.active]
    often = (units[:, -SLICE_WEEKS * per_week :] > 0).sum(axis=1) >= DENSE_WEEKS * per_week
    return np.where(age <= NEW_WEEKS * per_week, "new", np.where(often, "dense", "sparse")).astype(
        object
    )


def pinball(quantiles: NDArray[np.float64], actual: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) pinball loss of each row, mean over LEVELS (Koenker and Bassett 1978).

    >>> pinball(np.full((1, 7), 10.0), np.array([10.0]))
    array([0.])
    """
    miss = actual[:, None] - quantiles
    tau = np.array(LEVELS)
    loss: NDArray[np.float64] = np.maximum(tau * miss, (tau - 1) * miss).mean(axis=1)
    return loss


def figures(rows: pd.DataFrame) -> Mapping[str, float | None]:
    """FIGURES of one method at one origin.

    Args:
        rows: columns mean, QUANTILES and actual; at least one row.

    Returns:
        A value a figure; None for shares of a demand that was zero.
    """
    actual = rows["actual"].to_numpy(float)
    mean = rows["mean"].to_numpy(float)
    quantiles = rows[list(QUANTILES)].to_numpy(float)
    total = float(actual.sum())
    q05, q25, q50, q75, q95 = (quantiles[:, QUANTILES.index(f"q{level}")] for level in
                               ("05", "25", "50", "75", "95"))  # fmt: skip
    found = {
        "wape_q50": np.abs(q50 - actual).sum() / total if total else None,
        "wape_mean": np.abs(mean - actual).sum() / total if total else None,
        "bias": mean.sum() / total - 1 if total else None,
        "rmse": np.sqrt(np.mean((mean - actual) ** 2)),
        "pinball": pinball(quantiles, actual).mean(),
        "coverage_90": np.mean((q05 <= actual) & (actual <= q95)),
        "coverage_50": np.mean((q25 <= actual) & (actual <= q75)),
        "below_05": np.mean(actual < q05),
        "above_95": np.mean(actual > q95),
    }
    return {name: None if value is None else float(value) for name, value in found.items()}
