"""The report as tables, one a level: what Excel, CSV and JSON write, with the same totals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Final, Literal

import pandas as pd

from production.demand.forecast import PARTS
from production.plans.diff import CAUSES
from production.report.customers import Part
from production.report.last_plan import TOLD
from production.report.level import Level, level, number, summed, text
from production.report.live_level import live
from production.report.options import options
from production.report.planned import resource_weeks, schedule, to_regions
from production.report.returns import returns_level
from production.report.view import Report

VARIANT: Final = (
    text("variant_id", "Variant"),
    text("style_id", "Style"),
    text("title", "Title"),
)


def _changes(report: Report) -> Level | None:
    if report.last is None:
        return None
    columns = (
        *VARIANT,
        text("status", "In"),
        summed("before", "Last plan"),
        summed("after", "This plan"),
        summed("change", "Change", formula="{after}-{before}"),
        *(summed(cause, f"by {cause}") for cause in CAUSES),
        text("why", "Why"),
    )
    last = report.last.last
    about = (
        f"What changes against plan {last.plan_id}, of the {last.horizon} weeks from {last.as_of}; "
        f"the causes add up to the change. Why: the {TOLD:,} largest changes."
    )
    return level("changes", "Changes", about, columns, report.last.lines)


def _styles(report: Report) -> Level:
    names = {style.style_id: style.title for style in report.styles(None, several=False)}
    groups = report.variants.groupby("style_id", sort=False)
    adding = [
        "mean", "quantity", "planner_quantity", "on_hand", "expected_shortage",
        "expected_leftover", "lost_money", "leftover_money",
    ]  # fmt: skip
    rows = groups[adding].sum()
    rows.insert(0, "variants", groups.size())
    columns = [
        text("style_id", "Style"),
        text("title", "Title"),
        summed("variants", "Variants"),
        summed("mean", "Expected demand", "decimal"),
        summed("quantity", "Plan"),
    ]
    if report.last is not None:
        rows = rows.join(report.last.styles()[["before"]], how="outer", sort=False).fillna(0.0)
        rows["change"] = rows["quantity"] - rows["before"]
        columns += [
            summed("before", "Last plan"),
            summed("change", "Change", formula="{quantity}-{before}"),
        ]
    rows = rows.sort_values("mean", ascending=False, kind="stable").rename_axis("style_id")
    rows = rows.reset_index()
    rows["title"] = rows["style_id"].map(names).fillna("")
    columns += [summed("planner_quantity", "Last weeks' mix"), *MONEY]
    return level("styles", "Styles", "Each style, the largest demand first.", columns, rows)


MONEY: Final = (
    summed("on_hand", "In stock"),
    summed("expected_shortage", "Expected shortage", "decimal"),
    summed("expected_leftover", "Expected leftover", "decimal"),
    summed("lost_money", "Expected lost, money", "money"),
    summed("leftover_money", "Leftover, money", "money"),
)


def _variants(report: Report) -> Level:
    columns = [
        text("style_id", "Style"),
        text("variant_id", "Variant"),
        text("title", "Title"),
        number("share", "Share of style", "share"),
        number("share_low", "Share, low", "share"),
        number("share_high", "Share, high", "share"),
        number("plan_share", "Share of plan", "share"),
        summed("mean", "Expected demand", "decimal"),
        number("p10", "P10"),
        number("p50", "P50"),
        number("p90", "P90"),
        summed("quantity", "Plan"),
        summed("planner_quantity", "Last weeks' mix"),
        summed("recent_units", "Sold lately"),
        MONEY[0],
        number("cover_weeks", "Cover, weeks"),
        number("stockout_probability", "Stock-out risk", "share"),
        *MONEY[1:],
        number("nominal_service", "Service, nominal", "share"),
        number("capacity_service", "Service, capacity", "share"),
        number("expected_service", "Service, expected", "share"),
        text("short_of", "Short of"),
        text("reason_code", "Decided by"),
        text("reason", "Why"),
    ]
    if report.why is not None:
        columns += [summed(f"part_{part}", f"of it {part}", "decimal") for part in PARTS]
    about = "Each planned variant, the largest styles first. P10 to P90 do not add up; means do."
    return level("variants", "Variants", about, columns, _with_parts(report))


def _with_parts(report: Report) -> pd.DataFrame:
    """The variants with what their means are made of, where that is known; else as they are.

    A variant that is planned without a forecast, such as one in stock alone, has parts of 0.
    """
    if report.why is None:
        return report.variants
    return report.variants.join(report.why.table(), on="variant_id").fillna(
        dict.fromkeys(report.why.table().columns, 0.0)
    )


def _resources(report: Report) -> Level | None:
    if not report.plan.resources:
        return None
    rows = pd.DataFrame([asdict(one) for one in report.plan.resources])
    rows = rows.assign(
        left=rows["capacity"] - rows["used"],
        use=(rows["used"] / rows["capacity"].where(rows["capacity"] > 0)),
        value=rows["shadow_price"] * rows["capacity"],
    )
    columns = (
        text("resource_id", "Resource"),
        text("unit", "Unit"),
        number("capacity", "Capacity"),
        number("used", "Used"),
        number("left", "Left", formula="{capacity}-{used}"),
        number("use", "Use", "share", "{used}/{capacity}"),
        number("shadow_price", "One more earns", "money"),
        number("extra_unit_cost", "One more costs", "money"),
        number("bought", "Bought"),
        summed("value", "Capacity at its shadow price", "money", "{shadow_price}*{capacity}"),
    )
    about = "What each resource is used for and worth; units differ, so money alone adds up."
    return level("resources", "Resources", about, columns, rows)


def _bottleneck(report: Report) -> Level | None:
    if report.bottleneck is None:
        return None
    resource = report.bottleneck.resource
    unit = resource.unit or resource.resource_id
    columns = (
        *VARIANT,
        number("margin", "Margin", "money"),
        number("usage", f"{resource.resource_id}, {unit} a unit"),
        number("margin_per_usage", f"Margin a {unit}", "money", "{margin}/{usage}"),
        summed("quantity", "Plan"),
        summed("wanted", "Without limits"),
        summed("used", f"Used, {unit}", "decimal"),
    )
    about = (
        f"Margin for each {unit} of {resource.resource_id}, the bottleneck: "
        f"one more {unit} would earn {resource.shadow_price:,.2f}."
    )
    return level("bottleneck", "Bottleneck", about, columns, report.bottleneck.lines)


def _capacity(report: Report) -> Level | None:
    if report.capacity is None:
        return None
    name, unit = report.capacity.resource.resource_id, report.capacity.resource.unit
    columns = (
        number("factor", "Of today's", "share"),
        number("capacity", f"Capacity, {unit or name}"),
        number("cost", "Expected cost", "money"),
        number("shadow_price", "One more earns", "money"),
        number("units", "Units made", "units"),
    )
    about = f"The plan made again with less and more of {name}; each row is a plan of its own."
    rows = pd.DataFrame([asdict(one) for one in report.capacity.points])
    return level("capacity", "Price of capacity", about, columns, rows)


def _parts(report: Report, which: Literal["groups", "regions"]) -> Level | None:
    parts: tuple[Part, ...] = () if report.customers is None else getattr(report.customers, which)
    if not parts:
        return None
    rows = pd.DataFrame([asdict(part) | {"most": ", ".join(part.most)} for part in parts])
    columns = [text("name", "Region"), summed("units", "Expected demand", "decimal")]
    columns += [summed("share", "Share", "share"), text("most", "Most of it")]
    if which == "groups":
        columns[0] = text("name", "Group")
        columns[1:1] = [
            text("takes", "Takes also"),
            summed("customers", "Customers"),
            number("chance", "Orders in 90 days", "share"),
        ]
    about = f"The expected demand of all variants, split over {which}."
    return level(which, which.capitalize(), about, columns, rows)


def _new_and_stop(report: Report) -> Level:
    columns = (
        text("what", "What"),
        *VARIANT,
        number("since", "Since", "date"),
        summed("mean", "Expected demand", "decimal"),
        number("p10", "P10"),
        number("p90", "P90"),
        summed("quantity", "Plan"),
        summed("on_hand", "In stock"),
        number("cover_weeks", "Cover, weeks"),
        summed("leftover_money", "Leftover, money", "money"),
        text("why", "Why"),
    )
    about = "New variants, and those to stop making."
    return level("new_and_stop", "New and to stop", about, columns, report.coming_going)


def _gap_over_time(report: Report) -> Level:
    columns = (
        number("as_of", "From", "date"),
        text("plan_id", "Plan"),
        summed("demand", "Demand"),
        summed("habit_shortage", "Habit: short"),
        summed("habit_leftover", "Habit: left over"),
        number("habit_gap", "Habit: gap", "share", "({habit_shortage}+{habit_leftover})/{demand}"),
        summed("planner_shortage", "Last mix: short"),
        summed("planner_leftover", "Last mix: left over"),
        number(
            "planner_gap",
            "Last mix: gap",
            "share",
            "({planner_shortage}+{planner_leftover})/{demand}",
        ),
        summed("plan_shortage", "Plan: short"),
        summed("plan_leftover", "Plan: left over"),
        number("plan_gap", "Plan: gap", "share", "({plan_shortage}+{plan_leftover})/{demand}"),
        number("expected_gap", "Plan: expected gap", "share"),
    )
    about = (
        "The information gap of past weeks. Habit: making again what sold in the weeks before, "
        "with no limit and no stock. Last mix: the same under the plan's capacity and stock. Weeks "
        "that are not over have no demand yet."
    )
    return level("gap_over_time", "Gap over time", about, columns, report.over_time)


BUILDERS: Final[dict[str, Callable[[Report], Level | None]]] = {
    "changes": _changes,
    "live": live,
    "styles": _styles,
    "variants": _variants,
    "resources": _resources,
    "bottleneck": _bottleneck,
    "capacity": _capacity,
    "options": options,
    "groups": lambda report: _parts(report, "groups"),
    "regions": lambda report: _parts(report, "regions"),
    "to_regions": to_regions,
    "schedule": schedule,
    "resource_weeks": resource_weeks,
    "new_and_stop": _new_and_stop,
    "returns": lambda report: returns_level(report.returns),
    "gap_over_time": _gap_over_time,
}
"""What makes each level, in the order of the sheets; None where it has nothing to say."""

NAMES: Final = tuple(BUILDERS)


def levels_of(report: Report) -> tuple[Level, ...]:
    """Every level that has something to say, in the order of NAMES."""
    found = (build(report) for build in BUILDERS.values())
    return tuple(level for level in found if level is not None)
