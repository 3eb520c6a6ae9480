"""`atelier plan show`: a kept plan."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption
from api.cli.plan_list import released
from api.cli.plan_tables import show_plan

PlanArgument = Annotated[
    str | None, typer.Argument(metavar="[PLAN]", help="Which plan; without it, the latest.")
]


def show_kept(
    *,
    plan_id: PlanArgument = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """A kept plan, as it was saved."""
    from api.plans import kept_plan, release_of
    from data.workspace import Workspace
    from production.plans.releases import list_releases

    opened = Workspace.open(workspace)
    plan = kept_plan(opened, plan_id)
    release = release_of(plan.plan_id, list_releases(opened))
    if as_json:
        console.answer(plan.to_json() | {"release": release})
        return
    show_plan(plan)
    if release is not None:
        console.say(f"Released {released(release)}. {release['note']}".rstrip())
