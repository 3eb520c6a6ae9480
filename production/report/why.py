"""What drove the forecast behind a plan: for all variants together, a style or one variant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.workspace import Workspace
from production.demand.drivers import Driver, drivers, telling
from production.demand.forecast import PARTS
from production.demand.saved import SavedForecast, list_forecasts, load_forecast
from production.plans.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """A forecast's means taken apart.

    Attributes:
        variants: (V,) str, variant ids, ascending.
        styles: (V,) str, their styles.
        parts: (V, P) units that each of PARTS adds over the horizon.
    """

    variants: NDArray[np.object_]
    styles: NDArray[np.object_]
    parts: NDArray[np.float64]

    @classmethod
    def of(cls, saved: SavedForecast) -> Why | None:
        """Of a kept forecast; None where its method does not say."""
        if saved.forecast.parts is None:
            return None
        return cls(
            variants=saved.forecast.variants, styles=saved.style_ids, parts=saved.forecast.parts
        )

    def all(self) -> tuple[Driver, ...]:
        """Of all variants together: what says something, the level first."""
        return self._told(np.ones(len(self.variants), dtype=bool))

    def variant(self, variant_id: str) -> tuple[Driver, ...]:
        """Of one variant; nothing where the forecast does not hold it."""
        return self._told(self.variants == variant_id)

    def style(self, style_id: str) -> tuple[Driver, ...]:
        """Of a style's variants together."""
        return self._told(self.styles == style_id)

    def _told(self, rows: NDArray[np.bool_]) -> tuple[Driver, ...]:
        if not rows.any():
            return ()
        parts = self.parts[rows].sum(axis=0)
        return telling(drivers(parts, float(parts.sum())))

    def table(self) -> pd.DataFrame:
        """Columns `part_…` by variant id."""
        columns = [f"part_{part}" for part in PARTS]
        return pd.DataFrame(self.parts, index=pd.Index(self.variants), columns=columns)


def why_of(workspace: Workspace, plan: Plan) -> Why | None:
    """What drove a plan's forecast; None where it is not kept, or its method does not say."""
    if plan.forecast_id not in list_forecasts(workspace):
        return None
    return Why.of(load_forecast(workspace, plan.forecast_id))
