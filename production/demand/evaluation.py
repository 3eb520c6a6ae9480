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
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.progress import Progress, silent
from data.workspace import Workspace
from production.demand.forecast import ACTIVE_WEEKS, Forecast
from production.demand.forecasters import DEFAULT, make_forecaster, method_names
from production.demand.forecasting import DemandSource, open_demand
from production.demand.history import DemandSettings, read_panel
from production.demand.metrics import FIGURES, QUANTILES, SLICES, figures, pinball, slices
from production.demand.origins import past_origins
from production.errors import TooLittleHistory
from recsys.model import Run

PREDICTION_COLUMNS: Final = (
    "method", "origin", "variant_id", "mean", *QUANTILES, "actual",
)  # fmt: skip
DRAWS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandEvaluation:
    """What every method forecast, what came, and the figures.

    Attributes:
        horizon: weeks that each prediction sums.
        step: weeks between origins.
        origins: the origins, ascending.
        predictions: PREDICTION_COLUMNS; origin as text, units over the horizon.
        methods: a row a method, slice and origin ("all" for the mean over origins): method,
            origin, slice, origins, variants, units and FIGURES.
        comparisons: the default against each reference: ratio of `wape_q50` and `pinball` over
            all origins, with a 95 % interval.
        unavailable: method, origin and reason.
    """

    horizon: int
    step: int
    origins: tuple[np.datetime64, ...]
    predictions: pd.DataFrame
    methods: list[dict[str, Any]]
    comparisons: list[dict[str, Any]]
    unavailable: list[dict[str, str]]

    def to_json(self) -> dict[str, Any]:
        """The evaluation for programs; holds no NaN."""
        return {
            "horizon": self.horizon,
            "step": self.step,
            "active_weeks": ACTIVE_WEEKS,
            "origins": [str(origin) for origin in self.origins],
            "default": DEFAULT,
            "methods": self.methods,
            "comparisons": self.comparisons,
            "unavailable": self.unavailable,
        }


def evaluate_demand(
    workspace: Workspace,
    *,
    horizon: int = 4,
    origins: int = 7,
    step: int = 4,
    methods: Sequence[str] | None = None,
    settings: DemandSettings | None = None,
    run: Run | None = None,
    progress: Progress = silent,
) -> DemandEvaluation:
    """Forecast from past origins and compare with what came.

    Args:
        workspace: its orders; and variants and market, where it has them.
        horizon: weeks that each forecast sums.
        origins: how many, at least 1.
        step: weeks between them, at least 1.
        methods: names; without it, all.
        settings: how demand is read.
        run: seed of the bootstrap and of the preference model.
        progress: told each origin and method.

    Raises:
        UnknownMethod, BadHorizon: the request names what there is not.
        OutsideData: the orders do not hold so many origins.
        TooLittleHistory: no method can stand on the weeks before any origin.
    """
    names = tuple(methods) if methods else method_names()
    for name in names:
        make_forecaster(name)
    panel = read_panel(workspace, settings)
    dates = past_origins(panel, horizon=horizon, origins=origins, step=step)
    source = open_demand(
        workspace,
        dates,
        panel=panel,
        horizon=horizon,
        preferences=DEFAULT in names,
        run=run,
        progress=progress,
    )
    rows, unavailable = _predicted(source, dates, names, progress)
    if rows.empty:
        raise TooLittleHistory(
            f"No method can forecast from {dates[-1]}.",
            where="orders",
            fix=unavailable[-1]["reason"],
        )
    return DemandEvaluation(
        horizon=horizon,
        step=step,
        origins=tuple(dates),
        predictions=rows[list(PREDICTION_COLUMNS)],
        methods=_figures(rows, names),
        comparisons=_comparisons(rows, (run or Run()).seed),
        unavailable=unavailable,
    )


