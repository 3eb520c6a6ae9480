"""From staged rows to a table: the rules that need all rows, then the table's own types."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.cleaning.cancellation import match_cancellations
from data.cleaning.conditions import holds
from data.cleaning.staging import RAW, ROW, Plan, Stage, note_aside, note_faults
from data.cleaning.values import fill_missing, find_outliers
from data.grammar import CancellationRule, MissingRule, OutlierRule
from data.tables import Column, Kind, Table

DTYPES: dict[Kind, str] = {
    "id": "str",
    "text": "str",
    "category": "str",
    "number": "float64",
    "money": "float64",
    "timestamp": "datetime64[us]",
    "date": "datetime64[us]",
}


def finish(stage: Stage) -> pd.DataFrame:
    """The staged rows that are left after the rules on values, with `file`, `line` and `row`.

    Numbers of integer columns are whole; types are the canonical table's only after `conform`.
    """
    frame = pd.concat(stage.kept, ignore_index=True)
    stage.kept.clear()
    for rule in stage.plan.mapped.rules:
        if isinstance(rule, MissingRule):
            frame = _missing(stage, frame, rule)
        elif isinstance(rule, OutlierRule):
            frame = _outlier(stage, frame, rule)
        elif isinstance(rule, CancellationRule):
            frame = _cancellation(stage, frame, rule)
    for column, _ in stage.plan.columns:
        if column.kind == "integer":
            frame[column.name] = frame[column.name].round()
    hint = "No value, and no rule could fill it."
    needed = [column.name for column, _ in stage.plan.columns if not column.nullable]
    lacking = [
        at_rows(stage.plan, frame, frame[name].isna().to_numpy(), (name, "missing_value", hint))
        for name in needed
        if frame[name].hasnans
    ]
    return set_faults_aside(stage, frame, lacking)


def at_rows(
    plan: Plan, frame: pd.DataFrame, where: NDArray[np.bool_], finding: tuple[str, str, str]
) -> pd.DataFrame:
    """Findings on rows of a staged frame, the values as they are now.

    Args:
        plan: how the frame was filled.
        frame: the staged frame.
        where: (rows,) the rows.
        finding: the canonical column (or none), the rule and the hint.
    """
    column, rule, hint = finding
    rows = frame.loc[where, ["file", "line", ROW]].reset_index(drop=True)
    value = _shown(frame.loc[where, column]).to_numpy() if column in frame else ""
    rows = rows.assign(column=plan.origin(column), value=value, rule=rule, hint=hint)
    return rows[["file", "line", "column", "value", "rule", "hint", ROW]]


def _shown(values: pd.Series) -> pd.Series:
    """Values as a file would have them."""
    if pd.api.types.is_float_dtype(values.dtype) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype("str").fillna("")


def set_faults_aside(
    stage: Stage, frame: pd.DataFrame, found: Iterable[pd.DataFrame]
) -> pd.DataFrame:
    """Note findings on a staged frame; the rows without one."""
    findings = [one for one in found if len(one)]
    if not findings:
        return frame
    together = pd.concat(findings, ignore_index=True)
    note_faults(stage, together)
    places = pd.MultiIndex.from_frame(together[["file", ROW]])
    faulty = pd.MultiIndex.from_frame(frame[["file", ROW]]).isin(places)
    return frame[~faulty].reset_index(drop=True)


def _set_aside(
    stage: Stage, frame: pd.DataFrame, where: NDArray[np.bool_], finding: tuple[str, str, str]
) -> pd.DataFrame:
    """The rows that are left, the others noted with a finding's (column, rule, hint)."""
    note_aside(stage, at_rows(stage.plan, frame, where, finding))
    return frame[~where].reset_index(drop=True)


def _touch(stage: Stage, frame: pd.DataFrame, where: NDArray[np.bool_], rule: str) -> None:
    stage.touched.update((file, rule) for file in frame.loc[where, "file"])


def _missing(stage: Stage, frame: pd.DataFrame, rule: MissingRule) -> pd.DataFrame:
    times = [
        column.name for column in stage.plan.table.columns if column.kind in {"timestamp", "date"}
    ]
    time = next((name for name in times if name in frame), None)
    before = frame[list(rule.columns)].isna()
    drop = fill_missing(frame, rule, time)
    filled = before & frame[list(rule.columns)].notna()
    for name in rule.columns:
        _touch(stage, frame, filled[name].to_numpy(), rule.name)
    hint = "The mapping drops rows that lack a value here."
    lacking = next((name for name, policy in rule.columns.items() if policy == "drop"), "")
    return _set_aside(stage, frame, drop, (lacking, rule.name, hint))


def _outlier(stage: Stage, frame: pd.DataFrame, rule: OutlierRule) -> pd.DataFrame:
    far, clipped = find_outliers(frame, rule)
    if rule.then == "set aside":
        hint = f"More than {rule.limit:g} robust deviations from the median."
        return _set_aside(stage, frame, far, (rule.column, rule.name, hint))
    _touch(stage, frame, far, rule.name)
    frame[rule.column] = (
        frame[rule.column].mask(far) if rule.then == "missing" else pd.Series(clipped)
    )
    return frame


def _cancellation(stage: Stage, frame: pd.DataFrame, rule: CancellationRule) -> pd.DataFrame:
    raw = pd.DataFrame({name: frame[RAW + name] for name in stage.plan.carried}, index=frame.index)
    cancels = holds(rule.when, frame, raw)
    result = match_cancellations(frame, cancels, pd.Timedelta(rule.within))
    _touch(stage, frame, result.reduced, rule.name)
    hint = f"Cancelled within {rule.within} of the order; neither demand nor return."
    left = _set_aside(stage, frame, result.gone, ("quantity", rule.name, hint))
    return left.assign(quantity=result.quantity[~result.gone])


def conform(frame: pd.DataFrame, table: Table, open_columns: Iterable[Column]) -> pd.DataFrame:
    """A table's columns in canonical order and types, those not given all missing."""
    columns = (*table.columns, *open_columns)
    given = {
        column.name: frame[column.name]
        if column.name in frame
        else pd.Series(None, index=frame.index, dtype="object")
        for column in columns
    }
    dtypes = {column.name: dtype_of(column) for column in columns}
    return pd.DataFrame(given, index=frame.index).astype(dtypes)


def dtype_of(column: Column) -> str:
    """The dtype of a column in memory."""
    if column.kind == "integer":
        return "Int64" if column.nullable else "int64"
    return DTYPES[column.kind]
