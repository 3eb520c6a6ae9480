"""Demand methods side by side at rolling origins in time.

The last origin's horizon ends with the last complete week; the others lie `step` weeks apart
before it. A method sees what lay before its origin and nothing else. Figures over all origins
are means of the origins' figures, so that a strong month weighs no more than a weak one. A
method that cannot stand on the weeks before an origin is reported as unavailable, with the
reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from data.progress import Progress, silent
from data.workspace import Workspace
from production.demand.ablation import Ablation, ablate
from production.demand.by_period import PeriodErrors, period_errors, period_figures
from production.demand.comparison import comparisons
from production.demand.forecast import ACTIVE_WEEKS
from production.demand.forecasters import DEFAULT, make_forecaster, method_names
from production.demand.forecasting import DemandSource, open_demand
from production.demand.market.settings import known_ahead
from production.demand.metrics import FIGURES, SLICES, figures
from production.demand.origins import past_origins
from production.demand.predictions import PREDICTION_COLUMNS, came_of, predicted
from production.demand.reading import read_panel
from production.demand.settings import DemandSettings
from production.errors import TooLittleHistory
from recsys.model import Run

__all__ = ["PREDICTION_COLUMNS", "DemandEvaluation", "evaluate_demand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandEvaluation:
    """What every method forecast, what came, and the figures.

    Attributes:
        horizon: periods that each prediction sums.
        period: `week` or `day`, what horizon and step count.
        step: periods between origins.
        origins: the origins, ascending.
        predictions: PREDICTION_COLUMNS; origin as text, units over the horizon.
        methods: a row a method, slice and origin ("all" for the mean over origins): method,
            origin, slice, origins, variants, units and FIGURES; rows of "all" have `bias_pooled`,
            that of all origins' units together, as well.
        by_period: a row a method: errors of single periods (`production.demand.by_period`), and
            the default's over its own.
        known: patterns of market columns whose values after the origin were declared known.
        comparisons: the default against each reference, by slice: ratios of wape_q50, pinball
            and rmse over all origins, with 95 % intervals (`production.demand.comparison`).
        unavailable: method, origin and reason.
        ablation: what each group of features is worth, where that was asked for.
    """

    horizon: int
    step: int
    origins: tuple[np.datetime64, ...]
    predictions: pd.DataFrame
    methods: list[dict[str, Any]]
    by_period: list[dict[str, Any]]
    period: str
    known: tuple[str, ...]
    comparisons: list[dict[str, Any]]
    unavailable: list[dict[str, str]]
    ablation: Ablation | None = None

    def to_json(self) -> dict[str, Any]:
        """The evaluation for programs; holds no NaN."""
        return {
            "period": self.period,
            "horizon": self.horizon,
            "step": self.step,
            "known": list(self.known),
            "active_weeks": ACTIVE_WEEKS,
            "origins": [str(origin) for origin in self.origins],
            "default": DEFAULT,
            "methods": self.methods,
            "by_period": self.by_period,
            "comparisons": self.comparisons,
            "ablation": None if self.ablation is None else self.ablation.to_json(),
            "unavailable": self.unavailable,
        }


def evaluate_demand(
    workspace: Workspace,
    *,
    horizon: int = 4,
    origins: int = 7,
    step: int = 4,
    methods: Sequence[str] | None = None,
    ablation: bool = False,
    settings: DemandSettings | None = None,
    run: Run | None = None,
    progress: Progress = silent,
) -> DemandEvaluation:
    """Forecast from past origins and compare with what came.

    Args:
        workspace: its orders; and variants and market, where it has them.
        horizon: periods that each forecast sums.
        origins: how many, at least 1.
        step: periods between them, at least 1.
        methods: names; without it, all; by day, those that are meant for days.
        ablation: leave each group of the default's features out in turn; takes as long again for
            each of them.
        settings: how demand is read.
        run: seed of the bootstrap and of the preference model.
        progress: told each origin and method.

    Raises:
        UnknownMethod, BadHorizon: the request names what there is not.
        OutsideData: the orders do not hold so many origins.
        TooLittleHistory: no method can stand on the weeks before any origin.
    """
    for name in methods or ():
        make_forecaster(name)
    panel = read_panel(workspace, settings)
    names = tuple(methods) if methods else method_names(panel.per_week)
    dates = past_origins(panel, horizon=horizon, origins=origins, step=step)
    source = open_demand(
        workspace,
        dates,
        panel=panel,
        horizon=horizon,
        preferences=DEFAULT in names or ablation,
        run=run,
        progress=progress,
    )
    rows, errors, unavailable = _predicted(source, dates, names, progress)
    if rows.empty:
        raise TooLittleHistory(
            f"No method can forecast from {dates[-1]}.",
            where="orders",
            fix=unavailable[-1]["reason"],
        )
    seed = (run or Run()).seed
    others = [name for name in names if name != DEFAULT]
    return DemandEvaluation(
        horizon=horizon,
        step=step,
        origins=tuple(dates),
        predictions=rows[list(PREDICTION_COLUMNS)],
        methods=_figures(rows, names),
        by_period=period_figures(errors, DEFAULT, seed=seed),
        period=panel.settings.period,
        known=known_ahead(panel.settings),
        comparisons=comparisons(rows, DEFAULT, others, seed=seed),
        unavailable=unavailable,
        ablation=ablate(source, dates, DEFAULT, seed=seed, progress=progress) if ablation else None,
    )


def _predicted(
    source: DemandSource,
    dates: Sequence[np.datetime64],
    names: Sequence[str],
    progress: Progress,
) -> tuple[pd.DataFrame, list[PeriodErrors], list[dict[str, str]]]:
    """Rows of `predicted` of every method and origin, their errors by period, and who could not."""
    parts, errors, unavailable = [], [], []
    for done, date in enumerate(dates):
        for place, name in enumerate(names):
            try:
                rows = predicted(source, date, name)
            except TooLittleHistory as error:
                unavailable.append({"method": name, "origin": str(date), "reason": str(error)})
            else:
                parts.append(rows)
                found = source.forecast(date, name)
                came = came_of(source, date, found.variants)
                errors.append(period_errors(name, str(date), found.weekly, came))
            progress("Evaluating forecasts", done * len(names) + place + 1, len(dates) * len(names))
    columns = [*PREDICTION_COLUMNS, "slice"]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return rows, errors, unavailable


def _figures(rows: pd.DataFrame, names: Sequence[str]) -> list[dict[str, Any]]:
    """A row a method, slice and origin, the mean over origins first."""
    found: list[dict[str, Any]] = []
    for name in names:
        mine = rows[rows["method"] == name]
        for kind in SLICES:
            chosen = mine if kind == "all" else mine[mine["slice"] == kind]
            by_origin: list[dict[str, Any]] = [
                {
                    "method": name,
                    "origin": origin,
                    "slice": kind,
                    "origins": 1,
                    "variants": len(part),
                    "units": float(part["actual"].sum()),
                    **figures(part),
                }
                for origin, part in chosen.groupby("origin", sort=True)
            ]
            if by_origin:
                found += [_mean_of(by_origin), *by_origin]
    return found


def _mean_of(by_origin: Sequence[dict[str, Any]]) -> dict[str, Any]:
    mean: dict[str, Any] = {**by_origin[0], "origin": "all", "origins": len(by_origin)}
    mean["variants"] = sum(row["variants"] for row in by_origin)
    mean["units"] = sum(row["units"] for row in by_origin)
    for name in FIGURES:
        values = [row[name] for row in by_origin if row[name] is not None]
        mean[name] = float(np.mean(values)) if values else None
    known = [row for row in by_origin if row["bias"] is not None]
    forecast = sum((1 + row["bias"]) * row["units"] for row in known)
    units = sum(row["units"] for row in known)
    mean["bias_pooled"] = forecast / units - 1 if units else None
    return mean