def _predicted(
    source: DemandSource,
    dates: Sequence[np.datetime64],
    names: Sequence[str],
    progress: Progress,
) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """PREDICTION_COLUMNS and slice of every method at every origin; who could not, and why."""
    parts, unavailable = [], []
    for done, date in enumerate(dates):
        history = source.history(date)
        came = pd.Series(source.panel.actual(date, source.horizon), index=source.panel.variants)
        actual = came.reindex(history.variants[history.active]).to_numpy(float)
        kind = slices(history)
        for place, name in enumerate(names):
            try:
                forecast = make_forecaster(name).forecast(history)
            except TooLittleHistory as error:
                unavailable.append({"method": name, "origin": str(date), "reason": str(error)})
            else:
                parts.append(_rows(forecast).assign(actual=actual, slice=kind))
            progress("Evaluating forecasts", done * len(names) + place + 1, len(dates) * len(names))
    columns = [*PREDICTION_COLUMNS, "slice"]
    return (pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)), (
        unavailable
    )


def _rows(forecast: Forecast) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "method": forecast.method,
            "origin": str(forecast.origin),
            "variant_id": pd.array(forecast.variants, dtype="str"),
            "mean": forecast.mean,
        }
    )
    table[list(QUANTILES)] = forecast.quantiles
    return table


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
    return mean


def _comparisons(rows: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """The default's loss over each reference's, at the origins that both forecast."""
    mine = rows[rows["method"] == DEFAULT]
    found = []
    for name in rows["method"].unique():
        if name == DEFAULT or mine.empty:
            continue
        both = mine.merge(
            rows[rows["method"] == name], on=["origin", "variant_id"], suffixes=("", "_other")
        )
        for figure in ("wape_q50", "pinball"):
            ratio, low, high = _ratio(both, figure, seed)
            found.append(
                {
                    "method": DEFAULT,
                    "against": str(name),
                    "figure": figure,
                    "ratio": ratio,
                    "interval": [low, high],
                    "level": 0.95,
                    "origins": int(both["origin"].nunique()),
                }
            )
    return found


def _ratio(both: pd.DataFrame, figure: str, seed: int) -> tuple[float, float, float]:
    """Ratio of two methods' losses and its 95 % percentile interval.

    Loss a unit of demand, mean over origins. Origins and variants are both drawn with
    replacement, DRAWS times: an origin shares its weather, a variant its errors over origins.
    """
    origin, row = np.unique(both["origin"].to_numpy(dtype=object), return_inverse=True)
    variant, column = np.unique(both["variant_id"].to_numpy(dtype=object), return_inverse=True)

    def table(values: NDArray[np.float64]) -> NDArray[np.float64]:
        cells = np.zeros((len(origin), len(variant)))
        cells[row, column] = values
        return cells

    actual = both["actual"].to_numpy(float)
    mine, other = (table(_loss(both, figure, suffix)) for suffix in ("", "_other"))
    demand = table(actual)
    random = np.random.default_rng(seed)
    count = len(variant)
    by_variant = np.vstack(
        [np.ones(count), random.multinomial(count, np.full(count, 1 / count), size=DRAWS)]
    )  # (1 + DRAWS, V), the sample itself first
    days = len(origin)
    by_origin = np.vstack(
        [np.ones(days), random.multinomial(days, np.full(days, 1 / days), size=DRAWS)]
    )
    units = np.maximum(by_variant @ demand.T, 1e-12)  # (1 + DRAWS, O)
    ours = (by_origin * (by_variant @ mine.T) / units).sum(axis=1)
    theirs = (by_origin * (by_variant @ other.T) / units).sum(axis=1)
    ratios = ours / np.maximum(theirs, 1e-12)
    low, high = np.quantile(ratios[1:], [0.025, 0.975])
    return float(ratios[0]), float(low), float(high)


def _loss(both: pd.DataFrame, figure: str, suffix: str) -> NDArray[np.float64]:
    actual = both["actual"].to_numpy(float)
    if figure == "pinball":
        return pinball(both[[name + suffix for name in QUANTILES]].to_numpy(float), actual)
    return np.asarray(np.abs(both["q50" + suffix].to_numpy(float) - actual))
