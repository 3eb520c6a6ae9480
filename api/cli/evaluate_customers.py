"""`atelier evaluate customers`: how good the chances are that customers order again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from api.cli import console
from api.cli.evaluate import check_outputs, write_outputs
from api.cli.options import DEFAULT_WORKSPACE, JsonFile, WorkspaceOption


def customers(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    days: Annotated[
        list[int] | None,
        typer.Option(
            "--days",
            min=1,
            max=366,
            help="Days that chances are for; may be repeated.  [default: 28 and 90]",
        ),
    ] = None,
    origins: Annotated[
        int, typer.Option("--origins", min=1, max=60, help="How many origins at most.")
    ] = 6,
    json: JsonFile = None,
) -> None:
    """Chances of an order against who came, beside the rule "lapsed after 90 days"."""
    check_outputs(json)

    from api.settings import load_settings
    from data.workspace import Workspace
    from recsys.groups.classes import LONG_DAYS
    from recsys.groups.evaluation import evaluate_customers

    opened = Workspace.open(workspace)
    found = evaluate_customers(
        opened,
        days=tuple(dict.fromkeys(days)) if days else (28, LONG_DAYS),
        origins=origins,
        seed=load_settings(workspace).seed,
    )
    figures = found.to_json()
    write_outputs(figures, json)
    show_customers(figures)


def show_customers(figures: Mapping[str, Any]) -> None:
    """For each length of time: the methods over all origins, then said against came."""
    for days in figures["days"]:
        rows = [row for row in figures["methods"] if row["days"] == days]
        origins = figures["origins"][str(days)]
        if rows:
            console.show(
                f"An order within {days} days, {len(origins)} origins "
                f"from {origins[0]} to {origins[-1]}",
                ("method", "auc", "brier", "expected", "came"),
                [
                    (row["method"], row["auc"], row["brier"], row["expected"], row["came"])
                    for row in rows
                    if row["origin"] == "all"
                ],
            )
            for row in (one for one in figures["comparisons"] if one["days"] == days):
                low, high = row["interval"]
                console.say(
                    f"Brier of the model is {row['ratio']:.3f} of the rule's; difference "
                    f"{row['difference']:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}.",
                    style="dim",
                )
            console.show(
                f"Said and came, {days} days",
                ("chance", "customers", "expected", "came"),
                [
                    (f"{row['low']:.0%}-{row['high']:.0%}", row["customers"], row["expected"],
                     row["came"])
                    for row in figures["calibration"]
                    if row["days"] == days
                ],
            )  # fmt: skip
        missing = [row for row in figures["unavailable"] if row["days"] == days]
        if missing:
            console.say(
                f"Not available: {days} days at {len(missing)} origins; "
                f"at {missing[-1]['origin']}: {missing[-1]['reason']}"
            )
