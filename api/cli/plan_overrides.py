"""`atelier plan overrides`: what planners set, by whom and why."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption


def list_set(
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Every record, those replaced, cleared and over too.")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """The overrides that stand."""
    from datetime import UTC, datetime

    from api.live import local_time
    from api.plans import overrides_json
    from api.settings import load_settings
    from data.workspace import Workspace

    opened = Workspace.open(workspace)
    today = local_time(datetime.now(UTC), load_settings(workspace).timezone).date()
    found = overrides_json(opened, today, every=every)
    if as_json:
        console.answer({"overrides": found})
        return
    console.show(
        "Overrides",
        ("variant", "make", "by", "key", "at", "until", "why"),
        [
            (
                one["variant_id"],
                "cleared" if one["quantity"] is None else f"{one['quantity']:,}",
                one["by"],
                one["key_id"] or "",
                one["at"][:16],
                one["until"] or "",
                one["why"],
            )
            for one in found
        ],
    )
