"""The largest variants' past and the distribution of what comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.history import DemandPanel
from production.plans.plan import Plan

FAN_WINDOWS: Final = 8
"""Past windows, each as long as the horizon, that a fan starts with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """A variant's past, and the distribution of what comes.

    Attributes:
        variant_id: which.
        title: its name.
        past: units of the past windows, each as long as the horizon, the latest last.
        p10, p50, p90: units of the coming one.
        quantity: units planned.
        on_hand: units in stock.
        short_of: the resource that kept the plan lower; empty where none did.
    """

    variant_id: str
    title: str
    past: tuple[float, ...]
    p10: float
    p50: float
    p90: float
    quantity: float
    on_hand: float
    short_of: str


def past_windows(rows: pd.DataFrame, plan: Plan, panel: DemandPanel) -> NDArray[np.float64]:
    """(V, W) units of past windows, each as long as the horizon, the latest last.

    Args:
        rows: the report's variants.
        plan: the plan.
        panel: demand, at least up to the plan's day.
    """
    week = panel.week(plan.as_of)
    windows = min(FAN_WINDOWS, week // plan.horizon)
    units = _past(panel, rows, slice(week - windows * plan.horizon, week))
    past: NDArray[np.float64] = units.reshape(len(rows), windows, plan.horizon).sum(axis=2)
    return past


def fans_of(rows: pd.DataFrame, past: NDArray[np.float64], count: int) -> tuple[Fan, ...]:
    """The fans of the variants of the largest expected demand.

    Args:
        rows: the report's variants, by position.
        past: (V, W) their past windows.
        count: how many.
    """
    largest = rows.sort_values("mean", ascending=False, kind="stable").head(count)
    return tuple(
        Fan(
            variant_id=str(row["variant_id"]),
            title=str(row["title"]) or str(row["variant_id"]),
            past=tuple(units),
            p10=row["p10"],
            p50=row["p50"],
            p90=row["p90"],
            quantity=row["quantity"],
            on_hand=row["on_hand"],
            short_of=row["short_of"],
        )
        for row, units in zip(
            largest.to_dict(orient="records"), past[largest.index].tolist(), strict=True
        )
    )


def _past(panel: DemandPanel, rows: pd.DataFrame, weeks: slice) -> NDArray[np.float64]:
    """(V, T) weeks of the rows' variants; zeros for one that never sold."""
    place = pd.Index(panel.variants).get_indexer(pd.Index(rows["variant_id"].astype(object)))
    units = panel.units[:, weeks]
    past: NDArray[np.float64] = np.where(place[:, None] >= 0, units[place], 0.0)
    return past
