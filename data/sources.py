"""A source's files, row by row, onto the tables that it feeds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.cleaning.derive import derive
from data.cleaning.earlier import Earlier
from data.cleaning.finish import finish
from data.cleaning.parse import Context
from data.cleaning.staging import Plan, Rows, Stage, note_faults, stage_rows
from data.errors import SourceError
from data.findings import Finding, finding_frame
from data.grammar import CancellationRule, FilterRule, Lookup, Melt, Source
from data.progress import Progress
from data.reading import Chunk, read_chunks
from data.tables import TABLES

_FILE: Final = "\0file"
_LINE: Final = "\0line"
"""Columns of a lookup's rows that no file can have."""

MOST_CELLS: Final = 1_000_000
"""Cells that are melted at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """What a source's files became.

    Attributes:
        plans: how each table was filled, by table.
        stages: what came of the rows, by table filled row by row.
        frames: the finished rows with `file`, `line` and `row`, by table filled row by row.
        unreadable: findings on files that could not be read at all.
    """

    plans: dict[str, Plan]
    stages: dict[str, Stage]
    frames: dict[str, pd.DataFrame]
    context: Context
    unreadable: tuple[Finding, ...]

    def derived(self) -> dict[str, pd.DataFrame]:
        """The tables grouped from others; asked for once the others are final."""
        return {
            name: derive(self.frames[plan.mapped.group], plan, self.context)
            for name, plan in self.plans.items()
            if plan.mapped.group is not None and plan.mapped.group in self.frames
        }


def lay_source(
    source: Source,
    files: Mapping[str, Path],
    lookups: Sequence[Path],
    context: Context,
    earlier: Mapping[str, Earlier],
    *,
    progress: Progress,
) -> Laid:
    """Read the files of one source and lay their rows onto its tables.

    Args:
        source: the mapping's part for them.
        files: the files, by what findings call them.
        lookups: all imported files, in which lookups are sought.
        context: what holds for all columns.
        earlier: what earlier imports brought, by table; cancellations change it.
        progress: told of the bytes read.
    """
    plans: dict[str, Plan] = {name: _plan(source, name) for name in source.tables}
    direct = {name: plan for name, plan in plans.items() if plan.mapped.group is None}
    stages = {name: Stage(plan) for name, plan in direct.items()}
    unreadable: list[Finding] = []
    try:
        tables = [_lookup_table(lookup, lookups, context) for lookup in source.lookups]
    except SourceError as error:
        return Laid(plans=plans, stages={}, frames={}, context=context, unreadable=error.findings)
    for name, path in files.items():
        try:
            for chunk in read_chunks(path, source.reading, _wanted(source), name):
                progress(f"Reading {name}", chunk.done, chunk.total)
                within = replace(context, iso_times=chunk.iso_times)
                for frame, lines in _reshaped(chunk, source, tables):
                    for stage in stages.values():
                        where = Rows(file=chunk.file, lines=lines, first=stage.read[chunk.file])
                        stage_rows(stage, frame, where, within)
                for stage in stages.values():
                    _note_broken(stage, chunk.faults, chunk.file)
        except SourceError as error:
            unreadable += error.findings
    frames = {name: finish(stage, earlier[name]) for name, stage in stages.items() if stage.kept}
    return Laid(
        plans=plans,
        stages=stages,
        frames=frames,
        context=context,
        unreadable=tuple(unreadable),
    )


def _plan(source: Source, name: str) -> Plan:
    """A table's plan, with the file's columns that derived tables and later rules ask for."""
    mapped = source.tables[name]  # type: ignore[index]  # the name is one of its keys
    carried = [
        column
        for rule in mapped.rules
        if isinstance(rule, CancellationRule)
        for column in rule.when
        if column not in mapped.specs
    ]
    for other in source.tables.values():
        if other.group == name:
            asked = {spec.source[0] for spec in other.specs.values() if spec.source}
            carried += asked - mapped.specs.keys()
    return Plan.of(TABLES[name], mapped, carried)


def _wanted(source: Source) -> list[str]:
    """The columns that a source's files must have."""
    wanted: list[str] = []
    for name, mapped in source.tables.items():
        plan = _plan(source, name)
        if mapped.group is None:
            wanted += [column for spec in mapped.specs.values() for column in spec.source]
            wanted += plan.carried
        for rule in mapped.rules:
            if isinstance(rule, FilterRule | CancellationRule):
                wanted += [column for column in rule.when if column not in mapped.specs]
    made = {column for lookup in source.lookups for column in lookup.take}
    wanted += [column for lookup in source.lookups for column in lookup.on]
    if source.melt is not None:
        made |= {source.melt.name, source.melt.value}
    return [column for column in dict.fromkeys(wanted) if column not in made]


