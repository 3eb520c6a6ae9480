"""From a workspace to a plan: forecast, costs, lots and resources, allocated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.progress import Progress, silent
from data.tables import LOTS, RESOURCES, VARIANTS
from data.workspace import Workspace
from production.allocation.allocate import allocate
from production.allocation.resources import Resources
from production.allocation.taken import nothing_taken, taken_by_week
from production.allocation.task import Task
from production.allocation.unmet import CODES
from production.demand.forecast import Forecast
from production.demand.forecasters import DEFAULT
from production.demand.forecasting import forecast_demand
from production.demand.history import DemandPanel
from production.demand.periods import WEEK, refuse_days
from production.demand.reading import read_panel
from production.demand.saved import forecast_id
from production.demand.settings import DemandSettings
from production.plans.answer import Answer, answered
from production.plans.averse import drawn_for, weigh_tail
from production.plans.decision import Decision, table_of, task_of
from production.plans.economics import EconomicsSettings
from production.plans.habit import habit
from production.plans.held import held_in
from production.plans.inputs import inputs_of
from production.plans.plan import (
    LINE_COLUMNS,
    Effect,
    Plan,
    PlanResource,
    identified,
)
from production.plans.risk_settings import RiskSettings
from production.plans.solving import solve
from recsys.model import Run


def make_plan(
    workspace: Workspace,
    *,
    as_of: np.datetime64 | None = None,
    horizon: int = 4,
    method: str = DEFAULT,
    capacity: Mapping[str, float] | None = None,
    run: Run | None = None,
    progress: Progress = silent,
    forecast: Forecast | None = None,
    settings: EconomicsSettings | None = None,
    demand: DemandSettings | None = None,
    risk: RiskSettings | None = None,
    keep: Callable[[Forecast, DemandPanel], object] | None = None,
    by_week: bool | None = None,
    overtime: bool = True,
    taken: pd.DataFrame | None = None,
) -> Plan:
    """What to make of each active variant over the weeks from `as_of` on.

    Args:
        workspace: its orders; and variants, resources, usage and lots, where it has them.
        as_of: the day up to which everything is known; the last complete week without it.
        horizon: weeks.
        method: which demand method; the default needs a longer history than the simple ones.
        capacity: other capacities by resource id, each over the whole horizon; "units" limits
            the units of all variants together.
        run: seed and threads.
        progress: told of forecast and allocation.
        forecast: demand, where the caller has it already; its origin then holds.
        settings: what to assume of money that the catalogue does not state.
        demand: how demand is read.
        risk: how much the bad tail weighs; the run's seed draws the demand that it is of.
        keep: given the forecast and what it was made from before the plan is made.
        by_week: whether to plan weeks; None where lead times or uneven capacities ask for it.
        overtime: buy more of a resource where the table has a price for it and it pays.
        taken: what custom orders have committed, and the plan cannot use: resource_id, day and
            amount.

    Raises:
        UnknownMethod: no demand method has that name.
        OutsideData, TooLittleHistory: no forecast can be made as of that day.
        BadPeriod: demand is read by day.
        BadDemand, BadResources: the tables or the overrides contradict themselves.
        Infeasible: what is frozen, released or overridden takes more than there is.
        RecordsRefused, PlanRefused: what was overridden or released cannot be read.
    """
    _refuse_overrides(workspace, capacity or {})
    refuse_days(1 if demand is None else demand.per_week)
    panel = read_panel(workspace, demand)
    if forecast is None:
        forecast = forecast_demand(
            workspace,
            as_of=as_of,
            horizon=horizon,
            method=method,
            panel=panel,
            run=run,
            progress=progress,
        )
    if keep is not None:
        keep(forecast, panel)
    progress("Planning", 0, 1)
    weeks = forecast.origin + np.arange(forecast.weekly.shape[1]) * WEEK
    gone = nothing_taken(len(weeks)) if taken is None else taken_by_week(taken, weeks)
    held = held_in(workspace, forecast.origin, forecast.weekly.shape[1])
    decided = task_of(
        workspace,
        panel,
        forecast,
        lots=table_of(workspace, LOTS),
        capacity=capacity or {},
        taken=gone,
        settings=settings,
        also=held.made(),
        # tails are weighed over the horizon as a whole, under the capacity that there is
        overtime=overtime and (risk is None or risk.weight == 0),
    )
    rows = held.of(decided.task.variants)
    inputs = inputs_of(
        decided.task, decided.economics, decided.styles, table_of(workspace, VARIANTS), rows
    )
    free, decided = decided.task, replace(decided, task=held.on(decided.task))
    aversion = None
    if risk is not None and risk.weight > 0:
        progress("Weighing the bad tail", 0, 1)
        drawn = drawn_for(workspace, panel, forecast, risk, seed=(run or Run()).seed)
        averse = weigh_tail(decided, drawn, allocate(decided.task), risk)
        answer, aversion = answered(averse.allocation), averse.aversion
    else:
        answer = solve(
            workspace,
            decided,
            forecast,
            capacity=capacity or {},
            taken=gone,
            settings=settings,
            by_week=by_week,
        )
    recent = _recent(panel, forecast, decided.task.variants)
    progress("Planning", 1, 1)
    plan = _assembled(decided, answer, forecast, _planner(free, recent))
    if aversion is not None:
        plan = replace(plan, assumptions=(*plan.assumptions, str(aversion)), aversion=aversion)
    return identified(replace(plan, lines=_told(plan.lines, rows), inputs=inputs))


def _told(lines: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """The lines, with why some are held."""
    stands = held["code"].notna().to_numpy()
    return lines.assign(
        reason_code=np.where(stands, held["code"], lines["reason_code"]).astype(object),
        reason=np.where(stands, held["reason"], lines["reason"]).astype(object),
    )


def _assembled(
    decided: Decision,
    answer: Answer,
    forecast: Forecast,
    planner: Mapping[str, NDArray[Any]],
) -> Plan:
    """The plan without its id: the answer, what a planner would do today, and what was assumed."""
    lines = _lines(decided, answer, forecast).assign(**planner)
    return Plan(
        plan_id="",
        as_of=forecast.origin.astype("datetime64[D]"),
        horizon=forecast.weekly.shape[1],
        method=forecast.method,
        lines=lines[list(LINE_COLUMNS)],
        resources=_used(decided.task.resources, answer),
        expected_cost=answer.expected_cost,
        bound=answer.bound,
        gap=answer.gap,
        status=answer.status,
        assumptions=(*decided.economics.assumptions, *decided.notes),
        effects=_effects(forecast),
        forecast_id=forecast_id(forecast),
        schedule=answer.schedule,
        resource_weeks=answer.resource_weeks,
        regions=answer.regions,
    )


def _recent(
    panel: DemandPanel, forecast: Forecast, variants: NDArray[np.object_]
) -> NDArray[np.float64]:
    """(V,) units sold in as many weeks before the origin as the forecast has."""
    week = panel.week(forecast.origin)
    start = max(0, week - forecast.weekly.shape[1])
    sold = pd.Series(panel.sold[:, start:week].sum(axis=1), index=panel.variants)
    return sold.reindex(variants, fill_value=0.0).to_numpy(dtype=np.float64)


def _refuse_overrides(workspace: Workspace, capacity: Mapping[str, float]) -> None:
    """Refuse a capacity that makes no sense before the forecast, which takes long."""
    ids = tuple(sorted(set(table_of(workspace, RESOURCES)["resource_id"])))
    names = replace(Resources.none(0), ids=ids, units=ids, capacity=np.zeros(len(ids)))
    names.override(capacity)


def _lines(decided: Decision, answer: Answer, forecast: Forecast) -> pd.DataFrame:
    """A plan's lines, but for the recent units."""
    task, money = decided.task, decided.economics
    mean = pd.Series(forecast.mean, index=forecast.variants)
    quantile = {level: task.curves.inverse(np.full(len(task.variants), level))
                for level in (0.1, 0.5, 0.9)}  # fmt: skip
    codes = [reason.code for reason in answer.reasons]
    told = [str(reason) for reason in answer.reasons]
    for row in np.flatnonzero(~decided.sellable & ~task.lots.frozen):
        codes[row], told[row] = "discontinued", CODES["discontinued"]
    return pd.DataFrame(
        {
            "variant_id": task.variants,
            "style_id": decided.styles,
            "quantity": answer.quantity.astype(np.int64),
            "wanted": answer.wanted.astype(np.int64),
            "on_hand": task.lots.on_hand.astype(np.int64),
            "mean": mean.reindex(task.variants, fill_value=0.0).to_numpy(),
            "p10": quantile[0.1],
            "p50": quantile[0.5],
            "p90": quantile[0.9],
            "expected_shortage": answer.expected_shortage,
            "expected_leftover": answer.expected_leftover,
            "stockout_probability": answer.stockout_probability,
            "price": money.price,
            "unit_cost": money.unit_cost,
            "underage_cost": money.underage,
            "overage_cost": money.overage,
            "resource_cost": task.resources.usage @ answer.shadow_prices,
            "short_of": [reason.resource for reason in answer.reasons],
            "reason_code": codes,
            "reason": told,
        }
    )


