"""The decision in figures: this plan beside the last one and beside the last weeks' mix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from production.report.gap import Gap, planned_gap
from production.report.view import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of the three.

    Attributes:
        name: what it is.
        kind: how it is shown.
        plan: of this plan.
        last: of the last plan; None where there is none, or it has none.
        habit: of the last weeks' mix under the same capacity; None where it has none.
        total: the column of the variants whose total `plan` is; empty where it is none.
    """

    name: str
    kind: Literal["units", "money", "share"]
    plan: float
    last: float | None
    habit: float | None
    total: str = ""


def summary_of(report: Report) -> tuple[Figure, ...]:
    """The figures, the decision first."""
    last = None if report.last is None else report.last.last
    gaps = (report.planned, None if last is None else planned_gap(last.lines), report.today)
    variants, service = report.variants, report.service
    return (
        Figure(
            name="Units to make",
            kind="units",
            plan=float(variants["quantity"].sum()),
            last=None if last is None else float(last.lines["quantity"].sum()),
            habit=float(variants["planner_quantity"].sum()),
            total="quantity",
        ),
        Figure(
            name="Units in stock",
            kind="units",
            plan=float(variants["on_hand"].sum()),
            last=None if last is None else float(last.lines["on_hand"].sum()),
            habit=float(variants["on_hand"].sum()),
            total="on_hand",
        ),
        _of("Expected demand, units", "units", "demand", gaps, total="mean"),
        _of("Expected shortage, units", "units", "shortage", gaps, total="expected_shortage"),
        _of("Expected leftover, units", "units", "leftover", gaps, total="expected_leftover"),
        _of("Expected lost margin, money", "money", "lost", gaps, total="lost_money"),
        _of("Expected cost of leftover, money", "money", "left", gaps, total="leftover_money"),
        _of("Lost and leftover, money", "money", "cost", gaps),
        _of("Information gap, share of demand", "share", "units", gaps),
        _of("Information gap, share of demand's value", "share", "money", gaps),
        _of("Demand served, share of units", "share", "served", gaps),
        _alone("Service level, nominal", service.nominal),
        _alone("Service level under the capacity", service.capacity),
        _alone("Service level, expected", service.expected),
    )


def _of(
    name: str,
    kind: Literal["units", "money", "share"],
    field: str,
    gaps: tuple[Gap, Gap | None, Gap],
    *,
    total: str = "",
) -> Figure:
    """A figure of the gaps of plan, last plan and habit."""
    planned, last, habit = gaps
    return Figure(
        name=name,
        kind=kind,
        plan=getattr(planned, field),
        last=None if last is None else getattr(last, field),
        habit=getattr(habit, field),
        total=total,
    )


def _alone(name: str, value: float) -> Figure:
    return Figure(name=name, kind="share", plan=value, last=None, habit=None)
