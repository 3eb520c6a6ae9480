"""Staging: one chunk laid onto one table, row by row, with what is set aside and why.

The row rules (duplicate, filter) run here, in the order of the mapping, before a row's faults
are looked at: a row that a rule sets aside needs no other virtue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.cleaning.columns import Cells, lay
from data.cleaning.conditions import holds
from data.cleaning.duplicates import Seen
from data.cleaning.parse import Context
from data.findings import LONGEST_VALUE
from data.grammar import DuplicateRule, FilterRule, MissingRule, Spec, TableMapping, kind_column
from data.tables import Column, Table

RAW: Final = "raw:"
"""Before the names of the file's columns that a staged frame carries as text."""

ROW: Final = "row"
"""The number of a row among the rows of its file, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a source's rows become on one table.

    Attributes:
        table: the canonical table.
        mapped: the mapping's part for it.
        columns: the columns made, canonical ones first, each with its spec.
        carried: columns of the file that are kept as text, because a derived table or a later
            rule asks for them; in a staged frame their names begin with RAW.
    """

    table: Table
    mapped: TableMapping
    columns: tuple[tuple[Column, Spec], ...]
    carried: tuple[str, ...] = ()

    @classmethod
    def of(cls, table: Table, mapped: TableMapping, carried: Iterable[str] = ()) -> Plan:
        """The plan of a table that is filled row by row."""
        columns = [(c, mapped.columns[c.name]) for c in table.columns if c.name in mapped.columns]
        for name, spec in mapped.attributes.items():
            columns.append((kind_column(name, spec, regressor=False), spec))
        for name, spec in mapped.regressors.items():
            columns.append((kind_column(name, spec, regressor=True), spec))
        return cls(
            table=table,
            mapped=mapped,
            columns=tuple(columns),
            carried=tuple(sorted(set(carried))),
        )

    def origin(self, column: str) -> str:
        """The file's columns that a column is made of, for findings."""
        return " + ".join(self.mapped.specs[column].source) if column in self.mapped.specs else ""

    @property
    def may_lack(self) -> frozenset[str]:
        """Columns whose missing values a rule sees to."""
        rules = (rule for rule in self.mapped.rules if isinstance(rule, MissingRule))
        return frozenset(
            name for rule in rules for name, policy in rule.columns.items() if policy != "keep"
        )


