"""`atelier report`: the variant-mix report of a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption
from api.errors import NotReady
from api.formats import VARIANTS, Format

if TYPE_CHECKING:
    from data.workspace import Workspace
    from production.plans.plan import Plan


def report(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="ID", help="Which plan.  [default: the latest]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Where to.  [default: reports/]"),
    ] = None,
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", help="Only this format; may be repeated.  [default: all]"),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against", metavar="ID", help="Compare with this plan.  [default: the last before it]"
        ),
    ] = None,
    level: Annotated[
        str,
        typer.Option("--level", help="What CSV writes: variants, styles, resources, changes, …"),
    ] = VARIANTS,
    as_json: JsonFlag = False,
) -> None:
    """Write the variant-mix report as HTML, Excel, CSV and JSON."""
    from api.work import write_report
    from data.workspace import Workspace
    from production.report import build_report, render_json

    opened = Workspace.open(workspace)
    chosen = chosen_plan(opened, plan)
    built = build_report(opened, chosen, against=against)
    paths = write_report(opened, built, out, formats=formats or tuple(Format), level=level)
    if as_json:
        console.answer({"files": [str(path) for path in paths], "report": render_json(built)})
        return
    console.show(
        f"Report of plan {chosen.plan_id}",
        ("file", "bytes"),
        [(str(path), path.stat().st_size) for path in paths],
    )


def chosen_plan(workspace: Workspace, plan_id: str | None) -> Plan:
    """The plan of that id, or the latest."""
    from production.plans.saved import latest_plan, load_plan

    plan = latest_plan(workspace) if plan_id is None else load_plan(workspace, plan_id)
    if plan is None:
        raise NotReady(
            "The workspace has no plan yet.",
            where=str(workspace.root),
            fix=f"Make one with 'atelier plan --workspace {workspace.root}'.",
        )
    return plan
