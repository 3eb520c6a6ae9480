"""`atelier plan list`: the kept plans."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption


def list_kept(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Plans at most.")] = 20,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """The kept plans, and which are released."""
    from api.plans import listed
    from data.workspace import Workspace

    found = listed(Workspace.open(workspace), limit=limit)
    if as_json:
        console.answer(asdict(found))
        return
    console.show(
        "Plans",
        ("plan", "from", "weeks", "units", "expected cost", "", "released"),
        [
            (
                one["plan_id"],
                one["refused"] or one["as_of"],
                one["horizon"],
                one["units"],
                one["expected_cost"],
                "latest" if one["latest"] else "",
                released(one["release"]),
            )
            for one in found.plans
        ],
        caption=f"{len(found.plans)} of {found.total}.",
    )


def released(release: dict[str, object] | None) -> str:
    """How a plan is released, in words; nothing where it is not."""
    if release is None:
        return ""
    ends = "" if release["in_force"] else ", superseded"
    key = "" if release["key_id"] is None else f" (key {release['key_id']})"
    return f"by {release['by']}{key} on {str(release['at'])[:10]}{ends}"
