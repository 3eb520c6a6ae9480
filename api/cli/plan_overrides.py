"""`atelier plan overrides`: what planners set, by whom and why."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption


def list_set(
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Every record, those replaced and cleared too.")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """The overrides that stand."""
    from api.plans import overrides_json
    from data.workspace import Workspace

    found = overrides_json(Workspace.open(workspace), every=every)
    if as_json:
        console.answer({"overrides": found})
        return
    console.show(
        "Overrides",
        ("variant", "make", "by", "at", "until", "why"),
        [
            (
                one["variant_id"],
                "cleared" if one["quantity"] is None else f"{one['quantity']:,}",
                one["by"],
                one["at"][:16],
                one["until"] or "",
                one["why"],
            )
            for one in found
        ],
    )
