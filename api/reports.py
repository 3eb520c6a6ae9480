"""How a report is written in each format, for the command line and the service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from api.formats import Format
from api.output import to_json
from production.report import Report, render_csv, render_html, render_json, render_xlsx


@dataclass(frozen=True, slots=True)
class Form:
    """How a format is written.

    Attributes:
        media_type: what it is in HTTP.
        write: the report as bytes, given the level that a format of one table writes.
    """

    media_type: str
    write: Callable[[Report, str], bytes]


FORMS: Final[dict[Format, Form]] = {
    Format.JSON: Form("application/json", lambda report, _: to_json(render_json(report)).encode()),
    Format.CSV: Form("text/csv", lambda report, level: render_csv(report, level).encode()),
    Format.HTML: Form("text/html", lambda report, _: render_html(report).encode()),
    Format.XLSX: Form(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        lambda report, _: render_xlsx(report),
    ),
}
"""By format; in HTTP the first is preferred where all are welcome."""


def format_of(media_type: str) -> Format:
    """The format of a media type that one of FORMS has."""
    return next(name for name, form in FORMS.items() if form.media_type == media_type)
