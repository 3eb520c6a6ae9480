"""The quarantine file: every row that an import set aside, where it stands, and why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from data.cleaning.earlier import Earlier
from data.cleaning.staging import ROW, Stage
from data.findings import FINDING_COLUMNS

FORMULA = r"^(?=[=+\-@\t\r])(?![+-]?[0-9.]+$)"
"""What a spreadsheet would run: a leading = + - @, unless the text is a plain number."""


def quarantined(stages: Iterable[tuple[str, Stage]], orders: Earlier) -> pd.DataFrame:
    """One line for each row set aside: FINDING_COLUMNS and the table, by file and line.

    Order lines of earlier imports that were cancelled come first, under no file and line 0.
    """
    parts = []
    for table, stage in stages:
        at_fault = [frame.drop_duplicates(["file", ROW]) for frame in stage.bad]
        parts += [frame.assign(table=table) for frame in (*stage.aside, *at_fault)]
    parts.append(_undone(orders))
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=[*FINDING_COLUMNS, "table"])
    listed = pd.concat(parts, ignore_index=True)
    listed = listed.sort_values(["file", "line", "table"], kind="stable")
    return listed[[*FINDING_COLUMNS, "table"]].reset_index(drop=True)


def _undone(orders: Earlier) -> pd.DataFrame:
    """Order lines of earlier imports that cancellations took units off."""
    lines = orders.rows[orders.undone]
    left = pd.Series(orders.left[orders.undone], index=lines.index)
    return pd.DataFrame(
        {
            "file": "",
            "line": 0,
            "column": "quantity",
            "value": lines["quantity"].astype("str"),
            "rule": "cancellation",
            "hint": "Order " + lines["order_id"] + ", variant " + lines["variant_id"]
            + ", of an earlier import, cancelled by this one; units left: " + left.astype("str"),
            "table": "orders",
        }
    )  # fmt: skip


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
