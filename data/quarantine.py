"""The quarantine file: every row that an import set aside, where it stands, and why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from data.cleaning.staging import ROW, Stage
from data.findings import FINDING_COLUMNS

FORMULA = r"^(?=[=+\-@\t\r])(?![+-]?[0-9.]+$)"
"""What a spreadsheet would run: a leading = + - @, unless the text is a plain number."""


def quarantined(stages: Iterable[tuple[str, Stage]]) -> pd.DataFrame:
    """One line for each row set aside: FINDING_COLUMNS and the table, by file and line."""
    parts = []
    for table, stage in stages:
        at_fault = [frame.drop_duplicates(["file", ROW]) for frame in stage.bad]
        parts += [frame.assign(table=table) for frame in (*stage.aside, *at_fault)]
    if not parts:
        return pd.DataFrame(columns=[*FINDING_COLUMNS, "table"])
    listed = pd.concat(parts, ignore_index=True)
    listed = listed.sort_values(["file", "line", "table"], kind="stable")
    return listed[[*FINDING_COLUMNS, "table"]].reset_index(drop=True)


def write_quarantine(folder: Path, digest: str, listed: pd.DataFrame) -> Path | None:
    """Write the rows set aside to `quarantine/<digest>.csv`; its path in the folder.

    Texts that a spreadsheet would take for a formula get a leading apostrophe.
    """
    if listed.empty:
        return None
    path = Path("quarantine") / f"{digest}.csv"
    (folder / path.parent).mkdir(exist_ok=True)
    safe = {
        name: listed[name].str.replace(FORMULA, "'", regex=True)
        for name in ("file", "column", "value")
    }
    listed.assign(**safe).to_csv(folder / path, index=False, lineterminator="\n")
    return path
