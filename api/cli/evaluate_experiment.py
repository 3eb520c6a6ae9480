"""`atelier evaluate experiment`: what the arms of an experiment did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from api.cli import console
from api.cli.evaluate import check_outputs, write_outputs
from api.cli.options import DEFAULT_WORKSPACE, JsonFile, WorkspaceOption

ONE_LOOK: Final = (
    "The intervals hold for one look at a time fixed beforehand: looking every day and stopping at "
    "the first difference finds one where there is none."
)


def experiment(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which, as in atelier.toml.")],
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    days: Annotated[
        int,
        typer.Option(
            "--days", min=1, max=366, help="Each customer counts for so many, from the first list."
        ),
    ] = 14,
    json: JsonFile = None,
) -> None:
    """The arms of an experiment beside its control, and whether the split is sound."""
    check_outputs(json)

    from datetime import UTC, datetime

    from api.judging import experiment_report
    from api.live import local_time
    from api.settings import load_settings
    from data.workspace import Workspace

    settings = load_settings(workspace)
    now = local_time(datetime.now(UTC), settings.timezone)
    report = experiment_report(Workspace.open(workspace), settings, name, days=days, now=now)
    figures = {"experiment": name, "days": days, **report.to_json()}
    write_outputs(figures, json)
    show_experiment(figures)


def show_experiment(figures: Mapping[str, Any]) -> None:
    """Each figure of each arm, with its difference to the control, and the models behind it."""
    rows = [
        (f"{arm['arm']}, {what}", arm["customers"], *(arm[name][part] for part in
         ("value", "low", "high", "difference", "difference_low", "difference_high", "p")))
        for name, what in (("rate", "responding"), ("responses", "responses"),
                           ("adjusted", "adjusted"))
        for arm in figures["arms"]
    ]  # fmt: skip
    console.show(
        f"Experiment {figures['experiment']}: {figures['days']} days of each customer, beside "
        f"{figures['control']}",
        ("arm", "customers", "value", "low", "high", "difference", "low", "high", "p"),
        rows,
        caption=f"Responding: share of customers; responses: a customer; adjusted: less what the "
        f"days before explain, {figures['explained']:.0%} of the variance. {ONE_LOOK}",
    )
    for arm in figures["arms"]:
        console.say(f"Lists of {arm['arm']} by: {', '.join(arm['models'])}.", style="dim")
    if figures["waiting"] or figures["mixed"]:
        console.say(
            f"Not counted: {figures['waiting']:,} customers whose days are not over, "
            f"{figures['mixed']:,} who were in several arms.",
            style="dim",
        )
    if figures["mismatch"]:
        console.say(
            "Warning: the arms' sizes are not as their weights say "
            f"(p = {figures['split_p']:.1g}): something sorts the customers, and no difference can "
            "be trusted until it is found.",
            style="bold",
        )
