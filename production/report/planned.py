"""What a plan by week or by region says beyond its lines, as levels; None where there is none."""

from __future__ import annotations

from production.report.level import Level, level, number, summed, text
from production.report.view import Report


def to_regions(report: Report) -> Level | None:
    """Units of each variant by where they go."""
    if report.plan.regions is None:
        return None
    columns = (
        text("variant_id", "Variant"),
        text("region", "Region"),
        summed("mean", "Demand"),
        summed("quantity", "Plan"),
        summed("wanted", "Wanted"),
        summed("on_hand", "In stock"),
        summed("expected_shortage", "Expected short"),
        summed("expected_leftover", "Expected left"),
        number("stockout_probability", "Stock-out risk", "share"),
        text("short_of", "Short of"),
    )
    about = "What goes where: the plan's units by region, each within that region's limits."
    return level("to_regions", "To regions", about, columns, report.plan.regions)


def schedule(report: Report) -> Level | None:
    """What to begin of each variant in each week."""
    table = report.plan.schedule
    if table is None:
        return None
    columns = (
        text("variant_id", "Variant"),
        text("week", "Week"),
        summed("begin", "Begin"),
        summed("comes_in", "Comes in"),
        summed("mean", "Demand"),
        number("expected_stock", "Expected in stock"),
        number("expected_waiting", "Expected owed"),
    )
    about = "When to begin what: units to begin and coming in, and what is expected at week's end."
    return level("schedule", "Schedule", about, columns, table)


def resource_weeks(report: Report) -> Level | None:
    """Each resource in each week."""
    if report.plan.resource_weeks is None:
        return None
    columns = (
        text("resource_id", "Resource"),
        text("week", "Week"),
        number("capacity", "Capacity"),
        number("used", "Used"),
        number("bought", "Bought"),
        number("shadow_price", "One more earns", "money"),
    )
    about = "Each week's capacity, what the plan takes of it, and what one more would earn."
    return level("resource_weeks", "Resource weeks", about, columns, report.plan.resource_weeks)
