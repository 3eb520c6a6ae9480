"""The report for programs: CSV (one row of a level a line) and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import pandas as pd

from production.errors import UnknownLevel
from production.report.evidence import FALSE_ALARMS
from production.report.gap import Gap
from production.report.level import Level
from production.report.levels import BUILDERS, NAMES, levels_of
from production.report.live import LiveMix
from production.report.view import Report

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A text cell that starts so would run as a formula in a spreadsheet."""


def render_csv(report: Report, level: str = "variants") -> str:
    """One row of a level a line, numbers as numbers, texts that run as no formula.

    Args:
        report: what to write.
        level: one of `levels.NAMES`.

    Raises:
        UnknownLevel: the report has no such level.
    """
    rows = _of(report, level).rows.copy()
    for name in rows.columns:
        if pd.api.types.is_datetime64_any_dtype(rows[name]):
            rows[name] = rows[name].dt.strftime("%Y-%m-%d")
        elif not pd.api.types.is_numeric_dtype(rows[name]):
            rows[name] = [_inert(str(cell)) for cell in rows[name]]
    text: str = rows.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    return text


def check_level(name: str) -> None:
    """Refuse a level that no report has, before one is built and whatever form it is written in.

    Raises:
        UnknownLevel: there is none of that name.
    """
    if name not in NAMES:
        raise UnknownLevel(
            f"A report has no level '{name[:80]}'.",
            where="level",
            fix=f"Use one of: {', '.join(NAMES)}.",
        )


def _of(report: Report, name: str) -> Level:
    check_level(name)
    level = BUILDERS[name](report)
    if level is None:
        raise UnknownLevel(
            f"The report of this plan has nothing to say of '{name[:80]}'.",
            where="level",
            fix=f"Use one of: {', '.join(one.name for one in levels_of(report))}.",
        )
    return level


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def render_json(report: Report) -> dict[str, Any]:
    """The plan's header, what changes and why, service, the gap, and every level with its totals.

    A level without anything to say is an empty list.
    """
    levels = levels_of(report)
    return {
        **report.plan.header(),
        "decision": _decision(report),
        "service": asdict(report.service),
        "information_gap": {
            "today": _gap(report.today),
            "planned": _gap(report.planned),
        },
        "moved_units": report.moved,
        "notes": list(report.notes),
        "so_far": None if report.live is None else _so_far(report.live),
        "customers": None if report.customers is None else asdict(report.customers),
        "drivers": None if report.why is None else [asdict(one) for one in report.why.all()],
        **dict.fromkeys(NAMES, ()),
        **{level.name: _records(level) for level in levels},
        "totals": {level.name: level.totals() for level in levels},
    }


def _decision(report: Report) -> dict[str, Any] | None:
    """What changes against the last plan; None where there is none."""
    if report.last is None:
        return None
    header = report.last.diff.header()
    return {
        "against": report.last.last.plan_id,
        "against_as_of": str(report.last.last.as_of),
        "against_released": report.last.released,
        "units_more": report.last.raised,
        "units_less": report.last.lowered,
        **{name: header[name] for name in (
            "units_before", "units_after", "moved", "causes", "cost_before", "cost_after", "notes"
        )},
    }  # fmt: skip


def _so_far(live: LiveMix) -> dict[str, Any]:
    """Orders since the plan as a whole and by style; the level `live` has the variants."""
    return {
        "since": str(live.since.astype("datetime64[s]")),
        "until": str(live.until.astype("datetime64[s]")),
        "end": str(live.end.astype("datetime64[s]")),
        "passed": live.passed,
        "ordered": float(live.rows["ordered"].sum()),
        "returned": float(live.rows["returned"].sum()),
        "expected": float(live.rows["expected"].sum()),
        "alerts": len(live.alerts),
        "false_alarms": FALSE_ALARMS,
        "styles": live.styles().to_dict(orient="records"),
        "notes": list(live.notes),
    }


def _records(level: Level) -> list[dict[str, Any]]:
    """A level's rows; what is missing is None, a day is text."""
    rows = level.rows.copy()
    for name in rows.columns:
        if pd.api.types.is_datetime64_any_dtype(rows[name]):
            rows[name] = rows[name].dt.strftime("%Y-%m-%d")
    told = rows.astype(object).where(rows.notna(), None).to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in told]


def _gap(gap: Gap) -> dict[str, float]:
    return {
        **asdict(gap),
        "cost": gap.cost,
        "information_gap": gap.units,
        "information_gap_money": gap.money,
    }
