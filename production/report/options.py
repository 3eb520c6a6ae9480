"""Demand for options behind a plan, and the hours and materials that the composed units take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.workspace import Workspace
from production.configuration.attach.rates import OptionDemand, option_demand
from production.configuration.attach.saved import load_attach
from production.demand.drawing import mix_of_forecast
from production.demand.history import DemandPanel
from production.demand.paths import sample_paths
from production.demand.saved import list_forecasts, load_forecast
from production.plans.plan import Plan
from production.report.level import Level, level, number, text

if TYPE_CHECKING:
    from production.report.view import Report

DRAWS: Final = 1000
"""Draws of demand."""
QUANTILES: Final = (0.1, 0.5, 0.9)
COLUMNS: Final = (
    "style_id", "kind", "name", "share", "share_low", "share_high", "mean", "p10", "p50", "p90",
)  # fmt: skip
"""`kind` is composed, option, resource or material; shares are of the style's units."""


def options_of(workspace: Workspace, plan: Plan, panel: DemandPanel) -> pd.DataFrame | None:
    """One option, resource or material of one style a row, see COLUMNS; None where there is none.

    Args:
        workspace: its attach rates, and the plan's forecast where it is kept.
        plan: the plan.
        panel: the demand that the forecast was made from.

    Raises:
        ChoicesRefused, ForecastRefused: what is kept cannot be read.
    """
    rates = load_attach(workspace, plan.as_of)
    styles = [one for one in sorted(rates) if (plan.lines["style_id"] == one).any()]
    if not styles or plan.forecast_id not in list_forecasts(workspace):
        return None
    saved = load_forecast(workspace, plan.forecast_id)
    mix = mix_of_forecast(workspace, panel, saved.forecast)
    paths = sample_paths(saved.forecast, mix, draws=DRAWS)
    units = paths.units.sum(axis=2, dtype=np.int64)  # (N, V)
    rows = [
        row
        for style in styles
        for row in _rows(
            option_demand(rates[style], units[:, saved.style_ids == style].sum(axis=1))
        )
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(found: OptionDemand) -> Iterator[dict[str, Any]]:
    rates = found.rates
    everything = np.maximum(found.units, 1)
    parts = (
        ("composed", ("composed",), found.composed[:, None], True),
        ("option", rates.options, found.options, True),
        ("resource", rates.resources, found.usage, False),
        ("material", rates.materials, found.materials, False),
    )
    for kind, names, amounts, of_units in parts:
        for place, name in enumerate(names):
            drawn = amounts[:, place]
            share = _quantiles(drawn / everything) if of_units else np.full(3, np.nan)
            yield {
                "style_id": rates.style_id,
                "kind": kind,
                "name": name,
                "share": float(drawn.sum() / everything.sum()) if of_units else np.nan,
                "share_low": share[0],
                "share_high": share[2],
                "mean": float(drawn.mean()),
                **dict(zip(("p10", "p50", "p90"), _quantiles(drawn), strict=True)),
            }


def _quantiles(drawn: NDArray[Any]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.quantile(drawn.astype(np.float64), QUANTILES)
    return found


def options(report: Report) -> Level | None:
    """Demand for options as a level; None where there is none."""
    if report.options is None:
        return None
    columns = (
        text("style_id", "Style"),
        text("kind", "Kind"),
        text("name", "Name"),
        number("share", "Share of style", "share"),
        number("share_low", "Share, low", "share"),
        number("share_high", "Share, high", "share"),
        number("mean", "Expected"),
        number("p10", "P10"),
        number("p50", "P50"),
        number("p90", "P90"),
    )
    about = (
        "Of styles that customers compose: units with each option, and what composed units take. "
        "An option's share is of all the style's units; low and high hold four in five."
    )
    return level("options", "Options", about, columns, report.options)
