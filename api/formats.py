"""The formats that a report is written in, by name."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

VARIANTS: Final = "variants"
"""The level that CSV writes where none is named."""


class Format(StrEnum):
    """A format, by the ending of its files."""

    HTML = "html"
    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"
