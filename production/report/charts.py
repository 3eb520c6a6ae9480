"""The report's charts as inline SVG."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from production.demand.drivers import Driver
from production.report.capacity import CapacityPrice
from production.report.drawing import (
    ACCENT,
    ALARM,
    BAND,
    INK,
    MUTED,
    OTHER,
    SHORT_NUMBERS,
    WIDTH,
    short,
    svg,
)  # fmt: skip
from production.report.view import Report


def resource_use(report: Report) -> str:
    """Share of each resource's capacity that the plan takes; full ones stand out."""
    rows = pd.DataFrame(
        {
            "resource": [short(r.resource_id) for r in report.plan.resources],
            "used": [r.used / r.capacity if r.capacity else 0.0 for r in report.plan.resources],
            "binds": [r.shadow_price > 0 for r in report.plan.resources],
        }
    )
    base = alt.Chart(rows).encode(y=alt.Y("resource:N", title=None, sort=None))
    bars = base.mark_bar(height=14).encode(
        x=alt.X("used:Q", title="share of capacity used", axis=alt.Axis(format="%", tickCount=5),
                scale=alt.Scale(domain=[0, max(1.0, float(rows["used"].max()))])),
        color=alt.condition("datum.binds", alt.value(ALARM), alt.value(ACCENT)),
    )  # fmt: skip
    text = base.mark_text(align="left", dx=4, color=INK).encode(
        x="used:Q", text=alt.Text("used:Q", format=".0%")
    )
    return svg(bars + text, "resources", width=WIDTH - 60)


def gap_parts(report: Report) -> str:
    """Money expected to be lost to shortage and to leftover, today and with the plan."""
    lines = report.plan.lines
    rows = []
    for name, prefix in (("last weeks' mix", "planner"), ("this plan", "expected")):
        for part, cost in (("shortage", "underage_cost"), ("leftover", "overage_cost")):
            money = float((lines[f"{prefix}_{part}"] * lines[cost]).sum())
            rows.append({"what": name, "part": part, "money": money})
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(height=22)
        .encode(
            y=alt.Y("what:N", title=None, sort=None),
            x=alt.X("money:Q", title="money expected to be lost",
                    axis=SHORT_NUMBERS),
            color=alt.Color("part:N", title=None,
                            scale=alt.Scale(domain=["shortage", "leftover"], range=[ALARM, OTHER])),
            order=alt.Order("part:N", sort="descending"),
        )
    )  # fmt: skip
    return svg(chart, "gap", width=WIDTH - 40, height=80)


def plan_against_demand(report: Report, count: int = 14) -> str:
    """P10 to P90 of the largest variants' demand, with the plan and last weeks' mix on it."""
    rows = report.variants.sort_values("mean", ascending=False, kind="stable").head(count)
    rows = rows.assign(
        name=_names(rows),
        made=rows["quantity"] + rows["on_hand"],
        today=rows["planner_quantity"] + rows["on_hand"],
    )
    base = alt.Chart(rows[["name", "p10", "p50", "p90", "made", "today"]]).encode(
        y=alt.Y("name:N", title=None, sort=None)
    )
    span = base.mark_bar(height=10, color=BAND).encode(
        x=alt.X("p10:Q", title="units", axis=SHORT_NUMBERS), x2="p90:Q"
    )
    middle = base.mark_tick(thickness=2, height=12, color=MUTED).encode(x="p50:Q")
    today = base.mark_point(
        shape="circle", size=45, color=OTHER, filled=False, strokeWidth=2
    ).encode(x="today:Q")
    plan = base.mark_point(shape="circle", size=60, color=ACCENT, filled=True, opacity=1).encode(
        x="made:Q"
    )
    return svg(span + middle + today + plan, "demand", width=WIDTH - 130)


def gap_over_time(report: Report) -> str:
    """The information gap of past weeks by habit, of past plans, and what this plan expects."""
    rows = report.over_time
    day = pd.to_datetime(rows["as_of"])
    kinds = (
        ("same again", "habit_gap"),
        ("plan", "plan_gap"),
        ("last mix", "planner_gap"),
        ("expected", "expected_gap"),
    )
    told = pd.concat(
        pd.DataFrame({"from": day, "gap": rows[column], "what": name}) for name, column in kinds
    ).dropna()
    told["from"] = told["from"].dt.strftime("%Y-%m-%d")
    names = [name for name, _ in kinds]
    base = alt.Chart(told).encode(
        x=alt.X("from:T", title="weeks from",
                axis=alt.Axis(format="%b %y", tickCount=6, grid=False)),
        y=alt.Y("gap:Q", title="gap, share of demand", axis=alt.Axis(format="%", tickCount=5),
                scale=alt.Scale(zero=True)),
    )  # fmt: skip
    colours = alt.Scale(domain=names, range=[MUTED, ACCENT, OTHER, ACCENT])
    colour = alt.Color("what:N", title=None, legend=None, scale=colours)
    line = base.transform_filter("datum.what === 'same again'").mark_line(
        point={"size": 22, "color": MUTED}, color=MUTED
    )
    judged = base.transform_filter(
        "datum.what === 'plan' || datum.what === 'last mix'"
    ).mark_point(filled=True, size=75, opacity=1).encode(color=colour)  # fmt: skip
    hoped = base.transform_filter("datum.what === 'expected'").mark_point(
        filled=False, size=75, strokeWidth=2, opacity=1
    ).encode(color=colour)  # fmt: skip
    return svg(line + judged + hoped, "overtime", width=WIDTH - 20, height=170)


