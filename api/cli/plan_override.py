"""`atelier plan override`: a quantity that a planner sets, by whom and why."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption, day
from api.cli.plan_release import ByOption


def set_override(
    *,
    variant: Annotated[str, typer.Argument(metavar="VARIANT", help="Which variant.")],
    quantity: Annotated[
        int | None, typer.Argument(metavar="[QUANTITY]", min=0, help="Units to make.")
    ] = None,
    by: ByOption,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why.")],
    until: Annotated[
        date | None,
        typer.Option(
            parser=day,
            metavar="YYYY-MM-DD",
            help="Enter only plans that begin on this day or before.",
        ),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="End the override that stands.")] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Set a variant's quantity in every plan to come."""
    if (quantity is None) != clear or (clear and until is not None):
        raise typer.BadParameter("Give a QUANTITY or --clear.", param_hint="QUANTITY/--clear")

    from data.workspace import Workspace
    from production.plans.overrides import Override, recorded
    from production.plans.overriding import override

    asked = recorded(
        Override, variant_id=variant, quantity=quantity, by=by, why=why, until=until,
        at=datetime.now(UTC),
    )  # fmt: skip
    done = override(Workspace.open(workspace), asked)
    if as_json:
        console.answer(done.model_dump(mode="json"))
        return
    console.say(f"{done.variant_id}: {done}")
    console.say(f"Next: {console.program()} plan --workspace {workspace}")
