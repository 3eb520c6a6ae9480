"""The market table's columns on their way to an origin: filled, and looked ahead with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.market.filling import DEFAULT, Fill, chosen, filled
from production.demand.market.future import Ahead, forecast, refuse_actuals, rule_of
from production.demand.market.report import FactorUse, Source
from production.demand.market.settings import MarketSettings
from production.demand.market.table import USED_VALUES, MarketTable
from production.demand.parts import part_of_regressor

RARE_PERIODS: Final = 3
"""A column that left its usual value in fewer periods has taught nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A factor on its way: (T,) past and (H,) future, and what is to be said of it."""

    past: NDArray[np.float64]
    future: NDArray[np.float64]
    use: FactorUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """Where the past ends, and what may be looked at beyond."""

    table: MarketTable
    periods: NDArray[np.datetime64]
    ahead: NDArray[np.datetime64]
    beyond: NDArray[np.bool_]
    """(H,) periods that no orders reach: there the table holds a plan or an expectation."""
    settings: MarketSettings
    scenario: pd.DataFrame | None


def columns_at(at: Horizon, taken: set[str]) -> tuple[list[Column], list[FactorUse]]:
    """The market table's columns that say something, and what is to be said of the others.

    A column named like one of `taken` gets another name.
    """
    by_period = at.table.by_period(len(at.periods))
    before = by_period.reindex(pd.Index(at.periods))
    after = by_period.reindex(pd.Index(at.ahead))
    rare = _rare_values(at.table, before)
    columns: list[Column] = []
    left = [_left_out(name, reason) for name, reason in at.table.refused.items()]
    for name, source in zip(at.table.names, at.table.sources, strict=True):
        label = f"{name}_market" if name in taken else name
        if name in rare:
            left.append(_left_out(label, f"not among the {USED_VALUES} most frequent values"))
            continue
        how = chosen(source, at.settings.missing, DEFAULT)
        rule = rule_of(source, at.settings.known_regressors, at.settings.ahead)
        values, reason = _usable(before[name], how, rule)
        if values is None:
            left.append(_left_out(label, reason))
            continue
        gaps = int(before[name].isna().sum())
        use = FactorUse(
            name=label, kind=part_of_regressor(name), filled=gaps, fill=how if gaps else ""
        )
        told = _told(at.scenario, name, source, at.ahead)
        given = after[name].to_numpy(float)
        if rule != "known":
            refuse_actuals(name, told[~at.beyond], given[~at.beyond])
            given = np.where(at.beyond, given, np.nan)
        visible = np.where(np.isfinite(told), told, given)
        columns.append(_looked_ahead(use, values, visible, rule, at.table.per_week))
    return columns, left


def _left_out(name: str, reason: str) -> FactorUse:
    kind = part_of_regressor(name)
    return FactorUse(name=name, kind=kind, future="left out", chosen=False, reason=reason)


def _usable(seen: pd.Series, how: Fill, rule: Ahead) -> tuple[NDArray[np.float64] | None, str]:
    """(T,) a column without gaps; or None, and why it cannot be used."""
    if rule == "leave_out":
        return None, "left out by the settings"
    if not seen.notna().any():
        return None, "no value before the origin"
    whole = filled(seen, how)
    if whole is None:
        return None, f"{int(seen.isna().sum())} periods are missing"
    values = whole.to_numpy(float)
    if len(values) - int(whole.value_counts().iloc[0]) < RARE_PERIODS:
        return None, "it hardly moved"
    return values, ""


def _looked_ahead(
    use: FactorUse,
    past: NDArray[np.float64],
    visible: NDArray[np.float64],
    rule: Ahead,
    per_week: int,
) -> Column:
    """A column with its values to come: what is visible of them, and a forecast of the rest."""
    seen = np.isfinite(visible)
    count = int(seen.sum())
    method: Ahead = "usual" if rule == "known" else rule
    source: Source = "forecast"
    if count:
        source = "known" if rule == "known" else "scenario"
    guess = forecast(past, len(visible), per_week, method)
    use = replace(use, future=source, given=count, rule="" if seen.all() else method)
    return Column(past=past, future=np.where(seen, visible, guess), use=use)


def _told(
    scenario: pd.DataFrame | None, name: str, source: str, ahead: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """(H,) what a scenario says of a column; NaN where it says nothing.

    A text's value that the scenario never names has no share in the periods that it speaks of.
    """
    nothing = np.full(len(ahead), np.nan)
    if scenario is None:
        return nothing
    rows = scenario.reindex(pd.Index(ahead))
    if name in rows:
        found: NDArray[np.float64] = rows[name].to_numpy(float)
        return found
    texts = [other for other in map(str, rows) if other.startswith(f"{source}=")]
    if name == source or not texts:
        return nothing
    return np.where(rows[texts].notna().any(axis=1), 0.0, np.nan)


def _rare_values(table: MarketTable, before: pd.DataFrame) -> set[str]:
    """Values of texts beyond the USED_VALUES that held most before the origin."""
    rare: set[str] = set()
    texts = {
        source: [name for name, other in zip(table.names, table.sources, strict=True)
                 if other == source and name != source]
        for source in dict.fromkeys(table.sources)
    }  # fmt: skip
    for names in texts.values():
        if len(names) > USED_VALUES:
            held = before[names].sum().sort_values(ascending=False, kind="stable")
            rare |= set(map(str, held.index[USED_VALUES:]))
    return rare
