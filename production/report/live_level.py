"""Orders since the plan against it, as a level; None where they were not asked for."""

from __future__ import annotations

from production.report.evidence import BAND, FALSE_ALARMS
from production.report.level import Level, level, number, summed, text
from production.report.live import minute
from production.report.view import Report


def live(report: Report) -> Level | None:
    """What was ordered of each variant so far, what was expected, and what left its band."""
    if report.live is None:
        return None
    columns = (
        text("variant_id", "Variant"),
        text("style_id", "Style"),
        text("title", "Title"),
        text("alert", "Alert"),
        summed("ordered", "Ordered"),
        summed("returned", "Returned"),
        summed("expected", "Expected by now", "decimal"),
        *(number(name, f"P{level:02.0f}") for name, level in zip(
            ("low", "high"), (100 * level for level in BAND), strict=True
        )),
        summed("mean", "Expected demand", "decimal"),
        summed("projected", "Projected", "decimal"),
        summed("supply", "Plan and stock"),
        number("evidence", "Evidence"),
        text("first_at", "Alert since"),
        text("do", "What to do"),
    )  # fmt: skip
    about = (
        f"Orders from {minute(report.live.since)} to {minute(report.live.until)} against the plan; "
        f"{report.live.passed:.0%} of its demand were expected by then. Of the alerts at most "
        f"{FALSE_ALARMS:.0%} are false on average."
    )
    rows = report.live.rows
    first = ["" if at is None else minute(at) for at in report.live.raised_at()]
    return level("live", "Live", about, columns, rows.assign(first_at=first))