def _note_broken(stage: Stage, faults: Sequence[Finding], file: str) -> None:
    """Count the rows that could not be taken apart, and note why."""
    if faults:
        first = stage.read[file]
        stage.read[file] += len(faults)
        note_faults(stage, finding_frame(faults).assign(row=np.arange(len(faults)) + first))


def _reshaped(
    chunk: Chunk, source: Source, tables: Sequence[pd.DataFrame]
) -> Iterator[tuple[pd.DataFrame, NDArray[np.int64]]]:
    """A chunk's rows after melt and lookups with their lines, at most MOST_CELLS at a time."""
    rows = len(chunk.frame)
    step = rows or 1
    if source.melt is not None:
        step = max(1, MOST_CELLS // max(1, chunk.frame.shape[1]))
    for start in range(0, max(rows, 1), step):
        frame = chunk.frame.iloc[start : start + step].reset_index(drop=True)
        lines = chunk.lines[start : start + step]
        if source.melt is not None:
            frame, lines = _melted(frame, lines, source.melt)
        for lookup, table in zip(source.lookups, tables, strict=True):
            frame = frame.merge(table, on=list(lookup.on), how="left")
            frame[list(lookup.take)] = frame[list(lookup.take)].fillna("")
        yield frame, lines


def _melted(
    frame: pd.DataFrame, lines: NDArray[np.int64], melt: Melt
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Wide columns as rows, in the file's order, without the cells that say nothing."""
    seek = re.compile(melt.columns).search
    wide = [name for name in frame.columns if seek(name)]
    rows = np.repeat(np.arange(len(frame)), len(wide))
    cells = frame[wide].to_numpy(dtype=object).ravel()
    kept = ~pd.Series(cells).isin(melt.skip).to_numpy()
    long = frame.drop(columns=wide).iloc[rows[kept]].reset_index(drop=True)
    names = np.tile(np.asarray(wide, dtype=object), len(frame))[kept]
    long[melt.name] = pd.Series(names, dtype="str")
    long[melt.value] = pd.Series(cells[kept], dtype="str")
    return long, lines[rows[kept]]


def _lookup_table(lookup: Lookup, files: Sequence[Path], context: Context) -> pd.DataFrame:
    """The columns that a lookup takes, one row a key.

    Raises:
        SourceError: no such file is imported, it cannot be read, or a key stands twice
            with different values.
    """
    matching = [path for path in files if lookup.takes(path.name)]
    if not matching:
        hint = f"The mapping looks columns up in {', '.join(lookup.files)}; import that file too."
        raise SourceError([Finding(lookup.files[0], 0, "", "", "no_file", hint)])
    columns = [*lookup.on, *lookup.take]
    parts = []
    for path in matching:
        for chunk in read_chunks(path, context.reading, columns):
            if chunk.faults:
                raise SourceError(chunk.faults)
            where: dict[str, Any] = {_FILE: chunk.file, _LINE: chunk.lines}
            parts.append(chunk.frame[columns].assign(**where))
    table = pd.concat(parts, ignore_index=True)
    keys = list(lookup.on)
    if table.duplicated(keys).any():
        table = table.drop_duplicates(columns)
        repeated = table.duplicated(keys)
        if repeated.any():
            row = table[repeated].iloc[0]
            hint = "A row before this one has the same key and other values; keep one of them."
            at = (row[_FILE], int(row[_LINE]), " + ".join(keys))
            raise SourceError([Finding(*at, "", "repeated_key", hint)])
    return table[columns]
