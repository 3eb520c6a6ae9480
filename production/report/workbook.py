"""The report as an Excel workbook: one sheet a level, real numbers, totals that follow filters.

Texts are written as texts whatever they start with, so that none from the data runs as a formula;
the only formulas are ours. Each has its value beside it, for readers that do not compute. The file
depends on the plan alone: the same plan makes the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from production.report.level import Column, Level
from production.report.levels import levels_of
from production.report.summary import Figure, summary_of
from production.report.view import Report

FORMATS: Final = {
    "text": "@",
    "units": "#,##0",
    "decimal": "#,##0.0",
    "money": "#,##0.00",
    "share": "0.0%",
    "date": "yyyy-mm-dd",
}

TOTAL, HEAD, FIRST = 1, 2, 3
"""Rows of a sheet: totals above the head, so that filters and scrolling leave them in sight."""

WIDEST: Final = 60
MEASURED: Final = 500
"""Rows that a column's width is measured on."""

LONGEST: Final = 32_767
"""Characters that a cell may hold."""


def render_xlsx(report: Report) -> bytes:
    """The workbook's bytes."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
         "strings_to_numbers": False},
    )  # fmt: skip
    day: datetime = report.plan.as_of.astype("datetime64[s]").item()
    book.set_properties({"title": f"Plan {report.plan.plan_id}", "created": day})
    levels = levels_of(report)
    styles = _styles(book)
    decision = book.add_worksheet("Decision")
    for level in levels:
        _sheet(book.add_worksheet(level.title), level, styles)
    variants = next(level for level in levels if level.name == "variants")
    _decision(decision, report, variants, styles)
    _notes(book.add_worksheet("What this rests on"), report, styles)
    book.close()
    return file.getvalue()


def _styles(book: Any) -> dict[str, Any]:
    found = {kind: book.add_format({"num_format": form}) for kind, form in FORMATS.items()}
    found |= {
        f"total {kind}": book.add_format({"num_format": form, "bold": True, "top": 1, "bottom": 1})
        for kind, form in FORMATS.items()
    }
    found["head"] = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "bottom", "bg_color": "#DCE9EE", "bottom": 1}
    )
    found["about"] = book.add_format({"italic": True, "font_color": "#5C666F"})
    found["title"] = book.add_format({"bold": True, "font_size": 14})
    found["wrapped"] = book.add_format({"text_wrap": True, "valign": "top"})
    return found


def _sheet(sheet: Any, level: Level, styles: Mapping[str, Any]) -> None:
    count = len(level.rows)
    last = FIRST + count - 1
    sheet.write_string(0, 0, level.about, styles["about"])
    totals = level.totals()
    if totals and level.columns[0].name not in totals:
        sheet.write_string(TOTAL, 0, "Total of the rows shown", styles["total text"])
    place = {column.name: number for number, column in enumerate(level.columns)}
    for number, column in enumerate(level.columns):
        sheet.write_string(HEAD, number, column.label, styles["head"])
        cells = level.rows[column.name]
        sheet.set_column(number, number, _width(column, cells))
        if column.total:
            letter = xl_col_to_name(number)
            rows = f"{letter}{FIRST + 1}:{letter}{max(last, FIRST) + 1}"
            sheet.write_formula(
                TOTAL, number, f"=SUBTOTAL(109,{rows})", styles[f"total {column.kind}"],
                totals[column.name],
            )  # fmt: skip
        _column(sheet, column, cells, place=place, style=styles[column.kind])
    sheet.freeze_panes(FIRST, _frozen(level))
    if count:
        sheet.autofilter(HEAD, 0, last, len(level.columns) - 1)
    _print(sheet)
    sheet.repeat_rows(HEAD)


def _frozen(level: Level) -> int:
    """Columns that stay in sight: up to the first that names a row."""
    keys = ("variant_id", "style_id", "resource_id", "name", "as_of", "factor")
    names = [column.name for column in level.columns]
    return 1 + next(place for place, name in enumerate(names) if name in keys)


def _column(
    sheet: Any, column: Column, cells: pd.Series, *, place: Mapping[str, int], style: Any
) -> None:
    number = place[column.name]
    if column.kind == "text":
        for row, text in enumerate(cells.astype(str), FIRST):
            sheet.write_string(row, number, text[:LONGEST], style)
    elif column.kind == "date":
        for row, day in enumerate(pd.to_datetime(cells), FIRST):
            if not pd.isna(day):
                sheet.write_datetime(row, number, day.to_pydatetime(), style)
    else:
        letters = {name: f"{xl_col_to_name(other)}#" for name, other in place.items()}
        formula = f"={column.formula.format(**letters)}"
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        for row, value in enumerate(values.tolist(), FIRST):
            if not np.isfinite(value):
                continue
            if column.formula:
                sheet.write_formula(row, number, formula.replace("#", str(row + 1)), style, value)
            else:
                sheet.write_number(row, number, value, style)


def _width(column: Column, cells: pd.Series) -> float:
    words = max((len(word) for word in column.label.split()), default=0)
    if column.kind != "text":
        return max(words + 3, 11)
    longest = int(cells.head(MEASURED).astype(str).str.len().max()) if len(cells) else 0
    return float(min(max(words + 3, longest + 1, 10), WIDEST))


def _decision(sheet: Any, report: Report, variants: Level, styles: Mapping[str, Any]) -> None:
    """The figures; those that are totals of the variants refer to their sheet."""
    plan = report.plan
    sheet.write_string(
        0, 0, f"What to make in the {plan.horizon} weeks from {plan.as_of}", styles["title"]
    )
    against = "" if report.last is None else f", against plan {report.last.last.plan_id}"
    sheet.write_string(1, 0, f"Plan {plan.plan_id}{against}", styles["about"])
    for number, label in enumerate(
        ("Figure", "This plan", "Last plan", "Change", "Last weeks' mix")
    ):
        sheet.write_string(HEAD, number, label, styles["head"])
    sheet.set_column(0, 0, 42)
    sheet.set_column(1, 4, 16)
    figures = summary_of(report)
    for row, figure in enumerate(figures, FIRST):
        _figure(sheet, row, figure, variants, styles)
    sheet.freeze_panes(FIRST, 1)
    sheet.autofilter(HEAD, 0, FIRST + len(figures) - 1, 4)
    _told(sheet, FIRST + len(figures) + 1, report, styles)
    _print(sheet)


def _figure(
    sheet: Any, row: int, figure: Figure, variants: Level, styles: Mapping[str, Any]
) -> None:
    style = styles[figure.kind]
    sheet.write_string(row, 0, figure.name)
    if figure.total:
        # the sum of all rows, whatever is filtered on the other sheet
        names = [column.name for column in variants.columns]
        letter = xl_col_to_name(names.index(figure.total))
        rows = f"{letter}{FIRST + 1}:{letter}{FIRST + max(len(variants.rows), 1)}"
        sheet.write_formula(row, 1, f"=SUM({variants.title}!{rows})", style, figure.plan)
    else:
        sheet.write_number(row, 1, figure.plan, style)
    if figure.last is not None:
        sheet.write_number(row, 2, figure.last, style)
        sheet.write_formula(row, 3, f"=B{row + 1}-C{row + 1}", style, figure.plan - figure.last)
    if figure.habit is not None:
        sheet.write_number(row, 4, figure.habit, style)


def _told(sheet: Any, row: int, report: Report, styles: Mapping[str, Any]) -> None:
    """Why the units change, cause by cause, with their sum."""
    if report.last is None:
        sheet.write_string(row, 0, "There is no earlier plan to compare this one with.")
        return
    sheet.write_string(row, 0, "Why units change against the last plan", styles["head"])
    sheet.write_string(row, 1, "Units", styles["head"])
    causes = report.last.causes
    for place, (cause, units) in enumerate(causes, row + 1):
        sheet.write_string(place, 0, cause)
        sheet.write_number(place, 1, units, styles["units"])
    end = row + 1 + len(causes)
    total = float(sum(units for _, units in causes))
    sheet.write_string(end, 0, "All", styles["total text"])
    if causes:
        sheet.write_formula(end, 1, f"=SUM(B{row + 2}:B{end})", styles["total units"], total)


def _notes(sheet: Any, report: Report, styles: Mapping[str, Any]) -> None:
    plan = report.plan
    notes = (
        f"Demand is known up to {plan.as_of} and forecast by {plan.method}.",
        f"The plan is {plan.status}: it is expected to cost {plan.expected_cost:,.2f}, and no "
        f"plan costs less than {plan.bound:,.2f}.",
        *report.notes,
        *(() if report.last is None else report.last.diff.notes),
        *plan.assumptions,
    )
    sheet.set_column(0, 0, 110)
    for row, note in enumerate(notes):
        sheet.write_string(row, 0, note, styles["wrapped"])
    _print(sheet)


def _print(sheet: Any) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
