"""`atelier plan`: units to make of every variant under the shared resources."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand

from api.cli import console
from api.cli.options import (
    DEFAULT_WORKSPACE,
    AsOfOption,
    HorizonOption,
    WorkspaceOption,
    moment,
)
from api.cli.plan_files import ON_STDOUT, PlanFiles, plan_files

if TYPE_CHECKING:
    from production.plans.plan import Plan

LINES_SHOWN = 20

CapacityOption = Annotated[
    list[str] | None,
    typer.Option(
        "--capacity",
        metavar="RESOURCE=AMOUNT",
        help="Another capacity over the whole horizon; repeat for more. 'units' limits all units.",
    ),
]


JsonWhere = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="[OUT.json]",
        help="Print JSON on stdout instead of tables, or write it to a file.",
    ),
]


class JsonMayNameAFile(TyperCommand):
    """A command whose `--json` may stand alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give a lone `--json` the name that means stdout."""
        words: list[str] = []
        for place, word in enumerate(args):
            words.append(word)
            alone = place + 1 == len(args) or args[place + 1].startswith("--")
            if word == "--json" and (alone or args[place + 1] in SHORT_FLAGS):
                words.append(str(ON_STDOUT))
        return super().parse_args(ctx, words)


SHORT_FLAGS: Final = ("-w", "-h", "-o")


def plan(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_of: AsOfOption = None,
    horizon: HorizonOption = None,
    method: Annotated[str, typer.Option(help="Which demand method.")] = "atelier",
    capacity: CapacityOption = None,
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
    json: JsonWhere = None,
) -> None:
    """Plan what to make; the plan is saved and becomes the latest.

    With --demand it is made from files instead, and no workspace is read or written.
    """
    overrides = capacities(capacity or [])
    files = PlanFiles(
        demand=demand, resources=resources, usage=usage, lots=lots, out=out,
        continuous=continuous, seconds=seconds,
    )  # fmt: skip
    if files.meant:
        if as_of is not None or horizon is not None or method != "atelier":
            raise typer.BadParameter(
                "--as-of, --horizon and --method are of a workspace's plan, not of one from files."
            )
        plan_files(files, overrides, json)
        return

    from api.output import replacing, to_json
    from api.settings import load_settings
    from api.work import plan_and_save
    from data.workspace import Workspace

    opened = Workspace.open(workspace)
    settings = load_settings(workspace, horizon=horizon)
    with console.progress() as progress:
        made = plan_and_save(
            opened,
            settings,
            as_of=moment(as_of),
            method=method,
            capacity=overrides,
            progress=progress,
        )
    if json == ON_STDOUT:
        console.answer(made.to_json())
        return
    if json is not None:
        with replacing(json) as part:
            part.write_text(to_json(made.to_json()) + "\n", encoding="utf-8")
    show(made)
    console.say(f"Next: {console.program()} report --workspace {workspace}")


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


def show(made: Plan) -> None:
    """The resources, then the largest lines."""
    console.show(
        f"Plan {made.plan_id}: {made.lines['quantity'].sum():,.0f} units in {made.horizon} weeks "
        f"from {made.as_of}",
        ("resource", "unit", "capacity", "used", "shadow price"),
        [
            (one.resource_id, one.unit, one.capacity, one.used, one.shadow_price)
            for one in made.resources
        ],
        caption=f"Expected cost {made.expected_cost:,.0f}, {made.status}, "
        f"at most {made.gap:.2%} above the best possible.",
    )
    largest = made.lines.sort_values(["quantity", "variant_id"], ascending=[False, True])
    shown = largest.head(LINES_SHOWN)
    shown = shown.assign(risk=100 * shown["stockout_probability"])
    columns = ["variant_id", "quantity", "wanted", "on_hand", "p10", "p50", "p90", "risk"]
    console.show(
        "Largest quantities",
        ("variant", "make", "wanted", "in stock", "P10", "P50", "P90", "stock-out risk %"),
        shown[columns].to_numpy(dtype=object).tolist(),
        caption=f"{len(shown)} of {len(largest)} variants. Wanted: if no resource were limited.",
    )
    reasons = made.lines.groupby("reason", sort=False)["quantity"].agg(["size", "sum"])
    console.show(
        "Why so many",
        ("variants", "units", "reason"),
        [(*counts, str(reason)) for reason, *counts in reasons.itertuples()],
    )
    for sentence in made.assumptions:
        console.say(f"Assumed: {sentence}")
