"""`atelier plan what-if`: what a plan would be if something were different."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption
from api.cli.plan_diff import show_resources
from api.cli.plan_show import PlanArgument

if TYPE_CHECKING:
    from production.plans.changes import Change, Changes, To
    from production.plans.what_if import WhatIf


def ask(
    *,
    plan_id: PlanArgument = None,
    capacity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RESOURCE=TO", help="A capacity over the horizon: 400, or 120% of what it is."
        ),
    ] = None,
    demand: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP=PERCENT%", help="Demand of a group: 130% of what it is."),
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP=TO", help="The price: 12.50, or 90% of what it is."),
    ] = None,
    unit_cost: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP=TO", help="What making a unit costs: 7, or 110%."),
    ] = None,
    promotion: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP=PERCENT%,TO", help="Demand and price together: 140%,80% or 140%,9.99."
        ),
    ] = None,
    lines: Annotated[
        int, typer.Option(min=0, max=100_000, help="Lines shown, the largest change first.")
    ] = 20,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """What a plan would be if something were different.

    Capacities, costs, prices, promotions or demand; nothing is saved.
    A GROUP is 'all', or COLUMN=VALUE: variant_id=ID, style_id=ID, or an attribute as size=M.
    Every flag may be repeated.
    """
    from api.plans import kept_plan
    from data.workspace import Workspace
    from production.allocation.allocate import allocate
    from production.plans.diff import inputs_kept
    from production.plans.what_if import notes_on, what_if

    changes = changes_of(
        capacity or [], demand or [], price or [], unit_cost or [], promotion or []
    )
    plan = kept_plan(Workspace.open(workspace), plan_id, inputs=True)
    with console.progress() as progress:
        progress("Planning", 0, 1)
        inputs = inputs_kept(plan)
        base = allocate(inputs.task)
        found = what_if(inputs, changes, base, notes=notes_on(plan, base))
    if as_json:
        console.answer({"plan_id": plan.plan_id} | found.to_json(lines))
        return
    show_what_if(plan.plan_id, found, lines)


def changes_of(
    capacity: Iterable[str],
    demand: Iterable[str],
    price: Iterable[str],
    unit_cost: Iterable[str],
    promotion: Iterable[str],
) -> Changes:
    """The flags' texts as changes."""
    from production.plans.changes import Change, Changes

    groups: list[Change] = []
    for text in demand:
        column, values, to = _group(text, "--demand")
        groups.append(Change(column=column, values=values, demand=_factor(to, "--demand")))
    for text in price:
        column, values, to = _group(text, "--price")
        groups.append(Change(column=column, values=values, price=_to(to, "--price")))
    for text in unit_cost:
        column, values, to = _group(text, "--unit-cost")
        groups.append(Change(column=column, values=values, unit_cost=_to(to, "--unit-cost")))
    for text in promotion:
        column, values, to = _group(text, "--promotion")
        grows, comma, falls = to.partition(",")
        if not comma:
            raise typer.BadParameter(
                f"'{to}' is not PERCENT%,TO, such as 140%,80%.", param_hint="--promotion"
            )
        groups.append(
            Change(
                column=column,
                values=values,
                demand=_factor(grows, "--promotion"),
                price=_to(falls, "--promotion"),
            )
        )
    found: dict[str, To] = {}
    for text in capacity:
        name, equals, to = text.rpartition("=")
        if not equals or not name or name in found:
            raise typer.BadParameter(
                f"'{text}' is not RESOURCE=TO, such as sewing=400 or sewing=120%, given once.",
                param_hint="--capacity",
            )
        found[name] = _to(to, "--capacity")
    return Changes(capacity=found, groups=groups)


def _group(text: str, flag: str) -> tuple[str, tuple[str, ...], str]:
    """GROUP=TO as column, values and TO."""
    group, equals, to = text.rpartition("=")
    column, pair, value = group.partition("=")
    if equals and group == "all":
        return "", (), to
    if not equals or not pair or not column or not value:
        raise typer.BadParameter(
            f"'{text}' names no group: write all=…, style_id=SH001=… or size=M=….",
            param_hint=flag,
        )
    return column, (value,), to


def _factor(text: str, flag: str) -> float:
    to = _to(text, flag)
    if to.amount is not None:
        raise typer.BadParameter(f"'{text}' is no percentage, such as 130%.", param_hint=flag)
    return to.factor


def _to(text: str, flag: str) -> To:
    """An amount, or a percentage of what there is."""
    from production.plans.changes import To

    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise typer.BadParameter(
            f"'{text}' is neither an amount nor a percentage, such as 400 or 120%.",
            param_hint=flag,
        )
    return To(factor=number / 100) if text.endswith("%") else To(amount=number)


def show_what_if(plan_id: str, found: WhatIf, most: int) -> None:
    """What the whole costs, the lines that moved most, and the resources."""
    told = found.to_json(most)
    columns = ["variant_id", "before", "after", "change"]
    console.show(
        f"Plan {plan_id}, if: {told['units_before']:,.0f} to {told['units_after']:,.0f} units, "
        f"{told['moved']:,} variants moved",
        ("variant", *columns[1:]),
        [[row[name] for name in columns] for row in told["lines"]],
        caption=f"Expected cost {told['cost_before']:,.0f} as it is; {told['cost_kept']:,.0f} if "
        f"the plan stayed as it is; {told['cost_after']:,.0f} planned anew, {told['status']}, at "
        f"most {told['gap']:.2%} above the best possible.",
    )
    show_resources(told["resources"])
    for note in told["notes"]:
        console.say(note)
