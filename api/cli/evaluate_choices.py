"""`atelier evaluate choices`: how many choices a buyer would not have to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from api.cli import console
from api.cli.evaluate import check_outputs, write_outputs
from api.cli.options import DEFAULT_WORKSPACE, JsonFile, WorkspaceOption


def choices(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    days: Annotated[
        int,
        typer.Option("--days", min=7, max=3660, help="The newest so many days are judged."),
    ] = 182,
    json: JsonFile = None,
) -> None:
    """Completions of later configurations, against the most popular, own last and random ones."""
    check_outputs(json)

    from api.choices import judged_choices
    from api.settings import load_settings
    from data.workspace import Workspace

    with console.progress() as progress:
        figures = judged_choices(
            Workspace.open(workspace), load_settings(workspace), days=days, progress=progress
        )
    write_outputs(figures, json)
    show_choices(figures)


def show_choices(figures: Mapping[str, Any]) -> None:
    """A table a product and number of choices made."""
    for style, one in figures["styles"].items():
        if "reason" in one:
            console.say(f"{style}: {one['reason']}")
            continue
        for made in sorted({row["made"] for row in one["methods"]}):
            rows = [row for row in one["methods"] if row["made"] == made]
            console.show(
                f"{style}, {made} choices made: {rows[0]['configurations']} configurations from "
                f"{one['from']} on, learned from {one['learned_from']} before",
                ("method", "unchanged", "95 % interval", "over popular", "taken", "invalid"),
                [
                    (row["method"], f"{row['unchanged']:.1%}",
                     f"{row['low']:.1%} to {row['high']:.1%}",
                     f"{row['difference']:+.1%} [{row['difference_low']:+.1%}, "
                     f"{row['difference_high']:+.1%}]",
                     f"{row['taken']:.1%}", row["invalid"])
                    for row in rows
                ],
            )  # fmt: skip
    console.say(
        "Unchanged: of the choices still to be made, those that the buyer would leave as offered. "
        "Taken: of the three likeliest options. Bootstrap over customers.",
        style="dim",
    )
