"""New rows into the tables that are there: added, or put in place of those of the same key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from data.cleaning.finish import conform, dtype_of
from data.cleaning.staging import Plan
from data.errors import MappingError
from data.tables import TABLES, Column, Table


@dataclass(frozen=True, slots=True)
class Part:
    """New rows of one table and how they were made."""

    plan: Plan
    frame: pd.DataFrame

    @property
    def open_columns(self) -> list[Column]:
        """The attributes and regressors that the mapping names."""
        names = set(self.plan.table.names)
        return [column for column, _ in self.plan.columns if column.name not in names]

    def conformed(self) -> pd.DataFrame:
        """The rows in the table's own columns and types."""
        return conform(self.frame, self.plan.table, self.open_columns)


def merge(table: Table, parts: Sequence[Part], held: pd.DataFrame | None) -> pd.DataFrame:
    """A table after new rows are merged into it.

    Keyed tables: the last row of a key counts, but a missing value erases none, and columns
    picked as "smallest" or "largest" are so over all. Rows are in the order of the key, or of
    time and ids.

    Args:
        table: the canonical table.
        parts: its new rows, weightiest last.
        held: the table as it is; None where there is none.

    Raises:
        MappingError: an open column comes with two kinds.
    """
    kinds = _dtypes(table, parts, held)
    frames = [part.conformed() for part in parts]
    if held is not None:
        frames.insert(0, held)
    aligned = [frame.reindex(columns=list(kinds)).astype(kinds) for frame in frames]
    together = pd.concat(aligned, ignore_index=True)
    if table.key:
        keys = list(table.key)
        grouped = together.groupby(keys, dropna=False, sort=True)
        latest = grouped.last()
        for name, pick in _extremes(parts).items():
            latest[name] = grouped[name].agg(pick)
        return latest.reset_index()[list(kinds)].astype(kinds)
    times = [column.name for column in table.columns if column.kind == "timestamp"]
    ids = [column.name for column in table.columns if column.kind in {"id", "customer"}]
    return together.sort_values([*times, *ids], kind="stable", ignore_index=True)


def _dtypes(table: Table, parts: Iterable[Part], held: pd.DataFrame | None) -> dict[str, str]:
    """The dtypes of a table's columns, canonical ones first."""
    kinds = {column.name: dtype_of(column) for column in table.columns}
    if held is not None:
        kinds |= {str(name): str(held[name].dtype) for name in held if name not in kinds}
    for part in parts:
        for column in part.open_columns:
            dtype = dtype_of(column)
            if kinds.setdefault(column.name, dtype) != dtype:
                raise MappingError(
                    f"'{column.name}' is {kinds[column.name]} in the table and {dtype} here.",
                    where=f"table '{table.name}'",
                    fix="Give it the same 'kind', or another name.",
                )
    return kinds


def _extremes(parts: Iterable[Part]) -> dict[str, str]:
    """Columns that keep their smallest or largest value, with the aggregation that does it."""
    names = {"smallest": "min", "largest": "max"}
    return {
        column.name: names[spec.pick]
        for part in parts
        for column, spec in part.plan.columns
        if spec.pick in names
    }


def merged_tables(
    parts: Mapping[str, Sequence[Part]], held: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """All tables that new rows change, after the change."""
    return {name: merge(TABLES[name], some, held.get(name)) for name, some in parts.items()}
