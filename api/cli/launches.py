"""`atelier evaluate launches`: how well what was just launched finds the customers who want it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import typer

from api.cli import console
from api.cli.evaluate import check_outputs, names_of, write_outputs
from api.cli.options import DEFAULT_WORKSPACE, JsonFile, WorkspaceOption, day


def launches(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    origin: Annotated[
        list[date] | None,
        typer.Option(
            parser=day,
            metavar="YYYY-MM-DD",
            help="First day of a test window; may be repeated.  "
            "[default: those of the last three with launches]",
        ),
    ] = None,
    test_days: Annotated[int, typer.Option(min=1, max=366, help="Days of a test window.")] = 28,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Length of the lists.")] = 20,
    models: Annotated[
        str | None,
        typer.Option(
            metavar="A,B", help="Only these models.  [default: all that score by attributes]"
        ),
    ] = None,
    json: JsonFile = None,
) -> None:
    """Variants first sold in a test window, ranked by attributes for those who bought some."""
    check_outputs(json)

    from api.settings import load_settings
    from api.work import run_of
    from data.workspace import Workspace
    from recsys.evaluation.launches import evaluate_launches

    with console.progress() as progress:
        found = evaluate_launches(
            Workspace.open(workspace),
            origins=origin or None,
            test_days=test_days,
            k=k,
            models=names_of(models),
            run=run_of(load_settings(workspace)),
            progress=progress,
        )
    figures = found.to_json()
    write_outputs(figures, json)
    show_launches(figures)


def show_launches(figures: Mapping[str, Any]) -> None:
    """A table an origin and one of their mean: a row a model and length."""
    facts = {each["origin"]: each for each in figures["origins"]}
    reference = figures["settings"]["reference"]
    for origin in dict.fromkeys(row["origin"] for row in figures["models"]):
        told = facts.get(origin)
        title = (
            f"Launched in the window from {origin}: {told['launched']} variants, "
            f"ranked for {told['customers']:,} customers"
            if told
            else f"Mean of {len(facts)} origins"
        )
        console.show(
            title,
            ("model", "k", "recall", "95 %", "random", "times", "gain", "95 %"),
            [
                (row["model"], row["k"], row["recall"], _bounds(row), row["random"],
                 row["over_random"], *_difference(row))
                for row in figures["models"]
                if row["origin"] == origin
            ],
            caption=f"times: recall over random's; gain: recall less that of {reference}.",
        )  # fmt: skip
    if without := figures["settings"]["origins_without_launches"]:
        console.say(
            f"Left out: no known customer bought anything launched from {', '.join(without)}.",
            style="dim",
        )
    k = figures["settings"]["k"]
    few = [each["origin"] for each in figures["origins"] if not each["thrice_random_is_possible"]]
    if few:
        console.say(
            f"Fewer than {3 * k} variants were launched at {', '.join(few)}: random finds over a "
            f"third of them in {k}, so no list of {k} can be three times as good; judge the "
            "shorter ones.",
            style="dim",
        )


def _bounds(row: Mapping[str, Any], *, signed: bool = False) -> str:
    low, high = row["ci"]
    return f"{low:+.2f} {high:+.2f}" if signed else f"{low:.2f}-{high:.2f}"


def _difference(row: Mapping[str, Any]) -> tuple[str, str]:
    """The gain on the reference and its interval; dashes on the reference's own row."""
    if "difference" not in row:
        return "-", "-"
    gain = row["difference"]
    return f"{gain['recall']:+.3f}", _bounds(gain, signed=True)
