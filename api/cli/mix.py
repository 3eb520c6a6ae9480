"""`atelier evaluate mix`: how well styles' demand is split over their variants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.cli import console
from api.cli.evaluate import OriginsOption, StepOption, check_outputs, write_outputs
from api.cli.options import (
    DEFAULT_WORKSPACE,
    HorizonOption,
    JsonFile,
    PredictionsFile,
    WorkspaceOption,
)


def mix(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    horizon: HorizonOption = None,
    origins: OriginsOption = 7,
    step: StepOption = 4,
    json: JsonFile = None,
    predictions: PredictionsFile = None,
) -> None:
    """Shares of the variants within their styles, given each style's true total."""
    check_outputs(json, predictions)

    from api.settings import load_settings
    from api.work import run_of
    from data.workspace import Workspace
    from production.demand.mix.evaluation import evaluate_mix

    settings = load_settings(workspace, horizon=horizon)
    with console.progress() as progress:
        found = evaluate_mix(
            Workspace.open(workspace),
            horizon=settings.horizon,
            origins=origins,
            step=step,
            settings=settings.demand,
            run=run_of(settings),
            progress=progress,
        )
    figures = found.to_json()
    write_outputs(figures, json, found.shares, predictions)
    show_mix(figures)


def show_mix(figures: Mapping[str, Any]) -> None:
    """A table a slice: the methods' share errors beside the raw share's."""
    origins = figures["origins"]
    names = {
        "all": "All styles of several variants",
        "sparse": f"Sparse: fewer than {figures['sparse_units']} units in the "
        f"{figures['sparse_weeks']} weeks before",
        "other": "All others",
    }
    for kind, title in names.items():
        rows = [row for row in figures["methods"] if row["slice"] == kind]
        if not rows:
            continue
        console.show(
            f"{title}: {rows[0]['styles']} styles' horizons, {rows[0]['units']:,.0f} units",
            ("method", "error", "ratio", "95 % interval", "coverage"),
            [
                (row["method"], row["share_error"], row["ratio"],
                 f"[{row['interval'][0]:.3f}, {row['interval'][1]:.3f}]", row["coverage"])
                for row in rows
            ],
        )  # fmt: skip
    console.say(
        f"Over {figures['horizon']} periods from {len(origins)} origins, {origins[0]} to "
        f"{origins[-1]}. Error: of the shares, times the style's true total, a unit of demand; "
        f"ratio: to {figures['reference']}'s, below 1 is better, bootstrap over styles; coverage: "
        f"of intervals that should hold at least {figures['interval_coverage']:.0%}.",
        style="dim",
    )
