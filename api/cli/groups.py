"""`atelier groups`: customers in groups by preference, and who likely comes back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, AsOfOption, JsonFlag, WorkspaceOption, moment
from api.output import check_writable, write_table


def groups(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_of: AsOfOption = None,
    count: Annotated[
        int | None,
        typer.Option(
            "--groups",
            min=1,
            max=50,
            help="How many groups.  [default: the number that comes back most surely]",
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(
            min=1, max=366, help="Days that the chance of an order is for.  [default: the horizon]"
        ),
    ] = None,
    customer: Annotated[
        str | None,
        typer.Option(
            "--customer",
            metavar="ID",
            help="Show this customer's group and class; reads the kept groups.",
        ),
    ] = None,
    demand: Annotated[
        bool,
        typer.Option("--demand", help="Split the latest saved forecast over groups and regions."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE.parquet", help="Write each customer's group and class."
        ),
    ] = None,
    demand_out: Annotated[
        Path | None,
        typer.Option(
            "--demand-out",
            metavar="FILE.parquet",
            help="Write the demand and the mix of every group and region, variant by variant.",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Group customers by what they take, and tell who will likely order again.

    The groups are saved for the service and the report. With --as-of only what lies before that
    day is known, and nothing is saved.
    """
    for path in (out, demand_out):
        if path is not None:
            check_writable(path)
    if customer is not None and (as_of or count or days or demand or out or demand_out):
        raise typer.BadParameter("--customer reads the kept groups: leave out what makes new ones.")

    from api.demand import latest_saved
    from api.groups import customer_answer, demand_by_group, groups_answer, kept_groups
    from api.settings import load_settings
    from data.workspace import Workspace
    from recsys.groups.groups import group_customers
    from recsys.groups.saved import save_groups

    opened = Workspace.open(workspace)
    if customer is not None:
        named = opened.pseudonyms().of(customer)
        told = customer_answer(*kept_groups(opened), named) | {"customer_id": customer}
        console.answer(told) if as_json else _show_customer(told)
        return
    settings = load_settings(workspace)
    with console.progress() as progress:
        progress("Grouping customers", 0, 2)
        found = group_customers(
            opened,
            as_of=moment(as_of),
            days=days or 7 * settings.horizon,
            count=count,
            seed=settings.seed,
        )
        groups_id = "" if as_of is not None else save_groups(opened, found)
        progress("Grouping customers", 1, 2)
        parts = None
        if demand or demand_out is not None:
            saved = latest_saved(opened)
            parts = (saved, *demand_by_group(opened, found, saved))
        progress("Grouping customers", 2, 2)
    if out is not None:
        write_table(out, found.customers)
    if demand_out is not None and parts is not None:
        import pandas as pd

        write_table(demand_out, pd.concat([part.table() for part in parts[1:]], ignore_index=True))
    answer = groups_answer(groups_id, found, parts)
    console.answer(answer) if as_json else show_groups(answer)


def show_groups(answer: Mapping[str, Any]) -> None:
    """The groups, what each takes more than others, the classes, and their demand if it is told."""
    console.show(
        f"{answer['customers']:,} customers in {len(answer['groups'])} groups, "
        f"before {answer['as_of']}",
        ("group", "who", "customers", "share of units", "share of money", "price level",
         "money a purchase", "days between", f"ordered in {answer['long_days']} days",
         f"chance in {answer['long_days']} days"),
        [
            (group["group_id"], group["name"], group["customers"], group["unit_share"],
             group["money_share"], group["price_level"], group["money_a_purchase"],
             group["days_between"], group["recent_share"], group["long_chance"])
            for group in answer["groups"]
        ],
        caption="Price level: 1 is what all customers pay a line. Money and days: medians.",
    )  # fmt: skip
    console.show(
        "What they take more than others, and how many times as much",
        ("group", "takes", "variants", "regions"),
        [
            (
                group["group_id"],
                ", ".join(f"{one['value']} {one['lift']:.1f}" for one in group["likings"][:6]),
                "; ".join(one["title"] for one in group["variants"][:3]),
                ", ".join(f"{one['region']} {one['share']:.0%}" for one in group["regions"][:3]),
            )
            for group in answer["groups"]
        ],
    )
    names = tuple(answer["classes"])
    console.show(
        "Customers by class",
        ("group", *names),
        [
            ("all", *answer["classes"].values()),
            *((group["group_id"], *(group["classes"][name] for name in names))
              for group in answer["groups"]),
        ],
        caption=f"-: fewer than {answer['least']}, or what would give those away. "
        + _how(answer),
    )  # fmt: skip
    if answer["demand"] is not None:
        _show_demand(answer)


def _how(answer: Mapping[str, Any]) -> str:
    if answer["classes_by"] == "rule":
        return (
            f"Too few weeks to learn who returns: who ordered within {answer['long_days']} days "
            "counts as returning."
        )
    return f"By the chance of an order in the next {answer['long_days']} days."


def _show_demand(answer: Mapping[str, Any]) -> None:
    demand = answer["demand"]
    who = {group["group_id"]: group["name"] for group in answer["groups"]}
    for by in ("groups", "regions"):
        console.show(
            f"Demand over {demand['horizon']} {demand['period']}s from {demand['origin']}, "
            f"by {by[:-1]}",
            (by[:-1], "who", "units", "share", "most of it"),
            [
                (row["name"], who.get(row["name"], ""), row["demand"], row["share"],
                 ", ".join(f"{one['variant_id']} {one['demand']:,.0f}"
                           for one in row["variants"][:3]))
                for row in demand[by]
            ],
        )  # fmt: skip


def _show_customer(told: Mapping[str, Any]) -> None:
    near, far = told["chance"], told["long_chance"]
    rows = [
        ("group", f"{told['group_id']}: {told['group']}"),
        ("class", told["class"]),
        ("purchases", str(told["purchases"])),
        ("days since the last", str(told["days_since_last"])),
        (f"chance of an order in {told['days']} days", "-" if near is None else f"{near:.0%}"),
        (f"chance in {told['long_days']} days", "-" if far is None else f"{far:.0%}"),
    ]
    console.show(f"{told['customer_id']}, before {told['as_of']}", ("what", "value"), rows)
