"""Predictions beside what came: one method at one origin, a variant a row."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.forecasting import DemandSource
from production.demand.metrics import QUANTILES, slices

PREDICTION_COLUMNS: Final = (
    "method", "origin", "variant_id", "mean", *QUANTILES, "actual",
)  # fmt: skip


def predicted(source: DemandSource, origin: np.datetime64, method: str) -> pd.DataFrame:
    """PREDICTION_COLUMNS and slice of a method at an origin.

    Raises:
        TooLittleHistory: the method cannot stand on what lies before.
    """
    found = source.forecast(origin, method)
    history = source.history(origin)
    table = pd.DataFrame(
        {
            "method": found.method,
            "origin": str(found.origin),
            "variant_id": pd.array(found.variants, dtype="str"),
            "mean": found.mean,
        }
    )
    table[list(QUANTILES)] = found.quantiles
    kind = pd.Series(slices(history), index=history.variants[history.active])
    came = came_of(source, origin, found.variants).sum(axis=1)
    # a variant that is forecast before its first sale is in no slice of the active ones
    sliced = kind.reindex(found.variants).fillna("new").to_numpy(dtype=object)
    return table.assign(actual=came, slice=sliced)


def came_of(
    source: DemandSource, origin: np.datetime64, variants: NDArray[np.object_]
) -> NDArray[np.float64]:
    """(V, H) units demanded in each period of the horizon; 0 for a variant that never sold."""
    panel = source.panel
    row = pd.Index(panel.variants).get_indexer(pd.Index(variants))
    units = panel.actual_by_period(origin, source.horizon)[row]
    came: NDArray[np.float64] = np.where(row[:, None] >= 0, units, 0.0)
    return came
