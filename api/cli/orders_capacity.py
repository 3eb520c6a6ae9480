"""`atelier orders capacity`: the capacity of the weeks laid onto days."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption, day

if TYPE_CHECKING:
    from api.capacity import LaidCapacity


def capacity(
    *,
    weeks: Annotated[
        int, typer.Option(min=1, max=156, help="How many weeks, this one included.")
    ] = 26,
    since: Annotated[
        date | None,
        typer.Option(parser=day, metavar="YYYY-MM-DD", help="The first day; without it, today."),
    ] = None,
    amounts: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="RESOURCE=AMOUNT",
            help="State this amount on that day instead; repeat for more.",
        ),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Lay the capacity of the weeks onto days, less what released plans take."""
    from api.capacity import lay_from_today, state_amounts
    from api.settings import load_settings
    from data.workspace import Workspace

    opened, settings = Workspace.open(workspace), load_settings(workspace)
    if amounts:
        stated = dict(map(_stated, amounts))
        when = state_amounts(opened, settings, stated, since)
        if as_json:
            console.answer({"day": when, "amounts": {k: v / 1000 for k, v in stated.items()}})
        else:
            console.say(f"Stated for {when}: {', '.join(amounts)}.")
        return
    laid = lay_from_today(opened, settings, since=since, weeks=weeks)
    if as_json:
        console.answer(asdict(laid))
    else:
        _show(laid)


def _stated(text: str) -> tuple[str, int]:
    """RESOURCE=AMOUNT as the resource and whole thousandths."""
    name, equals, amount = text.rpartition("=")
    try:
        thousandths = Decimal(amount) * 1000
    except InvalidOperation:
        thousandths = Decimal("NaN")
    if not (equals and name and thousandths.is_finite() and thousandths % 1 == 0):
        raise typer.BadParameter(
            f"'{text}' is not RESOURCE=AMOUNT with at most three decimals, such as sewing=7.5.",
            param_hint="--set",
        )
    return name, int(thousandths)


def _show(laid: LaidCapacity) -> None:
    console.show(
        f"Capacity for custom orders, {laid.first} to {laid.last}",
        ("resource", "unit", "stated", "released plans", "orders", "free"),
        [
            (one.resource_id, one.unit, one.capacity, one.planned, one.ordered, one.free)
            for one in laid.resources
        ],
        caption=f"{laid.changed:,} rows of resource and day changed.",
    )
    for one in laid.resources:
        if one.over > 0:
            console.say(
                f"Orders have taken {one.over:,.1f} {one.unit} of {one.resource_id} more than "
                "the released plans leave them: buy more, or plan anew."
            )
