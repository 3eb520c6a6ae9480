"""Why the demand regression has its constants: each of them changed alone, on early origins.

Prints the table of docs/decisions/0005: six weekly origins of Online Retail II whose targets all
end before the first origin that docs/results.md reports; without preferences.

    python benchmarks/regression.py --workspace retail
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from unittest.mock import patch

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from data.workspace import Workspace
from production.demand.forecasters.linear import Regression
from production.demand.history import DemandPanel
from production.demand.metrics import QUANTILES, figures
from production.demand.reading import read_panel
from production.demand.settings import DemandSettings

FIRST: Final = np.datetime64("2010-03-22")
ORIGINS: Final = tuple(FIRST + np.timedelta64(7 * week, "D") for week in range(6))
HORIZON: Final = 4

REGRESSION: Final = "production.demand.forecasters.linear"
FEATURES: Final = "production.demand.features"
MARKET: Final = "production.demand.market.response"


def _smoothing(slow: float, medium: float, fast: float) -> dict[str, object]:
    speeds = {"SLOW": slow, "MEDIUM": medium, "FAST": fast}
    changes: dict[str, object] = {f"{FEATURES}.{name}": alpha for name, alpha in speeds.items()}
    return changes | {f"{MARKET}.MEDIUM": medium}


CHANGES: Final[Mapping[str, Mapping[str, object]]] = {
    "as shipped": {},
    "penalty 1e-4": {f"{REGRESSION}.PENALTY": 1e-4},
    "penalty 1e-2": {f"{REGRESSION}.PENALTY": 1e-2},
    "even power 0": {f"{REGRESSION}.EVEN_POWER": 0.0},
    "even power .6": {f"{REGRESSION}.EVEN_POWER": 0.6},
    "smoothing .05/.1/.2": _smoothing(0.05, 0.1, 0.2),
    "smoothing .2/.3/.5": _smoothing(0.2, 0.3, 0.5),
    "first origin after 5 weeks": {f"{REGRESSION}.FIRST_ORIGIN": 5},
    "levels free to lower demand": {f"{REGRESSION}.RISING": frozenset()},
}
"""Constants by their full names, and the other value that each is given."""


def measure(panel: DemandPanel, origin: np.datetime64) -> Mapping[str, float | None]:
    """Figures of the regression at one origin."""
    forecast = Regression().forecast(panel.at(origin, horizon=HORIZON))
    came = pd.Series(panel.actual(origin, HORIZON), index=panel.variants)
    rows = pd.DataFrame(forecast.quantiles, columns=list(QUANTILES))
    rows["mean"], rows["actual"] = forecast.mean, came.reindex(forecast.variants).to_numpy()
    return figures(rows)


def main() -> None:
    """Measure every change at every origin and print the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", type=Path, required=True, help="of Online Retail II")
    workspace = Workspace.open(parser.parse_args().workspace)
    panel = read_panel(workspace, DemandSettings(preferences=False))
    table = Table("setting", "WAPE", "pinball", "bias", title=f"Mean of {len(ORIGINS)} origins")
    for title, change in CHANGES.items():
        with ExitStack() as stack:
            for name, value in change.items():
                stack.enter_context(patch(name, value))
            mean = pd.DataFrame([measure(panel, origin) for origin in ORIGINS]).mean()
        table.add_row(title, f"{mean.wape_q50:.4f}", f"{mean.pinball:.2f}", f"{mean.bias:+.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
