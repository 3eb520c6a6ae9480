"""What weighing the bad tail costs and gains, judged on demand drawn anew.

Plans the latest kept forecast of a workspace for the mean alone and with the tail weighed, and
simulates every plan on draws that none was made on. Writes nothing into the workspace.

    python benchmarks/risk.py --workspace sample --weights .25 .5 1

Or times the simulation of a plan for many generated variants:

    python benchmarks/risk.py --generated 100000
"""

from __future__ import annotations

import argparse
import resource
from pathlib import Path
from time import process_time
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from api.demand import latest_saved
from api.settings import load_settings
from api.work import run_of
from data.workspace import Workspace
from production.demand.drawing import mix_of_forecast
from production.demand.forecast import Forecast
from production.demand.mix.shares import Mix
from production.demand.reading import read_panel
from production.demand.totals import MOST_DRAWS, Totals
from production.plans.plan import Plan
from production.plans.planning import make_plan
from production.plans.risk import PlanRisk, simulate
from production.plans.risk_settings import FEWEST, RiskSettings

Floats = NDArray[np.float64]

SEEDS: Final = (2024, 2025, 2026, 2027, 2028)
"""Of the fresh scenarios, MOST_DRAWS each; plans are made on the setting's own, 0 by default."""


NORMAL: Final = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])
"""The standard normal's quantiles at the forecast's levels."""

VARIANTS_A_STYLE: Final = 5


def main() -> None:
    """Print a row a plan: profit and tails on fresh scenarios, as differences to the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--generated", type=int, metavar="VARIANTS")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.25, 0.5, 1.0])
    parser.add_argument("--level", type=float, default=0.9)
    parser.add_argument("--of", choices=("profit", "cost"), default="profit")
    parser.add_argument("--scenarios", type=int, nargs="+", default=[5000])
    given = parser.parse_args()
    if given.generated:
        time_generated(given.generated)
        return
    if given.workspace is None:
        parser.error("give --workspace or --generated")

    workspace = Workspace.open(given.workspace)
    settings = load_settings(given.workspace)
    forecast = latest_saved(workspace).forecast
    panel = read_panel(workspace, settings.demand)
    mix = mix_of_forecast(workspace, panel, forecast)
    fresh = [Totals.of(forecast, mix, draws=MOST_DRAWS, seed=seed) for seed in SEEDS]

    tail = f"its worst {1 - given.level:.0%}"
    table = Table("weight", "made on", "mean profit", tail, "mean cost", tail, "units", "gap",
                  "CPU s", title=f"Of {given.of}, on {len(SEEDS)} x {MOST_DRAWS:,} fresh scenarios;"
                  " rows below the first: differences and their standard errors")  # fmt: skip
    neutral: Floats | None = None
    cases = [(0.0, FEWEST), *((w, n) for n in given.scenarios for w in given.weights)]
    for weight, scenarios in cases:
        began = process_time()
        plan = make_plan(
            workspace,
            forecast=forecast,
            horizon=forecast.weekly.shape[1],
            run=run_of(settings),
            settings=settings.economics,
            demand=settings.demand,
            risk=RiskSettings(weight=weight, level=given.level, of=given.of, scenarios=scenarios),
        )
        seconds = process_time() - began
        found = np.array([figures(simulate(plan, draws, level=given.level)) for draws in fresh])
        gap = plan.gap if plan.aversion is None else plan.aversion.gap
        table.add_row(
            f"{weight:g}",
            "" if plan.aversion is None else f"{plan.aversion.scenarios:,}",
            *(told(found) if neutral is None else told(found - neutral, sign="+")),
            f"{plan.lines['quantity'].sum():,.0f}",
            f"{gap:.1e}",
            f"{seconds:.1f}",
        )
        neutral = found if neutral is None else neutral
    Console(width=160).print(table)


def time_generated(variants: int) -> None:
    """Print the CPU and the memory that 1,000 scenarios of generated variants take."""
    mean = np.random.default_rng(0).gamma(1.0, 10.0, variants)
    ids = np.array([f"v{number:07d}" for number in range(variants)], dtype=object)
    style = np.arange(variants) // VARIANTS_A_STYLE
    alike, one = np.full(variants, 1 / VARIANTS_A_STYLE), np.ones(variants)
    mix = Mix(style=style, share=alike, low=0 * one, high=one, strength=20 * one)
    forecast = Forecast(
        method="generated",
        origin=np.datetime64("2024-01-01"),
        variants=ids,
        weekly=mean[:, None],
        mean=mean,
        quantiles=np.maximum(mean[:, None] * (1 + 0.5 * NORMAL), 0.0),
    )
    lines = pd.DataFrame(
        {"variant_id": ids, "style_id": style.astype(str), "quantity": np.round(1.2 * mean),
         "on_hand": 0, "price": 20.0, "underage_cost": 12.0, "overage_cost": 4.0}
    )  # fmt: skip
    plan = Plan(
        plan_id="generated", as_of=forecast.origin, horizon=1, method="generated", lines=lines,
        resources=(), expected_cost=0.0, bound=0.0, gap=0.0, status="", assumptions=(),
    )  # fmt: skip
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, process_time()
    simulate(plan, Totals.of(forecast, mix, draws=1000))
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    Console().print(
        f"{variants:,} variants, 1,000 scenarios: {process_time() - began:.0f} s of CPU, "
        f"{more / 1024:,.0f} MiB more"
    )


def figures(found: PlanRisk) -> tuple[float, ...]:
    """What a plan is judged by."""
    return (found.profit.mean, found.tail_profit.mean, found.cost.mean, found.tail_cost.mean)


def told(values: Floats, sign: str = "") -> list[str]:
    """Each column's mean over the seeds, with its standard error."""
    errors = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return [f"{mean:{sign},.0f} ± {error:.0f}"
            for mean, error in zip(values.mean(axis=0), errors, strict=True)]  # fmt: skip


if __name__ == "__main__":
    main()
