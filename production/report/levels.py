"""The report as tables, one a level: what Excel, CSV and JSON write, with the same totals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Final, Literal

import pandas as pd

from production.demand.forecast import PARTS
from production.plans.diff import CAUSES
from production.report.customers import Part
from production.report.last_plan import TOLD
from production.report.view import Report

Kind = Literal["text", "units", "decimal", "money", "share", "date"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a level.

    Attributes:
        name: in CSV and JSON.
        label: in Excel.
        kind: how it is shown.
        total: whether its sum means something.
        formula: what a row computes it from, with `{name}` for other columns; empty for data.
    """

    name: str
    label: str
    kind: Kind = "text"
    total: bool = False
    formula: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One table of the report.

    Attributes:
        name: in CSV and JSON, lower case.
        title: of the sheet.
        about: a sentence on what it holds.
        columns: in their order.
        rows: a column for each of `columns`.
    """

    name: str
    title: str
    about: str
    columns: tuple[Column, ...]
    rows: pd.DataFrame

    def totals(self) -> dict[str, float]:
        """The sums of the columns that have one."""
        return {one.name: float(self.rows[one.name].sum()) for one in self.columns if one.total}


def _level(
    name: str, title: str, about: str, columns: Iterable[Column], rows: pd.DataFrame
) -> Level:
    columns = tuple(columns)
    return Level(
        name=name,
        title=title,
        about=about,
        columns=columns,
        rows=rows[[one.name for one in columns]].reset_index(drop=True),
    )


def _text(name: str, label: str) -> Column:
    return Column(name=name, label=label)


def _sum(name: str, label: str, kind: Kind = "units", formula: str = "") -> Column:
    return Column(name=name, label=label, kind=kind, total=True, formula=formula)


def _number(name: str, label: str, kind: Kind = "decimal", formula: str = "") -> Column:
    return Column(name=name, label=label, kind=kind, formula=formula)


VARIANT: Final = (
    _text("variant_id", "Variant"),
    _text("style_id", "Style"),
    _text("title", "Title"),
)


def _changes(report: Report) -> Level | None:
    if report.last is None:
        return None
    columns = (
        *VARIANT,
        _text("status", "In"),
        _sum("before", "Last plan"),
        _sum("after", "This plan"),
        _sum("change", "Change", formula="{after}-{before}"),
        *(_sum(cause, f"by {cause}") for cause in CAUSES),
        _text("why", "Why"),
    )
    last = report.last.last
    about = (
        f"What changes against plan {last.plan_id}, of the {last.horizon} weeks from {last.as_of}; "
        f"the causes add up to the change. Why: the {TOLD:,} largest changes."
    )
    return _level("changes", "Changes", about, columns, report.last.lines)


def _styles(report: Report) -> Level:
    names = {style.style_id: style.title for style in report.styles(None, several=False)}
    groups = report.variants.groupby("style_id", sort=False)
    summed = [
        "mean", "quantity", "planner_quantity", "on_hand", "expected_shortage",
        "expected_leftover", "lost_money", "leftover_money",
    ]  # fmt: skip
    rows = groups[summed].sum()
    rows.insert(0, "variants", groups.size())
    columns = [
        _text("style_id", "Style"),
        _text("title", "Title"),
        _sum("variants", "Variants"),
        _sum("mean", "Expected demand", "decimal"),
        _sum("quantity", "Plan"),
    ]
    if report.last is not None:
        rows = rows.join(report.last.styles()[["before"]], how="outer", sort=False).fillna(0.0)
        rows["change"] = rows["quantity"] - rows["before"]
        columns += [
            _sum("before", "Last plan"),
            _sum("change", "Change", formula="{quantity}-{before}"),
        ]
    rows = rows.sort_values("mean", ascending=False, kind="stable").rename_axis("style_id")
    rows = rows.reset_index()
    rows["title"] = rows["style_id"].map(names).fillna("")
    columns += [_sum("planner_quantity", "Last weeks' mix"), *MONEY]
    return _level("styles", "Styles", "Each style, the largest demand first.", columns, rows)


MONEY: Final = (
    _sum("on_hand", "In stock"),
    _sum("expected_shortage", "Expected shortage", "decimal"),
    _sum("expected_leftover", "Expected leftover", "decimal"),
    _sum("lost_money", "Expected lost, money", "money"),
    _sum("leftover_money", "Leftover, money", "money"),
)


def _variants(report: Report) -> Level:
    columns = [
        _text("style_id", "Style"),
        _text("variant_id", "Variant"),
        _text("title", "Title"),
        _number("share", "Share of style", "share"),
        _number("share_low", "Share, low", "share"),
        _number("share_high", "Share, high", "share"),
        _number("plan_share", "Share of plan", "share"),
        _sum("mean", "Expected demand", "decimal"),
        _number("p10", "P10"),
        _number("p50", "P50"),
        _number("p90", "P90"),
        _sum("quantity", "Plan"),
        _sum("planner_quantity", "Last weeks' mix"),
        _sum("recent_units", "Sold lately"),
        MONEY[0],
        _number("cover_weeks", "Cover, weeks"),
        _number("stockout_probability", "Stock-out risk", "share"),
        *MONEY[1:],
        _number("nominal_service", "Service, nominal", "share"),
        _number("capacity_service", "Service, capacity", "share"),
        _number("expected_service", "Service, expected", "share"),
        _text("short_of", "Short of"),
        _text("reason_code", "Decided by"),
        _text("reason", "Why"),
    ]
    if report.why is not None:
        columns += [_sum(f"part_{part}", f"of it {part}", "decimal") for part in PARTS]
    about = "Each planned variant, the largest styles first. P10 to P90 do not add up; means do."
    return _level("variants", "Variants", about, columns, _with_parts(report))


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
        _text("resource_id", "Resource"),
        _text("unit", "Unit"),
        _number("capacity", "Capacity"),
        _number("used", "Used"),
        _number("left", "Left", formula="{capacity}-{used}"),
        _number("use", "Use", "share", "{used}/{capacity}"),
        _number("shadow_price", "One more earns", "money"),
        _number("extra_unit_cost", "One more costs", "money"),
        _sum("value", "Capacity at its shadow price", "money", "{shadow_price}*{capacity}"),
    )
    about = "What each resource is used for and worth; units differ, so money alone adds up."
    return _level("resources", "Resources", about, columns, rows)


def _bottleneck(report: Report) -> Level | None:
    if report.bottleneck is None:
        return None
    resource = report.bottleneck.resource
    unit = resource.unit or resource.resource_id
    columns = (
        *VARIANT,
        _number("margin", "Margin", "money"),
        _number("usage", f"{resource.resource_id}, {unit} a unit"),
        _number("margin_per_usage", f"Margin a {unit}", "money", "{margin}/{usage}"),
        _sum("quantity", "Plan"),
        _sum("wanted", "Without limits"),
        _sum("used", f"Used, {unit}", "decimal"),
    )
    about = (
        f"Margin for each {unit} of {resource.resource_id}, the bottleneck: "
        f"one more {unit} would earn {resource.shadow_price:,.2f}."
    )
    return _level("bottleneck", "Bottleneck", about, columns, report.bottleneck.lines)


def _capacity(report: Report) -> Level | None:
    if report.capacity is None:
        return None
    name, unit = report.capacity.resource.resource_id, report.capacity.resource.unit
    columns = (
        _number("factor", "Of today's", "share"),
        _number("capacity", f"Capacity, {unit or name}"),
        _number("cost", "Expected cost", "money"),
        _number("shadow_price", "One more earns", "money"),
        _number("units", "Units made", "units"),
    )
    about = f"The plan made again with less and more of {name}; each row is a plan of its own."
    rows = pd.DataFrame([asdict(one) for one in report.capacity.points])
    return _level("capacity", "Price of capacity", about, columns, rows)


def _parts(report: Report, which: Literal["groups", "regions"]) -> Level | None:
    parts: tuple[Part, ...] = () if report.customers is None else getattr(report.customers, which)
    if not parts:
        return None
    rows = pd.DataFrame([asdict(part) | {"most": ", ".join(part.most)} for part in parts])
    columns = [_text("name", "Region"), _sum("units", "Expected demand", "decimal")]
    columns += [_sum("share", "Share", "share"), _text("most", "Most of it")]
    if which == "groups":
        columns[0] = _text("name", "Group")
        columns[1:1] = [
            _text("takes", "Takes also"),
            _sum("customers", "Customers"),
            _number("chance", "Orders in 90 days", "share"),
        ]
    about = f"The expected demand of all variants, split over {which}."
    return _level(which, which.capitalize(), about, columns, rows)


def _new_and_stop(report: Report) -> Level:
    columns = (
        _text("what", "What"),
        *VARIANT,
        _number("since", "Since", "date"),
        _sum("mean", "Expected demand", "decimal"),
        _number("p10", "P10"),
        _number("p90", "P90"),
        _sum("quantity", "Plan"),
        _sum("on_hand", "In stock"),
        _number("cover_weeks", "Cover, weeks"),
        _sum("leftover_money", "Leftover, money", "money"),
        _text("why", "Why"),
    )
    about = "New variants, and those to stop making."
    return _level("new_and_stop", "New and to stop", about, columns, report.coming_going)


def _gap_over_time(report: Report) -> Level:
    columns = (
        _number("as_of", "From", "date"),
        _text("plan_id", "Plan"),
        _sum("demand", "Demand"),
        _sum("habit_shortage", "Habit: short"),
        _sum("habit_leftover", "Habit: left over"),
        _number("habit_gap", "Habit: gap", "share", "({habit_shortage}+{habit_leftover})/{demand}"),
        _sum("planner_shortage", "Last mix: short"),
        _sum("planner_leftover", "Last mix: left over"),
        _number(
            "planner_gap",
            "Last mix: gap",
            "share",
            "({planner_shortage}+{planner_leftover})/{demand}",
        ),
        _sum("plan_shortage", "Plan: short"),
        _sum("plan_leftover", "Plan: left over"),
        _number("plan_gap", "Plan: gap", "share", "({plan_shortage}+{plan_leftover})/{demand}"),
        _number("expected_gap", "Plan: expected gap", "share"),
    )
    about = (
        "The information gap of past weeks. Habit: making again what sold in the weeks before, "
        "with no limit and no stock. Last mix: the same under the plan's capacity and stock. Weeks "
        "that are not over have no demand yet."
    )
    return _level("gap_over_time", "Gap over time", about, columns, report.over_time)


BUILDERS: Final[dict[str, Callable[[Report], Level | None]]] = {
    "changes": _changes,
    "styles": _styles,
    "variants": _variants,
    "resources": _resources,
    "bottleneck": _bottleneck,
    "capacity": _capacity,
    "groups": lambda report: _parts(report, "groups"),
    "regions": lambda report: _parts(report, "regions"),
    "new_and_stop": _new_and_stop,
    "gap_over_time": _gap_over_time,
}
"""What makes each level, in the order of the sheets; None where it has nothing to say."""

NAMES: Final = tuple(BUILDERS)


def levels_of(report: Report) -> tuple[Level, ...]:
    """Every level that has something to say, in the order of NAMES."""
    found = (build(report) for build in BUILDERS.values())
    return tuple(level for level in found if level is not None)
