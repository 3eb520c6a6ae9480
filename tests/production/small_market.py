"""A small made-up workspace to plan in, and a forecast of it that needs no learning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from data.workspace import Workspace
from production.demand.forecast import LEVELS, Forecast
from production.demand.reading import read_panel

WEEKS = 30
FIRST = np.datetime64("2024-01-01")
NORMAL = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])
"""The standard normal's quantiles at LEVELS."""


def small_market(root: Path, *, resources: bool = True) -> Workspace:
    """Thirty weeks of four styles of three variants, the first of each the best seller."""
    random = np.random.default_rng(7)
    styles = np.repeat(["A", "B", "C", "D"], 3)
    colours = np.tile(["red", "blue", "grey"], 4)
    ids = np.array([f"{s}-{c}" for s, c in zip(styles, colours, strict=True)], dtype=object)
    rate = np.repeat([9.0, 6.0, 3.0, 1.5], 3) * np.tile([1.5, 1.0, 0.5], 4)
    units = random.poisson(rate[:, None], (12, WEEKS))
    variant, week = np.nonzero(units)
    days = week * 7 + random.integers(0, 7, len(week))
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i:05d}" for i in range(len(week))],
            "customer_id": [f"c{i:03d}" for i in random.integers(0, 80, len(week))],
            "variant_id": ids[variant],
            "quantity": units[variant, week].astype(np.int64),
            "unit_price": 10.0 + 5.0 * (variant // 3),
            "ordered_at": (FIRST + days).astype("datetime64[us]"),
        }
    )
    variants = pd.DataFrame(
        {
            "variant_id": ids,
            "style_id": styles,
            "title": [f"Shirt {s}, {c}" for s, c in zip(styles, colours, strict=True)],
            "price": 10.0 + 5.0 * np.repeat(np.arange(4), 3),
        }
    )
    workspace = Workspace.create(root)
    tables = {"orders": orders, "variants": variants}
    if resources:
        tables["resources"] = pd.DataFrame(
            {"resource_id": ["sewing", "fabric"], "capacity": [30.0, 500.0], "unit": ["h", "m"]}
        )
        tables["usage"] = pd.DataFrame(
            {
                "variant_id": [None, None, None, None, "A-red", "A-red"],
                "style_id": ["A", "B", "C", "D", None, None],
                "resource_id": ["sewing"] * 5 + ["fabric"],
                "amount": [0.5, 0.5, 1.0, 1.0, 0.25, 2.0],
            }
        )
    workspace.write(tables)
    return workspace


def simple_forecast(workspace: Workspace, *, horizon: int = 4) -> Forecast:
    """The mean of all weeks, with normal quantiles."""
    panel = read_panel(workspace)
    mean = panel.units.mean(axis=1) * horizon
    quantiles = np.maximum(mean[:, None] + NORMAL * np.sqrt(mean)[:, None] * 1.5, 0.0)
    assert quantiles.shape[1] == len(LEVELS)
    return Forecast(
        method="mean",
        origin=panel.end,
        variants=panel.variants,
        weekly=np.repeat(mean[:, None] / horizon, horizon, axis=1),
        mean=mean,
        quantiles=quantiles,
    )
