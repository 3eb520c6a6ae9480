"""`atelier report`: the variant-mix report of a plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption
from api.errors import NotReady
from api.formats import VARIANTS, Format

if TYPE_CHECKING:
    from api.settings import Settings
    from data.workspace import Workspace
    from production.plans.plan import Plan
    from production.report.live import LiveMix


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
    live: Annotated[
        bool, typer.Option("--live", help="Tell of orders since the plan was made.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Write the variant-mix report as HTML, Excel, CSV and JSON."""
    from api.settings import load_settings
    from api.work import write_report
    from data.workspace import Workspace
    from production.report import build_report, check_level, render_json

    check_level(level)
    opened = Workspace.open(workspace)
    chosen = chosen_plan(opened, plan)
    settings = load_settings(opened.root)
    built = build_report(opened, chosen, demand=settings.demand, against=against)
    if live:
        built = replace(built, live=_so_far(opened, settings, chosen))
    paths = write_report(opened, built, out, formats=formats or tuple(Format), level=level)
    if as_json:
        console.answer({"files": [str(path) for path in paths], "report": render_json(built)})
        return
    console.show(
        f"Report of plan {chosen.plan_id}",
        ("file", "bytes"),
        [(str(path), path.stat().st_size) for path in paths],
    )


def _so_far(workspace: Workspace, settings: Settings, plan: Plan) -> LiveMix:
    from api.so_far import SoFar
    from data.store import open_store

    store = open_store(settings.store_url(workspace.root))
    try:
        return SoFar(workspace, settings, store).of(plan)
    finally:
        store.close()


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
