"""`atelier import`: lay foreign files onto the workspace's tables."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption

if TYPE_CHECKING:
    from data.quality import QualityReport


def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="CSV, Parquet or Excel.")],
    *,
    mapping: Annotated[
        str,
        typer.Option(
            "--mapping",
            "-m",
            metavar="NAME|FILE.toml",
            help="A shipped mapping, or a file of yours.",
        ),
    ],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Set bad rows aside instead of refusing the files.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Lay files onto the workspace's tables.

    Without --quarantine one bad row refuses the whole import, and nothing changes.
    """
    from data.importing import import_files as run_import
    from data.mapping import load_mapping

    with console.progress() as progress:
        report = run_import(
            files, load_mapping(mapping), workspace, quarantine=quarantine, progress=progress
        )
    if as_json:
        console.answer(report.to_json())
        return
    show_quality(report)


def show_quality(report: QualityReport) -> None:
    """What became of every row that was read."""
    if report.already:
        console.say("Already imported with this mapping; nothing was changed.")
        return
    if report.passed_over:
        console.say(f"Passed over, since their rows are there: {', '.join(report.passed_over)}")
    console.show(
        "Rows by file and table",
        ("file", "table", "read", "kept", "set aside"),
        [(one.file, one.table, one.read, one.kept, one.read - one.kept) for one in report.tables],
        caption=f"{report.read:,} read = {report.kept:,} kept + "
        f"{report.read - report.kept:,} set aside.",
    )
    rules: Counter[tuple[str, str, str]] = Counter()
    for one in report.tables:
        rules.update({(one.table, rule, "set aside"): n for rule, n in one.set_aside.items()})
        rules.update({(one.table, rule, "changed"): n for rule, n in one.touched.items()})
    if rules:
        console.show(
            "Cleaning rules",
            ("table", "rule", "did", "rows or cells"),
            [(*rule, count) for rule, count in rules.items()],
        )
    console.show("The workspace holds", ("table", "rows"), list(report.held.items()))
    if report.undone:
        lines = "order line" if report.undone == 1 else "order lines"
        console.say(f"Cancelled, wholly or in part: {report.undone:,} {lines} of earlier imports.")
    if report.quarantine is not None:
        console.say(f"Rows set aside are listed in {report.quarantine}")
