"""What calibration is worth, and why it has its constants: each of them changed alone.

Takes a method's forecasts at weekly origins, corrects each by those before it whose horizon had
passed, and prints means over the origins: without calibration, as shipped, and with one constant
changed. On Online Retail II the origins' targets end before the first that docs/results.md reports;
without preferences.

    python benchmarks/calibration.py --workspace retail
    python benchmarks/calibration.py --workspace sample --step 4 \
        --first 2024-09-02 --last 2025-11-24
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final
from unittest.mock import patch

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from data.workspace import Workspace
from production.demand import calibration, shape
from production.demand.backtest import Backtest
from production.demand.calibration import PastPredicted, Predicted, calibrated, pace_of
from production.demand.forecasters import make_forecaster
from production.demand.history import DemandPanel
from production.demand.metrics import QUANTILES, SLICES, figures, slices
from production.demand.reading import read_panel
from production.demand.settings import DemandSettings
from production.errors import TooLittleHistory

HORIZON: Final = 4
PAST_ORIGINS: Final = 6
WEEK: Final = np.timedelta64(7, "D")

CHANGES: Final[Mapping[str, Mapping[str, float]]] = {
    "as shipped": {},
    "no pace": {"PACE_TRUST": 0.0},
    "half the way to the pace": {"PACE_TRUST": 0.5},
    "drift's life 2 horizons": {"DRIFT_LIFE": 2.0},
    "doubt 1 horizon": {"DOUBT": 1.0},
    "doubt 6 horizons": {"DOUBT": 6.0},
    "shape's life 4 horizons": {"SHAPE_LIFE": 4.0},
    "row doubt 200": {"shape.ROW_DOUBT": 200.0},
    "row power 0": {"shape.ROW_POWER": 0.0},
    "row power 1": {"shape.ROW_POWER": 1.0},
    "shocks put back whole": {"LARGEST_SHOCK": 2.0},
    "no shock put back": {"LARGEST_SHOCK": 0.0},
}
"""Constants of `production.demand.calibration` and `.shape`, and the other value of each."""


class Forecasts:
    """A method's forecasts at any origin, with the slices then and what came."""

    def __init__(self, panel: DemandPanel, method: str) -> None:
        self.panel = panel
        self.book: Backtest = panel.backtest(horizon=HORIZON, expected=None)
        self.method = make_forecaster(method)
        self.made: dict[str, PastPredicted | None] = {}

    def at(self, origin: np.datetime64, age: float) -> PastPredicted | None:
        """The forecast of an origin; None where too little lies before it."""
        if str(origin) not in self.made:
            self.made[str(origin)] = self._at(origin)
        found = self.made[str(origin)]
        if found is None:
            return None
        return PastPredicted(age=age, predicted=found.predicted, actual=found.actual)

    def _at(self, origin: np.datetime64) -> PastPredicted | None:
        if origin <= self.panel.periods[0]:
            return None
        try:
            forecast = self.book.forecast(self.method, origin)
        except TooLittleHistory:
            return None
        row = np.searchsorted(self.panel.variants, forecast.variants)
        history = self.book.history(origin)
        return PastPredicted(
            age=0.0,
            predicted=Predicted(
                quantiles=forecast.quantiles, slices=slices(history), pace=pace_of(history)
            ),
            actual=self.panel.actual(origin, HORIZON)[row],
        )

    def figures(self, origin: np.datetime64, *, correct: bool) -> Mapping[str, float | None]:
        """Figures at an origin, and coverage by slice."""
        now = self.at(origin, 0.0)
        if now is None:
            return {}
        ages = range(PAST_ORIGINS if correct else 0)
        past = [self.at(origin - (age + 1) * HORIZON * WEEK, float(age)) for age in ages]
        told = now.predicted if correct else replace(now.predicted, pace=None)
        quantiles, mean = calibrated(told, [one for one in past if one is not None])
        rows = pd.DataFrame(quantiles, columns=list(QUANTILES))
        rows["mean"], rows["actual"] = mean, now.actual
        covered = {
            kind: figures(rows[now.predicted.slices == kind])["coverage_90"]
            for kind in SLICES[1:]
            if (now.predicted.slices == kind).any()
        }
        return {**figures(rows), **covered}


def main() -> None:
    """Measure every change at every origin and print the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--method", default="linear", help="whose forecasts are corrected")
    parser.add_argument("--first", type=np.datetime64, default=np.datetime64("2010-04-26"))
    parser.add_argument("--last", type=np.datetime64, default=np.datetime64("2010-06-21"))
    parser.add_argument("--step", type=int, default=1, help="weeks between origins")
    given = parser.parse_args()
    workspace = Workspace.open(given.workspace)
    panel = read_panel(workspace, DemandSettings(preferences=False))
    origins = np.arange(given.first, given.last + WEEK, given.step * WEEK)
    forecasts = Forecasts(panel, given.method)
    shown = ("wape_q50", "pinball", "bias", "rmse", "coverage_90", *SLICES[1:])
    table = Table("setting", *shown, title=f"Mean of {len(origins)} origins, {given.method}")
    for title, change in {"not calibrated": {}, **CHANGES}.items():
        with ExitStack() as stack:
            for name, value in change.items():
                room = shape if name.startswith("shape.") else calibration
                stack.enter_context(patch.object(room, name.removeprefix("shape."), value))
            found = pd.DataFrame(
                [forecasts.figures(one, correct=title != "not calibrated") for one in origins]
            )
        mean = found.astype(float).mean()
        table.add_row(title, *(f"{mean[name]:.4g}" for name in shown))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
