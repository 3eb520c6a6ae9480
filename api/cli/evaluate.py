"""`atelier evaluate recommend|demand|plan|all`: how good it is, on days already past."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli import console
from api.cli.figures import show_demand, show_plan
from api.cli.options import (
    DEFAULT_WORKSPACE,
    HorizonOption,
    JsonFile,
    KnownOption,
    PeriodOption,
    PredictionsFile,
    WorkspaceOption,
    day,
    demand_flags,
)
from api.cli.preference_figures import show_recommend
from api.output import check_writable, replacing, to_json

if TYPE_CHECKING:
    import pandas as pd

    from api.settings import Settings
    from data.progress import Progress
    from data.workspace import Workspace
    from production.demand.evaluation import DemandEvaluation
    from production.plans.evaluation import PlanEvaluation
    from production.plans.limits import Limits

evaluate = typer.Typer(
    no_args_is_help=True, help="Judge models, forecasts and plans on days already past."
)

TEST_DAYS: Final = 28

OriginsOption = Annotated[int, typer.Option("--origins", min=1, max=200, help="How many origins.")]
StepOption = Annotated[int, typer.Option("--step", min=1, max=52, help="Periods between origins.")]


@evaluate.command("recommend")
def recommend(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    origin: Annotated[
        list[date] | None,
        typer.Option(
            parser=day,
            metavar="YYYY-MM-DD",
            help="First day of a test window; may be repeated.  [default: the last three]",
        ),
    ] = None,
    test_days: Annotated[
        int | None,
        typer.Option(min=1, max=366, help="Days of a test window.  [default: 28]"),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Length of the lists.")] = 20,
    models: Annotated[
        str | None,
        typer.Option(
            metavar="A,B", help="These models, or 'all'.  [default: a short, telling choice]"
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Compare every model to this one.  [default: the best but 'atelier']",
        ),
    ] = None,
    groups: Annotated[
        bool, typer.Option("--groups", help="Print the groups of customers for every model.")
    ] = False,
    exclude_seen: Annotated[
        bool, typer.Option("--exclude-seen", help="Leave out what the customer has bought before.")
    ] = False,
    tuned: Annotated[
        bool,
        typer.Option("--tuned", help="Fit with what 'atelier tune' chose, where it searched."),
    ] = False,
    train: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Learn from this file, not a workspace.")
    ] = None,
    test: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Test on this file; goes with --train.")
    ] = None,
    json: JsonFile = None,
    predictions: PredictionsFile = None,
) -> None:
    """Recommendation models side by side: in a workspace at origins in time, or on two files."""
    check_outputs(json, predictions)
    if (train is None) != (test is None):
        raise typer.BadParameter("--train and --test go together.", param_hint="--train/--test")
    for flag, given in (
        ("--origin", origin), ("--test-days", test_days is not None), ("--tuned", tuned),
    ):  # fmt: skip
        if train is not None and given:
            raise typer.BadParameter(
                f"{flag} belongs to a workspace, not to two files.", param_hint="--train"
            )

    from api.settings import load_settings
    from api.work import run_of
    from data.workspace import Workspace
    from recsys.evaluation.evaluate import evaluate_files, evaluate_workspace

    names = names_of(models)
    if train is not None and test is not None:
        with console.progress() as progress:
            found = evaluate_files(
                train,
                test,
                k=k,
                models=names,
                reference=reference,
                run=run_of(load_settings()),
                progress=progress,
            )
    else:
        opened = Workspace.open(workspace)
        with console.progress() as progress:
            found = evaluate_workspace(
                opened,
                origins=origin or None,
                test_days=TEST_DAYS if test_days is None else test_days,
                k=k,
                models=names,
                reference=reference,
                exclude_seen=exclude_seen,
                tuned=tuned,
                run=run_of(load_settings(workspace)),
                progress=progress,
            )
    figures = found.to_json()
    write_outputs(figures, json, found.predictions, predictions)
    show_recommend(figures, every_group=groups)


@evaluate.command("demand")
def demand(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    horizon: HorizonOption = None,
    origins: OriginsOption = 7,
    step: StepOption = 4,
    period: PeriodOption = None,
    known: KnownOption = None,
    methods: Annotated[
        str | None, typer.Option(metavar="A,B", help="Only these methods.  [default: all]")
    ] = None,
    ablate: Annotated[
        bool,
        typer.Option(
            "--ablate",
            help="Leave each group of the default's features out in turn, and say what it is "
            "worth; then the default alone is evaluated, unless --methods names more.",
        ),
    ] = False,
    json: JsonFile = None,
    predictions: PredictionsFile = None,
) -> None:
    """Demand forecasts side by side, at rolling origins."""
    check_outputs(json, predictions)

    from api.settings import load_settings
    from data.workspace import Workspace

    settings = load_settings(workspace, horizon=horizon, demand=demand_flags(period, known))
    with console.progress() as progress:
        found = _demand(
            Workspace.open(workspace),
            settings,
            (origins, step),
            names_of(methods),
            progress,
            ablation=ablate,
        )
    write_outputs(found.to_json(), json, found.predictions, predictions)
    show_demand(found.to_json())


@evaluate.command("plan")
def plan(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    horizon: HorizonOption = None,
    origins: OriginsOption = 7,
    step: StepOption = 4,
    policies: Annotated[
        str | None, typer.Option(metavar="A,B", help="Only these policies.  [default: all]")
    ] = None,
    ratio: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=100,
            help="A unit left over costs 1 and a unit short so much, for every variant.  "
            "[default: the catalogue's prices and costs]",
        ),
    ] = None,
    free_use: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=10,
            help="Capacity as a part of what the plan would use were nothing limited.",
        ),
    ] = None,
    unlimited: Annotated[bool, typer.Option("--unlimited", help="Nothing is limited.")] = False,
    json: JsonFile = None,
) -> None:
    """Our plans against other policies: a planner's habit, sample averages, hindsight."""
    check_outputs(json)
    if unlimited and free_use is not None:
        raise typer.BadParameter("--unlimited leaves no capacity.", param_hint="--free-use")

    from api.settings import load_settings
    from data.workspace import Workspace
    from production.plans.limits import Limits
    from production.plans.policies import ALL, checked

    settings = load_settings(workspace, horizon=horizon)
    names = checked(names_of(policies) or ALL)
    with console.progress() as progress:
        found = _plans(
            Workspace.open(workspace),
            settings,
            (origins, step),
            progress,
            policies=names,
            limits=Limits(free_use=free_use, unlimited=unlimited),
            ratio=ratio,
        )
    write_outputs(found.to_json(), json)
    show_plan(found.to_json())


