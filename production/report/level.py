"""A level: one table of the report, with columns that know how they are shown and summed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Kind = Literal["text", "units", "decimal", "money", "share", "date"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a level.

    Attributes:
        name: in CSV and JSON.
        label: in Excel.
        kind: how it is shown.
        total: whether its sum means something.
        formula: what a row computes it from, with `{name}` for other columns; empty for data.
    """

    name: str
    label: str
    kind: Kind = "text"
    total: bool = False
    formula: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One table of the report.

    Attributes:
        name: in CSV and JSON, lower case.
        title: of the sheet.
        about: a sentence on what it holds.
        columns: in their order.
        rows: a column for each of `columns`.
    """

    name: str
    title: str
    about: str
    columns: tuple[Column, ...]
    rows: pd.DataFrame

    def totals(self) -> dict[str, float]:
        """The sums of the columns that have one."""
        return {one.name: float(self.rows[one.name].sum()) for one in self.columns if one.total}


def level(
    name: str, title: str, about: str, columns: Iterable[Column], rows: pd.DataFrame
) -> Level:
    """A level of some columns of a table."""
    columns = tuple(columns)
    return Level(
        name=name,
        title=title,
        about=about,
        columns=columns,
        rows=rows[[one.name for one in columns]].reset_index(drop=True),
    )


def text(name: str, label: str) -> Column:
    """A column of words."""
    return Column(name=name, label=label)


def summed(name: str, label: str, kind: Kind = "units", formula: str = "") -> Column:
    """A column of numbers whose sum means something."""
    return Column(name=name, label=label, kind=kind, total=True, formula=formula)


def number(name: str, label: str, kind: Kind = "decimal", formula: str = "") -> Column:
    """A column of numbers whose sum means nothing."""
    return Column(name=name, label=label, kind=kind, formula=formula)