def _planner(task: Task, recent: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """What a planner would make of the recent units today, and what that would leave.

    Of a task in which nothing stands yet: what was released would be compared with itself.
    """
    quantity = habit(task, recent)
    position = quantity + task.lots.on_hand
    shortage = task.curves.shortage(position)
    return {
        "recent_units": recent,
        "planner_quantity": quantity.astype(np.int64),
        "planner_shortage": shortage,
        "planner_leftover": np.maximum(position - task.curves.mean() + shortage, 0.0),
    }


def _effects(forecast: Forecast) -> tuple[Effect, ...]:
    """What the demand method learned, the largest effect first."""
    if forecast.effects is None:
        return ()
    table = forecast.effects.sort_values("effect", key=np.abs, ascending=False, kind="stable")
    names = [field.name for field in fields(Effect)]
    rows = table[names].itertuples(index=False, name=None)
    return tuple(Effect(**dict(zip(names, row, strict=True))) for row in rows)


def _used(shared: Resources, answer: Answer) -> tuple[PlanResource, ...]:
    rows = zip(
        shared.ids,
        shared.units,
        answer.capacity.tolist(),
        answer.used.tolist(),
        answer.shadow_prices.tolist(),
        shared.dearest.tolist(),
        answer.bought.tolist(),
        strict=True,
    )
    return tuple(
        PlanResource(
            resource_id=name, unit=unit, capacity=there, used=taken, shadow_price=price,
            extra_unit_cost=extra if np.isfinite(extra) else None, bought=bought,
        )
        for name, unit, there, taken, price, extra, bought in rows
    )  # fmt: skip
