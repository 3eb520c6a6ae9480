"""`atelier tune`: search a model's hyperparameters on the training period alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFile, WorkspaceOption, day
from api.output import check_writable, to_json, write_text

if TYPE_CHECKING:
    from api.settings import Settings
    from recsys.tuning.chosen import Tuned
    from recsys.tuning.search import Goal


def tune(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    model: Annotated[
        str | None, typer.Option(help="Which model to tune.  [default: atelier]")
    ] = None,
    trials: Annotated[
        int, typer.Option(min=1, max=10_000, help="Settings to try in all, the defaults first.")
    ] = 40,
    before: Annotated[
        date | None,
        typer.Option(
            parser=day,
            metavar="YYYY-MM-DD",
            help="Look at nothing from this day on.  [default: 84 days before the end]",
        ),
    ] = None,
    origin: Annotated[
        list[date] | None,
        typer.Option(
            parser=day,
            metavar="YYYY-MM-DD",
            help="First day of a test window of 28 days; may be repeated.",
        ),
    ] = None,
    origins: Annotated[
        int | None,
        typer.Option(min=1, max=200, help="How many, the last window ending there.  [default: 3]"),
    ] = None,
    metric: Annotated[
        str,
        typer.Option(help="What to raise: ndcg, recall, capped_recall or hit_rate."),
    ] = "ndcg",
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Length of the lists.")] = 20,
    exclude_seen: Annotated[
        bool,
        typer.Option("--exclude-seen", help="Leave out, and do not count, what was bought before."),
    ] = False,
    train: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Hold out a fifth of this file, not a workspace's days."),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where --train keeps its trials, to go on another time."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The only source of randomness.")] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget the trials of an earlier search.")
    ] = False,
    json: JsonFile = None,
) -> None:
    """Search a model's hyperparameters; its next training uses what is found."""
    if origin and origins is not None:
        raise typer.BadParameter("Give --origin or --origins.", param_hint="--origin/--origins")
    if train is not None and (origin or origins is not None or before is not None):
        raise typer.BadParameter(
            "--origin, --origins and --before belong to a workspace.", param_hint="--train"
        )
    if train is None and journal is not None:
        raise typer.BadParameter(
            "A workspace keeps its own trials; --journal goes with --train.", param_hint="--journal"
        )
    for path in (json, journal):
        if path is not None:
            check_writable(path)

    from api.settings import load_settings
    from recsys.tuning.search import Goal

    settings = load_settings(None if train else workspace, model=model, seed=seed)
    goal = Goal(metric=metric, k=k, exclude_seen=exclude_seen or train is not None)
    if train is not None:
        tuned = on_file(train, journal, settings, goal, trials=trials, restart=restart)
    else:
        tuned = in_workspace(
            workspace,
            settings,
            goal,
            trials=trials,
            before=before,
            origins=origin or origins,
            restart=restart,
        )
    if json is not None:
        write_text(json, to_json({**tuned.model_dump(), "settings": tuned.settings()}))
    show(tuned)
    if train is None:
        words = f"train --model {tuned.model} --workspace {workspace}"
        console.say(f"Next: {console.program()} {words}")


def in_workspace(
    folder: Path,
    settings: Settings,
    goal: Goal,
    *,
    trials: int,
    before: date | None,
    origins: list[date] | int | None,
    restart: bool,
) -> Tuned:
    """Search on a workspace's past days; what is chosen is kept there."""
    from api.work import run_of
    from data.workspace import Workspace
    from recsys.registry import build
    from recsys.tuning.chosen import journal_of, keep
    from recsys.tuning.search import tune as search
    from recsys.tuning.splits import ground_of_workspace

    opened = Workspace.open(folder)
    build(settings.model)  # its name becomes a file's
    with console.progress() as progress:
        progress("Reading", 0, 0)
        tuned = search(
            settings.model,
            ground_of_workspace(opened, before=before, origins=origins),
            goal,
            trials=trials,
            run=run_of(settings),
            journal=journal_of(opened, settings.model),
            restart=restart,
            progress=progress,
        )
    keep(opened, tuned)
    return tuned


def on_file(
    path: Path,
    journal: Path | None,
    settings: Settings,
    goal: Goal,
    *,
    trials: int,
    restart: bool,
) -> Tuned:
    """Search on a training file, of which a part is held out."""
    from api.work import run_of
    from recsys.tuning.search import tune as search
    from recsys.tuning.splits import ground_of_file

    with console.progress() as progress:
        progress("Reading", 0, 0)
        return search(
            settings.model,
            ground_of_file(path, seed=settings.seed),
            goal,
            trials=trials,
            run=run_of(settings),
            journal=journal,
            restart=restart,
            progress=progress,
        )


def show(tuned: Tuned) -> None:
    """What was chosen, beside the defaults, and what it is worth."""
    where = (
        "on the fifth of the file that was held out"
        if tuned.origins is None
        else f"on the 28 days from {', '.join(tuned.origins)}"
    )
    worth = (tuned.metric, tuned.default_value, tuned.value)
    console.show(
        f"Tuned {tuned.model}: the best of {tuned.trials}",
        ("setting", "default", "chosen"),
        [
            *(
                (name, f"{tuned.defaults[name]:g}", f"{value:g}")
                for name, value in tuned.parameters.items()
            ),
            (worth[0], f"{worth[1]:.4f}", f"{worth[2]:.4f}"),
        ],
        caption=f"Figures {where}. The best of many there will be worth less elsewhere.",
    )
    if tuned.before is not None:
        console.say(f"Nothing from {tuned.before} on was looked at: it is left for evaluation.")
