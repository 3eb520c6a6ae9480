"""Import: foreign files onto the workspace's tables, all of it or nothing.

Two kinds of findings are kept apart. What the mapping's rules set aside (duplicates,
cancellations, what is no product) is set aside in either mode. Rows at fault (structure, type,
range, an id nobody knows) refuse a strict import as a whole; with `quarantine` they are set
aside too. Either way every row read is kept or accounted for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as Map
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NoReturn

import pandas as pd

from data.cleaning.checks import known_ids, repeated_keys, unclear_usage, unknown_ids
from data.cleaning.earlier import Earlier
from data.cleaning.finish import completed, conform, set_faults_aside
from data.cleaning.parse import Context
from data.cleaning.staging import Stage
from data.customers import Pseudonyms, new_pseudonyms
from data.errors import ImportRefused, SourceError
from data.failpoints import reach
from data.files import File, look_at, not_imported, records_of
from data.findings import FINDING_COLUMNS, Finding, finding_frame, findings_of
from data.mapping import Mapping
from data.merging import Part, merged_tables
from data.progress import Progress, silent
from data.quality import QualityReport, TableQuality
from data.quarantine import quarantined, write_quarantine
from data.sources import Laid, lay_source
from data.tables import CANCELLED, ORDERS, TABLES
from data.workspace import Workspace, check_free

MOST_FINDINGS: Final = 1_000
"""Findings that a refused import lists; it always says how many there are."""

MEND: Final = "Mend them in the file or in the mapping."
MEND_OR_SET_ASIDE: Final = (
    "Mend them in the file or in the mapping, or import with --quarantine to set such rows aside."
)


def import_files(
    files: Sequence[Path],
    mapping: Mapping,
    workspace: Path,
    *,
    quarantine: bool = False,
    progress: Progress = silent,
) -> QualityReport:
    """Import files into a workspace, made if there is none.

    New rows are added to the tables; rows of keyed tables replace those of the same key. A file
    that was imported before with the same mapping is passed over.

    Args:
        files: CSV (also in gzip), Parquet or Excel files.
        mapping: how they are laid onto the tables.
        workspace: the workspace's folder.
        quarantine: set rows at fault aside, rather than refuse the import.
        progress: told of the bytes read.

    Raises:
        ImportRefused: files or rows are at fault; nothing was changed.
        MappingError: the mapping does not fit the files.
        WorkspaceError: the folder is no workspace, is being changed, or cannot be written.
    """
    exists = (workspace / "workspace.json").exists()
    if not exists:
        check_free(workspace)
        return _import(files, mapping, workspace, None, quarantine=quarantine, progress=progress)
    opened = Workspace.open(workspace)
    with opened.locked():
        return _import(files, mapping, workspace, opened, quarantine=quarantine, progress=progress)


def _import(
    files: Sequence[Path],
    mapping: Mapping,
    root: Path,
    workspace: Workspace | None,
    *,
    quarantine: bool,
    progress: Progress,
) -> QualityReport:
    """`import_files` on a workspace that is locked, or not there yet."""
    try:
        given = look_at(files)
    except SourceError as error:
        _refuse_with(finding_frame(error.findings), fix=MEND)
    records = workspace.imports() if workspace else []
    fresh = not_imported(given, mapping, records)
    passed = tuple(str(path) for path in files if path not in {file.path for file in fresh})
    if not fresh:
        return QualityReport(digest=mapping.digest, files=(), passed_over=passed)
    held = _held(workspace)
    earlier = _earlier(workspace, held)
    pseudonyms = workspace.pseudonyms() if workspace else new_pseudonyms()
    laid = _lay(fresh, given, mapping, earlier, pseudonyms=pseudonyms, progress=progress)
    orders = earlier["orders"]
    if "orders" in held:
        held["orders"] = orders.lines[orders.left != 0]
    parts = _check(laid, held)
    if not quarantine:
        _refuse(laid)
    progress("Merging", 0, 1)
    tables = merged_tables(parts, held)
    digest = hashlib.sha256("".join([mapping.digest, *(f.digest for f in fresh)]).encode())
    report = replace(
        _report(laid, {**held, **tables}, digest.hexdigest(), fresh),
        passed_over=passed,
        undone=int(orders.undone.sum()),
    )
    listed = quarantined((pair for one in laid for pair in one.stages.items()), orders)
    orders.note(orders.rows[orders.undone])
    if len(orders.cancelled):
        tables["cancelled"] = conform(orders.cancelled, CANCELLED, ())
    building = nullcontext(workspace) if workspace else Workspace.building(root, pseudonyms)
    with building as target:
        written = write_quarantine(target.root, report.digest, listed)
        reach("quarantine-written")
        target.swap(tables, imports=[*records, *records_of(fresh, mapping, report.digest)])
    progress("Merging", 1, 1)
    return replace(report, quarantine=root / written if written else None)


def _held(workspace: Workspace | None) -> dict[str, pd.DataFrame]:
    """The tables that are there."""
    if workspace is None:
        return {}
    return {
        name: completed(workspace.read(table), table)
        for name, table in TABLES.items()
        if workspace.has(table)
    }


def _earlier(workspace: Workspace | None, held: Map[str, pd.DataFrame]) -> dict[str, Earlier]:
    """What earlier imports brought, by table."""
    earlier = {
        name: Earlier(held[name] if name in held else conform(pd.DataFrame(), table, ()))
        for name, table in TABLES.items()
    }
    if workspace is not None and workspace.has(CANCELLED):
        earlier[ORDERS.name].note(completed(workspace.read(CANCELLED), CANCELLED))
    return earlier


def _lay(
    fresh: Sequence[File],
    given: Sequence[File],
    mapping: Mapping,
    earlier: Map[str, Earlier],
    *,
    pseudonyms: Pseudonyms,
    progress: Progress,
) -> list[Laid]:
    """Every source's files, laid onto its tables.

    Raises:
        ImportRefused: files cannot be read, or no source takes them.
    """
    soon = pd.Timestamp(datetime.now(UTC).replace(tzinfo=None)) + pd.Timedelta(days=1)
    sought = [lookup for source in mapping.sources for lookup in source.lookups]
    globs = ", ".join(glob for source in mapping.sources for glob in source.files)
    hint = f"No source of the mapping takes a file of this name; they take {globs}."
    homeless = [
        Finding(file.name, 0, "", "", "no_source", hint)
        for file in fresh
        if not any(source.takes(file.path.name) for source in mapping.sources)
        and not any(lookup.takes(file.path.name) for lookup in sought)
    ]
    laid = []
    for source in mapping.sources:
        taken = {file.name: file.path for file in fresh if source.takes(file.path.name)}
        if taken:
            context = Context(
                reading=source.reading,
                timezone=mapping.timezone,
                latest=soon,
                pseudonyms=pseudonyms,
            )
            lookups = [file.path for file in given]
            laid.append(lay_source(source, taken, lookups, context, earlier, progress=progress))
    unreadable = homeless + [finding for one in laid for finding in one.unreadable]
    if unreadable:
        _refuse_with(finding_frame(unreadable), fix=MEND)
    return laid


def _check(laid: Sequence[Laid], held: Map[str, pd.DataFrame]) -> dict[str, list[Part]]:
    """The checks that need whole tables; rows at fault leave the frames.

    Returns:
        The new rows by table, derived ones before those that a file gives.
    """
    for one in laid:
        for name, frame in one.frames.items():
            plan = one.plans[name]
            found = repeated_keys(plan, frame)
            if name == "usage":
                found += unclear_usage(plan, frame)
            one.frames[name] = set_faults_aside(one.stages[name], frame, found)
    parts: dict[str, list[Part]] = {}
    for one in laid:
        for name, frame in one.derived().items():
            parts.setdefault(name, []).append(Part(one.plans[name], frame))
    given = [(name, frame) for one in laid for name, frame in one.frames.items()]
    given += [(name, part.frame) for name, some in parts.items() for part in some]
    known = known_ids(given, held)
    for one in laid:
        for name, frame in one.frames.items():
            stage, plan = one.stages[name], one.plans[name]
            good = set_faults_aside(stage, frame, unknown_ids(plan, frame, known))
            one.frames[name] = good
            parts.setdefault(name, []).append(Part(plan, good))
    return parts


def _refuse(laid: Sequence[Laid]) -> None:
    """Refuse a strict import that found rows at fault."""
    found = [frame for one in laid for stage in one.stages.values() for frame in stage.bad]
    if found:
        _refuse_with(pd.concat(found, ignore_index=True), fix=MEND_OR_SET_ASIDE)


def _refuse_with(found: pd.DataFrame, *, fix: str) -> NoReturn:
    listed = found[list(FINDING_COLUMNS)].drop_duplicates()
    listed = listed.sort_values(["file", "line"], kind="stable")
    raise ImportRefused(findings_of(listed.head(MOST_FINDINGS)), total=len(listed), fix=fix)


def _report(
    laid: Sequence[Laid], tables: Map[str, pd.DataFrame], digest: str, files: Sequence[File]
) -> QualityReport:
    """What became of every row."""
    counts = [
        _count(name, stage, one.frames.get(name), file)
        for one in laid
        for name, stage in one.stages.items()
        for file in stage.read
    ]
    derived = {name for one in laid for name in one.plans.keys() - one.stages.keys()}
    return QualityReport(
        digest=digest,
        files=tuple(file.name for file in files),
        tables=tuple(counts),
        derived={name: len(tables[name]) for name in derived},
        held={name: len(table) for name, table in tables.items()},
    )


def _count(name: str, stage: Stage, frame: pd.DataFrame | None, file: str) -> TableQuality:
    """What became of one file's rows on one table."""
    gone = stage.set_aside + stage.at_fault
    return TableQuality(
        file=file,
        table=name,
        read=stage.read[file],
        kept=0 if frame is None else int((frame["file"] == file).sum()),
        set_aside={rule: count for (of, rule), count in sorted(gone.items()) if of == file},
        touched={rule: count for (of, rule), count in sorted(stage.touched.items()) if of == file},
    )
