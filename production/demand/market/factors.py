"""Market factors at an origin: what every method may learn from and look ahead with.

In this order, each step from what lies before the origin alone: missing values are filled,
columns that say nothing are left out, the future is known, given or forecast
(`production.demand.market.future`), groups of columns become scores, and what does not move with
demand is left out. The calendar is always there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatch

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.market.calendar import calendar
from production.demand.market.columns import Column, Horizon, columns_at
from production.demand.market.components import Scores, learn_components
from production.demand.market.relevance import FEWEST_WEEKS, chances, relevant
from production.demand.market.report import FactorUse
from production.demand.market.settings import MarketSettings
from production.demand.market.table import MarketTable
from production.demand.parts import part_of_regressor
from production.demand.periods import length


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What is known at an origin.

    Attributes:
        past: T rows, calendar and chosen factors, no NaN.
        future: H rows, the same columns.
        report: every factor, chosen or not; the calendar's last.
    """

    past: pd.DataFrame
    future: pd.DataFrame
    report: tuple[FactorUse, ...]


def factors_at(
    table: MarketTable | None,
    *,
    periods: NDArray[np.datetime64],
    horizon: int,
    data_end: np.datetime64,
    settings: MarketSettings,
    scenario: MarketTable | None = None,
    totals: NDArray[np.float64] | None = None,
    groups: tuple[str, ...] = (),
    per_week: int = 1,
    without: frozenset[str] = frozenset(),
) -> Factors:
    """What is known at the origin that follows the last of some periods.

    Args:
        table: the market table, or None.
        periods: (T,) first days of the periods before the origin.
        horizon: periods to come.
        data_end: the first day after the last complete period of orders.
        settings: how factors are prepared.
        scenario: what somebody says of the periods to come, or None.
        totals: (G, T) units by group, that relevance is tested on; untested without.
        groups: G names; a factor that ends with one speaks of that group alone.
        per_week: periods a week.
        without: kinds of factors (parts of a forecast) to leave out.

    Raises:
        LeakedFactor: a scenario of a past horizon is what came.
    """
    ahead = periods[-1] + length(per_week) * np.arange(1, horizon + 1)
    past, future = (calendar(days, settings.country, per_week) for days in (periods, ahead))
    said = [
        FactorUse(name=name, kind=part_of_regressor(name), given=horizon, reason="calendar")
        for name in map(str, past)
    ]
    if table is not None:
        at = Horizon(
            table=table,
            periods=periods,
            ahead=ahead,
            beyond=ahead >= data_end,
            settings=settings,
            scenario=None if scenario is None else scenario.by_period(0),
        )
        columns, left = columns_at(at, set(past.columns))
        columns, scored = _as_scores(columns, settings)
        if settings.select and totals is not None and len(periods) >= FEWEST_WEEKS * per_week:
            columns = _tested(columns, past, totals, groups, per_week)
        else:
            why = "not tested" if settings.select else "all are used, by the settings"
            columns = [_because(column, why) for column in columns]
        for column in columns:
            if column.use.chosen:
                past[column.use.name] = column.past
                future[column.use.name] = column.future
        said = [*(column.use for column in columns), *scored, *left, *said]
    report = [
        replace(use, chosen=False, reason="left out on demand") if use.kind in without else use
        for use in said
    ]
    hidden = [use.name for use in report if use.kind in without and use.name in past]
    return Factors(
        past=past.drop(columns=hidden), future=future.drop(columns=hidden), report=tuple(report)
    )


def _as_scores(
    columns: list[Column], settings: MarketSettings
) -> tuple[list[Column], list[FactorUse]]:
    """Groups of columns replaced by their scores, and what is to be said of the replaced."""
    said: list[FactorUse] = []
    for pattern, count in settings.components.items():
        members = [column for column in columns if fnmatch(column.use.name.lower(), pattern)]
        if len(members) < 2:
            continue
        scores = _scores(members, pattern, count, settings.component_share)
        names = tuple(score.use.name for score in scores)
        said += [
            replace(member.use, scores=names, chosen=False, reason="its scores stand for it")
            for member in members
        ]
        gone = {member.use.name for member in members}
        columns = [column for column in columns if column.use.name not in gone] + scores
    return columns, said


def _scores(members: list[Column], pattern: str, count: Scores, share: float) -> list[Column]:
    past = np.column_stack([member.past for member in members])
    found = learn_components(past, count, share)
    before = found.scores(past)
    after = found.scores(np.column_stack([member.future for member in members]))
    kinds = {member.use.kind for member in members}
    sources = {member.use.future for member in members}
    stem = pattern.strip("*_-. ") or "factors"
    return [
        Column(
            past=before[:, place],
            future=after[:, place],
            use=FactorUse(
                name=f"{stem}_score_{place + 1}",
                kind=kinds.pop() if len(kinds) == 1 else "market",
                filled=sum(member.use.filled for member in members),
                future=next(iter(sources)) if len(sources) == 1 else "forecast",
                given=min(member.use.given for member in members),
                reason=f"score of {len(members)} columns, {explained:.0%} of their variance",
            ),
        )
        for place, explained in enumerate(found.explained)
    ]


def _tested(
    columns: list[Column],
    calendar_past: pd.DataFrame,
    totals: NDArray[np.float64],
    groups: tuple[str, ...],
    per_week: int,
) -> list[Column]:
    """The columns with the verdict on each: whether it moves with demand."""
    if not columns:
        return []
    scope = scope_of([column.use.name for column in columns], groups)
    past = np.column_stack([column.past for column in columns])
    chance = chances(past, totals, calendar_past.to_numpy(float), scope, per_week)
    judged = []
    for column, kept, luck in zip(columns, relevant(chance), chance, strict=True):
        verdict = _because(column, f"{'moves' if kept else 'does not move'} with demand")
        use = replace(verdict.use, chosen=bool(kept), chance=float(luck))
        judged.append(replace(verdict, use=use))
    return judged


def _because(column: Column, why: str) -> Column:
    use = column.use
    reason = f"{use.reason}; {why}" if use.reason else why
    return replace(column, use=replace(use, reason=reason))


def scope_of(names: list[str], groups: tuple[str, ...]) -> NDArray[np.bool_]:
    """(G, C) which groups a factor speaks of: the one that its name ends with, else all."""
    lower = [name.lower() for name in names]
    ends = np.array(
        [[name.endswith(f"_{group.lower()}") for name in lower] for group in groups], dtype=bool
    ).reshape(len(groups), len(names))
    return np.where(ends.any(axis=0), ends, True)  # noqa: FBT003  # an array value
