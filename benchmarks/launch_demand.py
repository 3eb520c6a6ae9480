"""What attributes say of a launch: its first horizon by launches like it, and without attributes.

Every launch that was seen is forecast at its first week from what lay before it, its distribution
from the launches whose horizon had passed by then; beside it stand the quantiles of their sales.
Prints WAPE of the median and pinball loss of both, after the first ones. The catalogue is today's.

    python benchmarks/launch_demand.py --workspace retail
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from data.workspace import Workspace
from production.demand.forecast import LEVELS
from production.demand.launches.expected import log_sizes
from production.demand.launches.first_weeks import FirstWeeks
from production.demand.launches.unsold import FEWEST, at_their_launch, quantiles_of, trust_of
from production.demand.metrics import pinball
from production.demand.reading import read_panel


def main() -> None:
    """Forecast the launches of a workspace and print the errors."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("--workspace", type=Path, required=True)
    asked.add_argument("--horizon", type=int, default=4)
    told = asked.parse_args()
    panel = read_panel(Workspace.open(told.workspace))
    history = panel.at(panel.end, horizon=told.horizon)
    if history.attributes is None:
        raise SystemExit("The workspace has no catalogue.")
    launched = FirstWeeks.of(
        history.lines, history.first_period, history.periods, history.attributes
    )
    sizes = log_sizes(history.units[launched.row], history.lines[launched.row])
    week, said, came = at_their_launch(history, launched, sizes)
    passed = np.searchsorted(week, week - told.horizon, side="right")  # launches known by then
    rows = np.flatnonzero(passed >= FEWEST)
    alike = np.zeros((len(rows), len(LEVELS)))
    for known in np.unique(passed[rows]):  # launches of one week know the same ones
        now = np.flatnonzero(passed[rows] == known)
        trust = trust_of(said[:known], came[:known])
        alike[now] = quantiles_of(said[rows[now]] ** trust, said[:known] ** trust, came[:known])
    anyone = [np.quantile(came[: passed[row]], LEVELS) for row in rows]
    table = Table("launches", "method", "WAPE of q50", "pinball loss")
    for name, forecast in (("launches like it", alike), ("all launches so far", anyone)):
        quantiles = np.array(forecast)
        error = np.abs(quantiles[:, LEVELS.index(0.5)] - came[rows]).sum() / came[rows].sum()
        loss = pinball(quantiles, came[rows]).mean()
        table.add_row(f"{len(rows):,}", name, f"{error:.3f}", f"{loss:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
