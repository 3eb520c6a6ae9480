"""Derived tables: one row for each group of another table's rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.cleaning.columns import lay
from data.cleaning.parse import Context
from data.cleaning.staging import RAW, Plan
from data.errors import MappingError
from data.grammar import Pick, Spec
from data.tables import Column


def derive(parent: pd.DataFrame, plan: Plan, context: Context) -> pd.DataFrame:
    """Group a finished table by one of its columns.

    Args:
        parent: the kept rows of the table grouped, with carried columns.
        plan: the derived table and how it is filled.
        context: what holds for all columns.

    Returns:
        The derived table's columns, ascending by the grouping column.

    Raises:
        MappingError: a value that the mapping cannot make of what it is derived from.
    """
    by = plan.mapped.by or ""
    codes, keys = pd.factorize(parent[by], sort=True)
    derived = {by: pd.Series(keys, dtype="str")}
    for column, spec in plan.columns:
        name = spec.source[0] if spec.source else ""
        if spec.constant is not None or spec.pick is None:
            one_each = pd.DataFrame({by: keys}, dtype="str")
            derived[column.name] = _laid(one_each, spec, column, context)
            continue
        values = parent[name] if name in parent else parent[RAW + name]
        if pd.api.types.is_string_dtype(values.dtype):
            values = _laid(pd.DataFrame({name: values}), spec, column, context)
        elif column.kind == "date":
            values = values.dt.normalize()
        derived[column.name] = _picked(values, codes, len(keys), spec.pick)
    return pd.DataFrame(derived)


def _laid(frame: pd.DataFrame, spec: Spec, column: Column, context: Context) -> pd.Series:
    """One column, every value of which must come out right."""
    cells = lay(frame.reset_index(drop=True), spec, column, context)
    wrong = cells.fault > 0
    if not column.nullable:
        wrong |= cells.typed.isna().to_numpy()
    if wrong.any():
        at = int(np.argmax(wrong))
        fault = cells.fault[at]
        hint = cells.faults[fault - 1][1] if fault else "Nothing is left of it."
        raise MappingError(
            f"'{column.name}' cannot be derived from {cells.raw.iloc[at]!r}: {hint}",
            where=f"derived column '{column.name}'",
            fix="Set 'otherwise' on it, or filter such rows.",
        )
    return cells.typed


def _picked(values: pd.Series, codes: NDArray[np.intp], groups: int, pick: Pick) -> pd.Series:
    """(groups,) one value of each group; missing where the group has none."""
    values = values.reset_index(drop=True)
    if pick == "most common":
        counted = values.to_frame("value").assign(group=codes).dropna()
        sizes = counted.groupby(["group", "value"]).size().rename("count").reset_index()
        sizes = sizes.sort_values(["group", "count", "value"], ascending=[True, False, True])
        picked = sizes.drop_duplicates("group").set_index("group")["value"]
    else:
        names = {"smallest": "min", "largest": "max"}
        picked = values.groupby(codes).agg(names.get(pick, pick))
    return picked.reindex(range(groups)).reset_index(drop=True)
