"""`atelier plan release`: from then on what the plan makes stays as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption

ByOption = Annotated[str, typer.Option("--by", metavar="WHO", help="Who says so.")]


def release_kept(
    *,
    plan_id: Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id, or 'latest'.")],
    by: ByOption,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Anything to remember of it.")] = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Release a plan: its quantities then stay."""
    from api.plans import kept_plan, release_json
    from data.workspace import Workspace
    from production.plans.releases import release_plan

    opened = Workspace.open(workspace)
    plan = kept_plan(opened, plan_id)
    done = release_plan(opened, plan.plan_id, by=by, at=datetime.now(UTC), note=note)
    if as_json:
        console.answer(release_json(done))
        return
    console.say(f"Released: {done.plan_id}, {done.horizon} weeks from {done.as_of}.")
    for name in done.supersedes:
        console.say(f"It supersedes {name}, which was released for some of the same weeks.")
