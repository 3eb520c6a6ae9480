"""`atelier plan`: units to make of every variant under the shared resources; and its commands."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from api.cli import console
from api.cli.options import (
    DEFAULT_WORKSPACE,
    AsOfOption,
    HorizonOption,
    WorkspaceOption,
    moment,
)
from api.cli.plan_diff import diff_kept
from api.cli.plan_files import ON_STDOUT, PlanFiles, plan_files
from api.cli.plan_list import list_kept
from api.cli.plan_override import set_override
from api.cli.plan_overrides import list_set
from api.cli.plan_release import release_kept
from api.cli.plan_show import show_kept
from api.cli.plan_tables import show_plan
from api.cli.plan_what_if import ask

CapacityOption = Annotated[
    list[str] | None,
    typer.Option(
        "--capacity",
        metavar="RESOURCE=AMOUNT",
        help="Another capacity over the whole horizon; repeat for more. 'units' limits all units.",
    ),
]


class RiskOf(StrEnum):
    """What a bad tail is of."""

    profit = "profit"
    cost = "cost"


JsonWhere = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="[OUT.json]",
        help="Print JSON on stdout instead of tables, or write it to a file.",
    ),
]


class PlanGroup(TyperGroup):
    """Makes a plan where no subcommand is named; its `--json` may stand alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give a lone `--json` the name that means stdout; a subcommand's words are its own."""
        flags = {
            name
            for one in self.get_params(ctx)
            if getattr(one, "is_flag", False)
            for name in (*one.opts, *one.secondary_opts)
        }
        words: list[str] = []
        rest = list(args)
        while rest and rest[0].startswith("-"):
            word = rest.pop(0)
            words.append(word)
            joined = "=" in word or (len(word) > 2 and not word.startswith("--"))
            if word == "--json" and (not rest or rest[0].startswith("-")) and rest[:1] != ["-"]:
                words.append(str(ON_STDOUT))
            elif word not in flags and not joined and rest:
                words.append(rest.pop(0))
        return super().parse_args(ctx, words + rest)


plan = typer.Typer(
    cls=PlanGroup, invoke_without_command=True, subcommand_metavar="[COMMAND [ARGS]...]"
)


plan.command("list")(list_kept)
plan.command("show")(show_kept)
plan.command("diff")(diff_kept)
plan.command("what-if")(ask)
plan.command("override")(set_override)
plan.command("overrides")(list_set)
plan.command("release")(release_kept)


@plan.callback()
def make(
    ctx: typer.Context,
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_of: AsOfOption = None,
    horizon: HorizonOption = None,
    method: Annotated[str, typer.Option(help="Which demand method.")] = "atelier",
    capacity: CapacityOption = None,
    weekly: Annotated[
        bool | None,
        typer.Option(
            "--weekly/--no-weekly",
            help="Plan weeks; without it, where lead times or uneven capacities ask for it.",
        ),
    ] = None,
    overtime: Annotated[
        bool,
        typer.Option(
            "--overtime/--no-overtime",
            help="Buy more of a resource where it has a price and pays.",
        ),
    ] = True,
    demand: Annotated[
        Path | None,
        typer.Option(
            "--demand",
            metavar="FILE.csv",
            help="Plan from files: quantiles and costs of each variant.",
        ),
    ] = None,
    resources: Annotated[
        Path | None,
        typer.Option(
            "--resources", metavar="FILE.csv", help="From files: the capacity of each resource."
        ),
    ] = None,
    usage: Annotated[
        Path | None,
        typer.Option(
            "--usage", metavar="FILE.csv", help="From files: what a unit of each variant takes."
        ),
    ] = None,
    lots: Annotated[
        Path | None,
        typer.Option("--lots", metavar="FILE.csv", help="From files: bounds, multiples and stock."),
    ] = None,
    continuous: Annotated[
        bool, typer.Option("--continuous", help="From files: any quantity, not only whole lots.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option("--time-limit", min=0, metavar="SECONDS", help="From files: answer by then."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="OUT.csv", help="From files: write the plan to this file."
        ),
    ] = None,
    risk_weight: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="How much the bad tail weighs against the mean.  [default: 0]"
        ),
    ] = None,
    risk_level: Annotated[
        float | None,
        typer.Option(min=0, max=0.99, help="The tail is the worst 1 - level.  [default: 0.9]"),
    ] = None,
    risk_of: Annotated[
        RiskOf | None,
        typer.Option(help="The tail of the profit or of the cost.  [default: profit]"),
    ] = None,
    json: JsonWhere = None,
) -> None:
    """Plan what to make; the plan is saved and becomes the latest. Or look at what is kept.

    With --demand it is made from files instead, and no workspace is read or written.
    """
    if ctx.invoked_subcommand is not None:
        _refuse_flags(ctx)
        return
    overrides = capacities(capacity or [])
    files = PlanFiles(
        demand=demand, resources=resources, usage=usage, lots=lots, out=out,
        continuous=continuous, seconds=seconds,
    )  # fmt: skip
    risk = {"weight": risk_weight, "level": risk_level, "of": risk_of and risk_of.value}
    weighed = {name: value for name, value in risk.items() if value is not None}
    if files.meant:
        if as_of is not None or horizon is not None or method != "atelier" or weighed or weekly:
            raise typer.BadParameter(
                "--as-of, --horizon, --method, --weekly and --risk-… are of a workspace's plan, "
                "not of one from files."
            )
        plan_files(files, overrides, json)
        return

    from api.output import replacing, to_json
    from api.settings import load_settings
    from api.work import plan_and_save
    from data.workspace import Workspace

    opened = Workspace.open(workspace)
    settings = load_settings(workspace, horizon=horizon, risk=weighed or None)
    with console.progress() as progress:
        made = plan_and_save(
            opened,
            settings,
            as_of=moment(as_of),
            method=method,
            capacity=overrides,
            by_week=weekly,
            overtime=overtime,
            progress=progress,
        )
    if json == ON_STDOUT:
        console.answer(made.to_json())
        return
    if json is not None:
        with replacing(json) as part:
            part.write_text(to_json(made.to_json()) + "\n", encoding="utf-8")
    show_plan(made)
    console.say(f"Next: {console.program()} report --workspace {workspace}")


def _refuse_flags(ctx: typer.Context) -> None:
    """Refuse flags before a subcommand, which would not count."""
    for one in ctx.command.params:
        source = ctx.get_parameter_source(one.name or "")
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(
                f"Write it behind '{ctx.invoked_subcommand}'.", param_hint=max(one.opts, key=len)
            )


def capacities(given: list[str]) -> dict[str, float]:
    """RESOURCE=AMOUNT pairs as a mapping; the sign is the planner's business to refuse."""
    found: dict[str, float] = {}
    for text in given:
        name, equals, amount = text.rpartition("=")
        try:
            number = float(amount)
        except ValueError:
            number = math.nan
        if not equals or not name or not math.isfinite(number):
            raise typer.BadParameter(
                f"'{text}' is not RESOURCE=AMOUNT, such as sewing=400.", param_hint="--capacity"
            )
        if name in found:
            raise typer.BadParameter(f"'{name}' is given twice.", param_hint="--capacity")
        found[name] = number
    return found
