"""What one unit of a variant takes of each resource: the usage table as arrays, checked.

A variant's own row for a resource holds before its style's, and that before a row for all variants;
of two such rows the one that names the region holds there. Rows for options belong to custom orders
and do not enter a plan of variants.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.errors import BadResources

Floats = NDArray[np.float64]

TARGETS: Final = ("option", "variant_id", "style_id")
"""What a row may be for, the narrowest first; a row for none of them is for all variants."""


def amounts(
    usage: pd.DataFrame,
    column: str,
    ids: tuple[str, ...],
    *,
    variants: NDArray[np.object_],
    styles: NDArray[np.object_],
    regions: NDArray[np.object_] | None,
) -> Floats:
    """(V, R) amounts of a column, wider rows first and narrower ones over them.

    Args:
        usage: the usage table.
        column: "amount" or "setup_amount".
        ids: (R,) resource ids.
        variants: (V,) ids.
        styles: (V,) the style of each.
        regions: (V,) where the units of each go; without it, rows that name a region are left out.
    """
    matrix = np.zeros((len(variants), len(ids)))
    if column not in usage:
        return matrix
    everything = np.full(len(variants), "", dtype=object)
    for key, owners in (("", everything), ("style_id", styles), ("variant_id", variants)):
        for regional in (False, True) if regions is not None else (False,):
            rows = usage[_states(usage, key, regional=regional) & usage[column].notna()]
            if rows.empty:
                continue
            parts = [rows[key] if key else pd.Series("", index=rows.index)]
            asked = [owners]
            if regional and regions is not None:
                parts, asked = [*parts, rows["region"]], [*asked, regions]
            keys = pd.MultiIndex.from_arrays([part.astype(object) for part in parts])
            names = keys.unique()
            stated = np.full((len(names) + 1, len(ids)), np.nan)
            resource = pd.Index(ids).get_indexer(pd.Index(rows["resource_id"]))
            stated[names.get_indexer(keys), resource] = rows[column]
            # an owner without a row has position -1: the last line, which states nothing
            found = stated[names.get_indexer(pd.MultiIndex.from_arrays(asked))]
            matrix = np.where(np.isnan(found), matrix, found)
    return matrix


def regions_named(usage: pd.DataFrame) -> tuple[str, ...]:
    """The regions that usage of variants names, ascending."""
    if "region" not in usage:
        return ()
    return tuple(sorted(usage.loc[_of_variants(usage), "region"].dropna().astype(str).unique()))


def refuse_usage(usage: pd.DataFrame, ids: tuple[str, ...]) -> None:
    """Refuse usage that cannot be meant.

    Raises:
        BadResources: a negative or missing amount, an unknown resource, or a second row for the
            same key; names row and column.
    """
    for column in ("amount", "setup_amount"):
        if column in usage:
            refuse_numbers(usage, "usage", column, missing=column == "setup_amount")
    unknown = np.flatnonzero(~usage["resource_id"].isin(ids))
    if len(unknown):
        row = int(unknown[0])
        raise BadResources(
            f"Usage of an unknown resource '{usage['resource_id'].iloc[row]}'.",
            where=f"usage, row {row + 1}, column resource_id",
            fix=f"Add it to the resources table, or use one of: {', '.join(ids) or 'none yet'}.",
        )
    keys = [name for name in ("variant_id", "style_id", "region", "resource_id") if name in usage]
    rows = np.flatnonzero(_of_variants(usage))
    twice = np.flatnonzero(usage.iloc[rows].duplicated(keys))
    if len(twice):
        row = int(rows[twice[0]])
        fault = usage.iloc[row]
        key = next(name for name in keys if pd.notna(fault[name]))
        raise BadResources(
            f"A second row says what '{fault[key]!s}' takes of '{fault['resource_id']!s}'.",
            where=f"usage, row {row + 1}, column {key}",
            fix="Keep one row for each.",
        )


def _of_variants(usage: pd.DataFrame) -> NDArray[np.bool_]:
    """(rows,) which rows are not for an option."""
    if "option" not in usage:
        return np.ones(len(usage), dtype=bool)
    return usage["option"].isna().to_numpy(dtype=bool)


def _states(usage: pd.DataFrame, key: str, *, regional: bool) -> NDArray[np.bool_]:
    """(rows,) which rows state a usage by `key`, "" for all variants, and nothing narrower."""
    mask = np.ones(len(usage), dtype=bool)
    if key:
        mask = usage[key].notna().to_numpy(dtype=bool) if key in usage else ~mask
    narrower = TARGETS[: TARGETS.index(key)] if key else TARGETS
    for other in narrower:
        if other in usage:
            mask = mask & usage[other].isna().to_numpy(dtype=bool)
    where = usage["region"].notna().to_numpy(dtype=bool) if "region" in usage else mask & False
    stated: NDArray[np.bool_] = mask & (where == regional)
    return stated


def refuse_numbers(table: pd.DataFrame, name: str, column: str, *, missing: bool = False) -> None:
    """Refuse a column with a number that is negative, infinite or (unless it may be) missing.

    Raises:
        BadResources: names row, column and resource.
    """
    values = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.isinf(values) | (values < 0) | (np.isnan(values) & (not missing))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise BadResources(
            f"'{column}' must be a number that is not negative, and is {values[row]:g}.",
            where=f"{name}, row {row + 1}, column {column}, "
            f"resource '{table['resource_id'].iloc[row]}'",
            fix=f"Correct the {name} table and import it again.",
        )
