"""Checks that need more than one row: keys that stand twice, and ids that no table knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from data.cleaning.finish import at_rows
from data.cleaning.staging import Plan


def repeated_keys(plan: Plan, frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Findings on rows of a keyed table whose key stands on an earlier row."""
    keys = [name for name in plan.table.key if name in frame]
    if not keys:
        return []
    repeated = frame.duplicated(keys).to_numpy()
    hint = f"A row before this one has the same {' and '.join(keys)}; keep one of them."
    return [at_rows(plan, frame, repeated, (keys[0], "repeated_key", hint))]


def unknown_ids(
    plan: Plan, frame: pd.DataFrame, known: Mapping[str, pd.Index]
) -> list[pd.DataFrame]:
    """Findings on rows that name a variant, style or resource nobody knows.

    Args:
        plan: how the rows were laid.
        frame: staged rows.
        known: the known ids of each id column; a column that is absent is not checked.
    """
    found = []
    for column, ids in known.items():
        if column not in frame or (plan.table.name, column) in DEFINES:
            continue
        stranger = (frame[column].notna() & ~frame[column].isin(ids)).to_numpy()
        called = column.removesuffix("_id")
        hint = f"No {called} of that id is known; import it first, or with this file."
        found.append(at_rows(plan, frame, stranger, (column, f"unknown_{called}", hint)))
    return found


DEFINES = frozenset(
    {("variants", "variant_id"), ("variants", "style_id"), ("resources", "resource_id")}
)
"""The columns in which ids become known."""


def unclear_usage(plan: Plan, frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Findings on usage rows that name not exactly one of variant, style and option."""
    targets = [name for name in ("variant_id", "style_id", "option") if name in frame]
    named = np.zeros(len(frame), dtype=np.int64)
    for target in targets:
        named += frame[target].notna().to_numpy()
    wrong = named != 1
    if "region" in frame:
        wrong &= ~((named == 0) & frame["region"].notna().to_numpy())
    hint = "A usage row names one variant, one style or one option, or else a region."
    return [at_rows(plan, frame, wrong, ("", "usage_target", hint))]


def known_ids(
    fresh: Sequence[tuple[str, pd.DataFrame]], held: Mapping[str, pd.DataFrame]
) -> dict[str, pd.Index]:
    """The ids that the tables make known, by column.

    Variants and styles are known by the catalogue; where there is none, they are not checked.
    """

    def gathered(table: str, column: str) -> pd.Index:
        tables = [frame for name, frame in (*fresh, *held.items()) if name == table]
        parts = [frame[column] for frame in tables if column in frame]
        return pd.Index(pd.concat(parts).dropna().unique()) if parts else pd.Index([])

    known = {"resource_id": gathered("resources", "resource_id")}
    if "variants" in held or any(name == "variants" for name, _ in fresh):
        known["variant_id"] = gathered("variants", "variant_id")
        known["style_id"] = gathered("variants", "style_id")
    return known
