"""From staged rows to a table: the rules that need all rows, then the table's own types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.cleaning.cancellation import match_cancellations
from data.cleaning.conditions import holds
from data.cleaning.duplicates import already_held, as_guests
from data.cleaning.earlier import Earlier
from data.cleaning.staging import RAW, ROW, Plan, Stage, note_aside, note_faults
from data.cleaning.values import fill_missing, find_outliers
from data.grammar import CancellationRule, DuplicateRule, MissingRule, OutlierRule, Rule
from data.tables import CANCELLED, Column, Kind, Table

DTYPES: dict[Kind, str] = {
    "id": "str",
    "customer": "str",
    "text": "str",
    "category": "str",
    "number": "float64",
    "money": "float64",
    "timestamp": "datetime64[us]",
    "date": "datetime64[us]",
}


def finish(stage: Stage, earlier: Earlier) -> pd.DataFrame:
    """The staged rows that are left after the rules on values, with `file`, `line` and `row`.

    Numbers of integer columns are whole; types are the canonical table's only after `conform`.

    Args:
        stage: the staged rows.
        earlier: the table's rows from earlier imports: rows that repeat them go, and
            cancellations may take units off them.
    """
    frame = pd.concat(stage.kept, ignore_index=True)
    stage.kept.clear()
    frame = _repeated(stage, frame, earlier)
    for rule in stage.plan.mapped.rules:
        if isinstance(rule, MissingRule):
            frame = _missing(stage, frame, rule)
        elif isinstance(rule, OutlierRule):
            frame = _outlier(stage, frame, rule)
        elif isinstance(rule, CancellationRule):
            frame = _cancellation(stage, frame, rule, earlier)
        for column, _ in stage.plan.columns:
            if column.kind == "integer":
                frame[column.name] = frame[column.name].round()
    return set_faults_aside(stage, frame, _without_value(stage.plan, frame))


def _without_value(plan: Plan, frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Findings on rows that no rule could give the values that they need."""
    for column, _ in plan.columns:
        name = column.name
        if not column.nullable and frame[name].hasnans:
            hint = "No value, and no rule could fill it."
            where = frame[name].isna().to_numpy()
            yield at_rows(plan, frame, where, (name, "missing_value", hint))
        if column.nonzero and (frame[name] == 0).any():
            hint = "A rule of the mapping made it zero, which says nothing here; drop such rows."
            yield at_rows(plan, frame, (frame[name] == 0).to_numpy(), (name, "range", hint))


def _repeated(stage: Stage, frame: pd.DataFrame, earlier: Earlier) -> pd.DataFrame:
    """The rows that no earlier import brought; the others are duplicates.

    Only where the mapping has a duplicate rule, and for tables without a key. Columns whose
    values the mapping's rules may change are not compared.
    """
    plan = stage.plan
    rule = next((rule for rule in plan.mapped.rules if isinstance(rule, DuplicateRule)), None)
    if rule is None or plan.table.key or earlier.nothing or frame.empty:
        return frame
    changing = {name for rule in plan.mapped.rules for name in _ruled(rule)}
    columns = [column for column in plan.table.columns if column.name not in changing]
    fresh = _typed(frame, columns)
    held = earlier.brought(list(fresh.columns))
    repeated = already_held(as_guests(fresh, held, plan.table), held)
    return _set_aside(
        stage, frame, repeated, ("", rule.name, "An earlier import brought this row.")
    )


def _ruled(rule: Rule) -> Iterable[str]:
    """The columns whose values a rule may change."""
    if isinstance(rule, MissingRule):
        return rule.columns
    return [rule.column] if isinstance(rule, OutlierRule) else []


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


def _cancellation(
    stage: Stage, frame: pd.DataFrame, rule: CancellationRule, earlier: Earlier
) -> pd.DataFrame:
    """Match cancellations, also with the order lines of earlier imports."""
    raw = pd.DataFrame({name: frame[RAW + name] for name in stage.plan.carried}, index=frame.index)
    old = earlier.lines
    late = np.zeros(len(old), dtype=bool)
    if rule.when.keys() <= set(old.columns):  # what else the file said of them is not known
        late = holds(rule.when, old, old)
    cancels = np.concatenate((late, holds(rule.when, frame, raw)))
    units = frame["quantity"].fillna(0).astype("int64")
    names = ["customer_id", "variant_id", "quantity", "ordered_at"]
    together = pd.concat([old[names], frame.assign(quantity=units)[names]], ignore_index=True)
    result = match_cancellations(together, cancels, pd.Timedelta(rule.within))
    earlier.left = result.quantity[: len(old)]
    gone, reduced = result.gone[len(old) :], result.reduced[len(old) :]
    quantity = result.quantity[len(old) :]
    earlier.note(_typed(frame[gone | reduced], CANCELLED.columns))
    _touch(stage, frame, reduced, rule.name)
    hint = f"Cancelled within {rule.within} of the order; neither demand nor return."
    left = _set_aside(stage, frame, gone, ("quantity", rule.name, hint))
    return left.assign(quantity=pd.Series(quantity[~gone]).where(left["quantity"].notna()))


def conform(frame: pd.DataFrame, table: Table, open_columns: Iterable[Column]) -> pd.DataFrame:
    """A table's columns in canonical order and types, those not given all missing."""
    return _typed(frame, (*table.columns, *open_columns))


def completed(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """A kept table with the canonical columns that it lacks since it is older than they are."""
    lacking = [column for column in table.columns if column.name not in frame]
    return frame if not lacking else frame.join(_typed(frame, lacking))


def _typed(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Some columns in their types, those not given all missing."""
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
