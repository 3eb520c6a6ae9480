"""The variant-mix report: what to make and why, as HTML, Excel, CSV and JSON."""

from production.report.page import render_html
from production.report.tables import check_level, render_csv, render_json
from production.report.view import Report, build_report
from production.report.workbook import render_xlsx

__all__ = [
    "Report",
    "build_report",
    "check_level",
    "render_csv",
    "render_html",
    "render_json",
    "render_xlsx",
]