def price_of_capacity(capacity: CapacityPrice) -> str:
    """What one more unit of the bottleneck earns, by how much of it there is."""
    resource = capacity.resource
    rows = pd.DataFrame(
        [{"capacity": one.capacity, "price": one.shadow_price, "factor": one.factor}
         for one in capacity.points]
    )  # fmt: skip
    unit = resource.unit or resource.resource_id
    base = alt.Chart(rows).encode(
        x=alt.X("capacity:Q", title=f"{unit} of {short(resource.resource_id)}", axis=SHORT_NUMBERS,
                scale=alt.Scale(zero=False)),
        y=alt.Y("price:Q", title=f"one more {unit} earns", axis=alt.Axis(tickCount=5)),
    )  # fmt: skip
    marks = base.mark_line(color=ACCENT, point={"color": ACCENT, "size": 30})
    here = base.transform_filter("datum.factor === 1").mark_point(
        color=ALARM, filled=True, size=90, opacity=1
    )
    if resource.extra_unit_cost is not None:
        cost = alt.Chart(pd.DataFrame({"cost": [resource.extra_unit_cost]})).mark_rule(
            color=OTHER, strokeDash=[5, 3], strokeWidth=2
        )
        marks = marks + cost.encode(y="cost:Q")
    return svg(marks + here, "capacity", width=WIDTH - 20, height=170)


def fan(report: Report, which: int) -> str:
    """One variant: past totals over windows of the horizon, then the fan of what comes."""
    shown = report.fans[which]
    count = len(shown.past)
    past = pd.DataFrame({"window": range(1 - count, 1), "units": shown.past})
    start = shown.past[-1] if shown.past else shown.p50
    cone = pd.DataFrame(
        {
            "window": [0, 1],
            "low": [start, shown.p10],
            "middle": [start, shown.p50],
            "high": [start, shown.p90],
        }
    )
    plan = pd.DataFrame({"window": [1], "units": [shown.quantity + shown.on_hand]})
    x = alt.X("window:Q", title=f"{report.plan.horizon}-week totals; 0 is the latest known",
              axis=alt.Axis(tickMinStep=1, grid=False))  # fmt: skip
    y = alt.Y("units:Q", title=None, axis=SHORT_NUMBERS)
    area = (
        alt.Chart(cone).mark_area(color=BAND).encode(x=x, y=alt.Y("low:Q", title=None), y2="high:Q")
    )
    middle = alt.Chart(cone).mark_line(color=ACCENT, strokeDash=[4, 3]).encode(x=x, y="middle:Q")
    line = alt.Chart(past).mark_line(color=INK, point={"color": INK, "size": 20}).encode(x=x, y=y)
    made = (
        alt.Chart(plan).mark_point(color=ACCENT, filled=True, size=70, opacity=1).encode(x=x, y=y)
    )
    return svg(area + middle + line + made, f"fan{which}", width=WIDTH - 120, height=120)


def waterfall(told: tuple[Driver, ...], name: str, *, narrow: bool = False) -> str:
    """Each part of the expected units from where the one before it ended; last, their sum."""
    ends = np.cumsum([one.units for one in told])
    rows = [
        {"part": one.part, "from": end - one.units, "to": end, "end": max(end, end - one.units),
         "colour": ACCENT if one.units >= 0 else OTHER,
         "label": _signed(one.units) if place else _signed(one.units).removeprefix("+")}
        for place, (one, end) in enumerate(zip(told, ends.tolist(), strict=True))
    ]  # fmt: skip
    total = float(ends[-1]) if len(ends) else 0.0
    rows.append({"part": "expected", "from": 0.0, "to": total, "end": total, "colour": MUTED,
                 "label": _signed(total).removeprefix("+")})  # fmt: skip
    base = alt.Chart(pd.DataFrame(rows)).encode(y=alt.Y("part:N", title=None, sort=None))
    most = max(float(row["end"]) for row in rows)
    bars = base.mark_bar(height=11).encode(
        x=alt.X("from:Q", title="units", axis=SHORT_NUMBERS,
                scale=alt.Scale(domain=[min(0.0, *(float(one) for one in ends)), 1.12 * most])),
        x2="to:Q", color=alt.Color("colour:N", scale=None),
    )  # fmt: skip
    text = base.mark_text(align="left", dx=4, color=INK).encode(x="end:Q", text="label:N")
    return svg(bars + text, name, width=WIDTH - (140 if narrow else 100))


def _signed(units: float) -> str:
    if abs(units) < 0.05:
        return "0"
    return f"{units:+,.0f}" if abs(units) >= 10 else f"{units:+,.1f}"


def _names(rows: pd.DataFrame) -> list[str]:
    """Names that tell variants apart: the title, with the id where titles repeat."""
    titles = rows["title"].where(rows["title"] != "", rows["variant_id"])
    repeated = titles.duplicated(keep=False)
    return [
        short(f"{variant} {title}" if again and title != variant else title)
        for title, variant, again in zip(titles, rows["variant_id"], repeated, strict=True)
    ]
