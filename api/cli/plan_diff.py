"""`atelier plan diff`: what moved from one plan to another, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption

if TYPE_CHECKING:
    from production.plans.diff import PlanDiff


def diff_kept(
    *,
    before: Annotated[str, typer.Argument(metavar="A", help="A plan's id, or 'latest'.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another one's.")],
    variant: Annotated[
        str | None, typer.Option(metavar="ID", help="Say in a sentence why this variant moved.")
    ] = None,
    lines: Annotated[
        int, typer.Option(min=0, max=100_000, help="Lines shown, the largest change first.")
    ] = 20,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """What moved from plan A to plan B, and why."""
    from api.plans import kept_plan
    from data.workspace import Workspace
    from production.plans.diff import diff

    opened = Workspace.open(workspace)
    first, second = (kept_plan(opened, name, inputs=True) for name in (before, after))
    with console.progress() as progress:
        progress("Comparing", 0, 1)
        found = diff(first, second)
    if as_json:
        told = {} if variant is None else {"why": found.why(variant)}
        console.answer(found.to_json(lines) | told)
        return
    if variant is not None:
        console.say(found.why(variant))
        return
    show_diff(found, lines)


def show_diff(found: PlanDiff, most: int) -> None:
    """The causes' totals, the lines that moved most, and the resources."""
    from production.plans.diff import CAUSES

    header = found.header()
    told = ", ".join(f"{units:+,} by {cause}" for cause, units in found.totals().items() if units)
    moved = found.moved.head(most)
    columns = ["variant_id", "before", "after", "change", *CAUSES]
    console.show(
        f"{found.before} to {found.after}: {header['units_before']:,} to "
        f"{header['units_after']:,} units, {header['moved']:,} variants moved",
        ("variant", *columns[1:]),
        moved[columns].to_numpy(dtype=object).tolist(),
        caption=f"In all {told or 'nothing'}. Expected cost {found.cost_before:,.0f} to "
        f"{found.cost_after:,.0f}.",
    )
    for name in moved["variant_id"].head(5):
        console.say(found.why(name))
    show_resources(header["resources"])
    for note in found.notes:
        console.say(note)


def show_resources(rows: list[dict[str, object]]) -> None:
    """Resources before and after."""
    names = ("capacity", "used", "shadow_price")
    columns = [f"{name}_{side}" for name in names for side in ("before", "after")]
    console.show(
        "Resources",
        ("resource", *(name.replace("_", " ") for name in columns)),
        [(row["resource_id"], *(row[name] for name in columns)) for row in rows],
    )
