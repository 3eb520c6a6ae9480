"""The report for programs: CSV (one variant a row) and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import pandas as pd

from production.report.view import Gap, Report

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A text cell that starts so would run as a formula in a spreadsheet."""


def render_csv(report: Report) -> str:
    """One variant a row, numbers as numbers, texts that no spreadsheet takes for a formula."""
    rows = _with_parts(report)
    for name in rows.columns:
        if not pd.api.types.is_numeric_dtype(rows[name]):
            rows[name] = [_inert(str(cell)) for cell in rows[name]]
    text: str = rows.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    return text


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def render_json(report: Report) -> dict[str, Any]:
    """The plan's header, the gap today and planned, who wants it, what drives it, every variant."""
    return {
        **report.plan.header(),
        "information_gap": {
            "today": _gap(report.today),
            "planned": _gap(report.planned),
        },
        "moved_units": report.moved,
        "customers": None if report.customers is None else asdict(report.customers),
        "drivers": None if report.why is None else [asdict(one) for one in report.why.all()],
        "variants": _with_parts(report).to_dict(orient="records"),
    }


def _with_parts(report: Report) -> pd.DataFrame:
    """The variants with what their means are made of, where that is known; else as they are.

    A variant that is planned without a forecast, such as one in stock alone, has parts of 0.
    """
    if report.why is None:
        return report.variants.copy()
    return report.variants.join(report.why.table(), on="variant_id").fillna(
        dict.fromkeys(report.why.table().columns, 0.0)
    )


def _gap(gap: Gap) -> dict[str, float]:
    return {**asdict(gap), "information_gap": gap.units, "information_gap_money": gap.money}