@dataclass(slots=True)
class Stage:
    """What has come of a source's rows on one table so far.

    Attributes:
        plan: the table and how it is filled.
        kept: staged frames: the table's columns, carried columns, `file`, `line` and `row`.
        aside: frames of FINDING_COLUMNS and `row`, one line for each row that a rule set aside.
        bad: frames of FINDING_COLUMNS and `row`, one line for each fault of a row.
        read: rows read, by file.
        set_aside: rows set aside by a declared rule, by (file, rule).
        at_fault: rows at fault, by (file, rule of the first fault).
        touched: cells changed, by (file, rule).
        seen: the rows met, for the duplicate rule.
    """

    plan: Plan
    kept: list[pd.DataFrame] = field(default_factory=list)
    aside: list[pd.DataFrame] = field(default_factory=list)
    bad: list[pd.DataFrame] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)
    set_aside: Counter[tuple[str, str]] = field(default_factory=Counter)
    at_fault: Counter[tuple[str, str]] = field(default_factory=Counter)
    touched: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: Seen = field(default_factory=Seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Where the rows of a chunk stand.

    Attributes:
        file: the file's name.
        lines: (rows,) int64, physical lines.
        first: number of the chunk's first row among the rows of the file.
    """

    file: str
    lines: NDArray[np.int64]
    first: int

    def findings(
        self, at: NDArray[np.intp], cells: Cells | None, rule: str, hint: str
    ) -> pd.DataFrame:
        """Findings on the rows at some positions, with their `row` numbers."""
        values = [""] * len(at)
        if cells is not None and not cells.personal:
            values = cells.raw.take(at).fillna("").str.slice(0, LONGEST_VALUE).tolist()
        return pd.DataFrame(
            {
                "file": pd.Series(self.file, index=range(len(at)), dtype="str"),
                "line": self.lines[at],
                "column": pd.Series(
                    cells.origin if cells else "", index=range(len(at)), dtype="str"
                ),
                "value": pd.Series(values, dtype="str"),
                "rule": pd.Series(rule, index=range(len(at)), dtype="str"),
                "hint": pd.Series(hint, index=range(len(at)), dtype="str"),
                ROW: self.first + at,
            }
        )


def stage_rows(stage: Stage, frame: pd.DataFrame, rows: Rows, context: Context) -> None:
    """Lay raw rows onto a table and add what comes of them to the stage.

    Args:
        stage: added to.
        frame: raw texts of whole rows.
        rows: where they stand.
        context: what holds for all columns.
    """
    plan = stage.plan
    laid = {column.name: lay(frame, spec, column, context) for column, spec in plan.columns}
    stage.read[rows.file] += len(frame)
    for cells in laid.values():
        stage.touched.update({(rows.file, name): count for name, count in cells.touched.items()})
    typed = pd.DataFrame({name: cells.typed for name, cells in laid.items()})
    raw = frame.reset_index(drop=True)
    alive = np.ones(len(raw), dtype=bool)

    def drop(where: NDArray[np.bool_], rule: str, cells: Cells | None, hint: str) -> None:
        gone = np.flatnonzero(where & alive)
        if len(gone):
            alive[gone] = False
            note_aside(stage, rows.findings(gone, cells, rule, hint))

    for cells in laid.values():
        drop(cells.aside, "format", cells, "The mapping sets aside what its pattern lacks.")
    for rule in plan.mapped.rules:
        if isinstance(rule, DuplicateRule):
            repeated = np.zeros(len(raw), dtype=bool)
            repeated[alive] = stage.seen.repeated(raw[alive])
            drop(repeated, rule.name, None, "The row repeats an earlier one cell by cell.")
        elif isinstance(rule, FilterRule):
            first = laid.get(next(iter(rule.when)))
            hint = f"Rule '{rule.name}' of the mapping sets such rows aside."
            drop(holds(rule.when, typed, raw), rule.name, first, hint)
    found = _faults(plan, laid, alive, rows)
    if found is not None:
        note_faults(stage, found)
        alive[found[ROW].to_numpy() - rows.first] = False
    typed = _named(plan, typed, context)  # only now: the mapping's rules speak of ids
    for name in plan.carried:
        typed[RAW + name] = raw[name]
    numbers = rows.first + np.arange(len(raw))
    stage.kept.append(typed.assign(file=rows.file, line=rows.lines, row=numbers)[alive])


def _named(plan: Plan, typed: pd.DataFrame, context: Context) -> pd.DataFrame:
    """The rows with their customers under pseudonyms."""
    personal = [column.name for column, _ in plan.columns if column.kind == "customer"]
    return typed.assign(**{name: context.pseudonyms.column(typed[name]) for name in personal})


def _faults(
    plan: Plan, laid: dict[str, Cells], alive: NDArray[np.bool_], rows: Rows
) -> pd.DataFrame | None:
    """The findings on the rows that the rules left, in the order of the file; None for none."""
    found = []
    for column, _ in plan.columns:
        cells = laid[column.name]
        for number, (rule, hint) in enumerate(cells.faults, start=1):
            where = np.flatnonzero(alive & (cells.fault == number))
            found.append(rows.findings(where, cells, rule, hint))
        if not column.nullable and column.name not in plan.may_lack:
            lacking = np.flatnonzero(alive & (cells.fault == 0) & cells.typed.isna().to_numpy())
            if len(lacking):
                hint = f"'{column.name}' must not be missing; give it, or map a rule for it."
                found.append(rows.findings(lacking, cells, "missing_value", hint))
    if not found:
        return None
    return pd.concat(found, ignore_index=True).sort_values(ROW, kind="stable")


def note_faults(stage: Stage, found: pd.DataFrame) -> None:
    """Add findings to a stage; each row counts once, under its first finding."""
    if len(found):
        stage.bad.append(found)
        _count(stage.at_fault, found.drop_duplicates(["file", ROW]))


def note_aside(stage: Stage, found: pd.DataFrame) -> None:
    """Add rows that a declared rule set aside, one finding each."""
    if len(found):
        stage.aside.append(found)
        _count(stage.set_aside, found)


def _count(counter: Counter[tuple[str, str]], found: pd.DataFrame) -> None:
    counter.update(zip(found["file"], found["rule"], strict=True))