@evaluate.command("all")
def everything(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    horizon: HorizonOption = None,
    origins: OriginsOption = 7,
    step: StepOption = 4,
    json: JsonFile = None,
) -> None:
    """All three, at their defaults: one JSON with 'recommend', 'demand' and 'plan'."""
    check_outputs(json)

    from api.settings import load_settings
    from api.work import run_of
    from data.workspace import Workspace
    from production.plans.policies import PLAN, PLANNER
    from recsys.evaluation.evaluate import evaluate_workspace

    opened = Workspace.open(workspace)
    settings = load_settings(workspace, horizon=horizon)
    with console.progress() as progress:
        recommended = evaluate_workspace(opened, run=run_of(settings), progress=progress)
        demanded = _demand(opened, settings, (origins, step), None, progress)
        planned = _plans(opened, settings, (origins, step), progress, policies=(PLAN, PLANNER))
    figures = {
        "recommend": recommended.to_json(),
        "demand": demanded.to_json(),
        "plan": planned.to_json(),
    }
    write_outputs(figures, json)
    show_recommend(figures["recommend"])
    show_demand(figures["demand"])
    show_plan(figures["plan"])


def _demand(
    workspace: Workspace,
    settings: Settings,
    origins: tuple[int, int],
    methods: tuple[str, ...] | None,
    progress: Progress,
    *,
    ablation: bool = False,
) -> DemandEvaluation:
    """Demand methods at so many origins, so many weeks apart."""
    from api.work import run_of
    from production.demand.evaluation import evaluate_demand
    from production.demand.forecasters import DEFAULT

    return evaluate_demand(
        workspace,
        horizon=settings.horizon,
        origins=origins[0],
        step=origins[1],
        methods=methods or ((DEFAULT,) if ablation else None),
        ablation=ablation,
        settings=settings.demand,
        run=run_of(settings),
        progress=progress,
    )


def _plans(
    workspace: Workspace,
    settings: Settings,
    origins: tuple[int, int],
    progress: Progress,
    *,
    policies: tuple[str, ...],
    limits: Limits | None = None,
    ratio: float | None = None,
) -> PlanEvaluation:
    """Plans at so many origins, so many weeks apart."""
    from api.work import run_of
    from production.plans.evaluation import evaluate_plans

    return evaluate_plans(
        workspace,
        horizon=settings.horizon,
        origins=origins[0],
        step=origins[1],
        limits=limits,
        policies=policies,
        ratio=ratio,
        settings=settings.economics,
        demand=settings.demand,
        run=run_of(settings),
        progress=progress,
    )


def names_of(listed: str | None) -> tuple[str, ...] | None:
    """The names of a comma-separated list; None where it is not given."""
    return None if listed is None else tuple(filter(None, map(str.strip, listed.split(","))))


def check_outputs(*paths: Path | None) -> None:
    """Refuse a path that cannot be written before the work, not after it."""
    for path in paths:
        if path is not None:
            check_writable(path)


def write_outputs(
    figures: dict[str, Any],
    json: Path | None,
    rows: pd.DataFrame | None = None,
    predictions: Path | None = None,
) -> None:
    """Put the files that were asked for in place, all of them or none."""
    with ExitStack() as parts:
        if json is not None:
            parts.enter_context(replacing(json)).write_text(to_json(figures), encoding="utf-8")
        if predictions is not None and rows is not None:
            rows.to_parquet(parts.enter_context(replacing(predictions)), index=False)
