"""From a workspace to a plan: forecast, costs, lots and resources, allocated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.progress import Progress, silent
from data.tables import LOTS, RESOURCES, USAGE, VARIANTS, Table
from data.workspace import Workspace
from production.allocation.allocate import Allocation, allocate
from production.allocation.lots import lots_of
from production.allocation.quantiles import DemandCurves
from production.allocation.resources import Resources, resources_of
from production.allocation.task import Task
from production.allocation.unmet import CODES
from production.demand.forecast import LEVELS, Forecast
from production.demand.forecasting import open_demand
from production.demand.history import DemandPanel, read_panel
from production.plans.economics import Economics, EconomicsSettings, economics
from production.plans.habit import habit
from production.plans.plan import LINE_COLUMNS, Effect, Plan, PlanResource, identified
from recsys.model import Run

WEEK: Final = np.timedelta64(7, "D")


def make_plan(
    workspace: Workspace,
    *,
    as_of: np.datetime64 | None = None,
    horizon: int = 4,
    capacity: Mapping[str, float] | None = None,
    run: Run | None = None,
    progress: Progress = silent,
    forecast: Forecast | None = None,
    settings: EconomicsSettings | None = None,
) -> Plan:
    """What to make of each active variant over the weeks from `as_of` on.

    Args:
        workspace: its orders; and variants, resources, usage and lots, where it has them.
        as_of: the day up to which everything is known; the last complete week without it.
        horizon: weeks.
        capacity: other capacities by resource id, each over the whole horizon; "units" limits
            the units of all variants together.
        run: seed and threads.
        progress: told of forecast and allocation.
        forecast: demand, where the caller has it already; its origin then holds.
        settings: what to assume of money that the catalogue does not state.

    Raises:
        OutsideData, TooLittleHistory: no forecast can be made as of that day.
        BadDemand, BadResources: the tables or the overrides contradict themselves.
        Infeasible: what is frozen takes more than there is.
    """
    panel = read_panel(workspace)
    if forecast is None:
        origin = panel.origin(as_of)
        source = open_demand(
            workspace, [origin], panel=panel, horizon=horizon, run=run, progress=progress
        )
        forecast = source.forecast(origin)
    progress("plan", 0, 1)
    decided = task_of(
        workspace,
        panel,
        forecast,
        lots=_table(workspace, LOTS),
        capacity=capacity or {},
        settings=settings,
    )
    task, shared = decided.task, decided.task.resources
    answer = allocate(task)
    lines = _lines(decided, answer, forecast)
    lines = lines.assign(**_planner(task, _recent(panel, forecast, task.variants)))
    progress("plan", 1, 1)
    return identified(
        Plan(
            plan_id="",
            as_of=forecast.origin.astype("datetime64[D]"),
            horizon=forecast.weekly.shape[1],
            method=forecast.method,
            lines=lines[list(LINE_COLUMNS)],
            resources=_used(shared, answer),
            expected_cost=answer.expected_cost,
            bound=answer.bound,
            gap=answer.gap,
            status=answer.status,
            assumptions=(*decided.economics.assumptions, *decided.notes),
            effects=_effects(forecast),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An allocation's task with what it was made from.

    Attributes:
        task: what to decide on.
        economics: prices and costs.
        styles: (V,) the style of each variant.
        sellable: (V,) bool, not discontinued at the origin.
        notes: sentences on the resources.
    """

    task: Task
    economics: Economics
    styles: NDArray[np.object_]
    sellable: NDArray[np.bool_]
    notes: tuple[str, ...]


def task_of(
    workspace: Workspace,
    panel: DemandPanel,
    forecast: Forecast,
    *,
    lots: pd.DataFrame,
    capacity: Mapping[str, float],
    settings: EconomicsSettings | None = None,
) -> Decision:
    """The allocation that a forecast and the workspace's tables pose.

    Args:
        workspace: its variants, resources and usage, where it has them.
        panel: its demand, for the prices paid.
        forecast: demand; its variants are planned, and those with units already released.
        lots: the lots table.
        capacity: other capacities, over the whole horizon.
        settings: what to assume of money.

    Raises:
        BadDemand, BadResources: the tables or the overrides contradict themselves.
    """
    catalogue = _table(workspace, VARIANTS)
    variants = _planned(forecast, lots)
    sellable = ~_discontinued(variants, catalogue, forecast.origin)
    styles = _styles(variants, catalogue)
    money = economics(variants, catalogue, _paid(panel, forecast.origin), settings)
    shared, notes = _resources(workspace, variants, styles, forecast, capacity)
    allowed = lots_of(variants, lots)
    # none may be made of a discontinued variant, unless it is already released
    most = np.where(sellable | allowed.frozen, np.inf, 0.0)
    task = Task(
        variants=variants,
        curves=_curves(forecast, variants),
        underage=money.underage,
        overage=money.overage,
        lots=allowed.capped(most),
        resources=shared,
    )
    return Decision(
        task=task, economics=money, styles=styles, sellable=sellable, notes=tuple(notes)
    )


def _table(workspace: Workspace, table: Table) -> pd.DataFrame:
    """The table, or an empty one of its columns."""
    if workspace.has(table):
        return workspace.read(table)
    return pd.DataFrame(columns=list(table.names))


def _planned(forecast: Forecast, lots: pd.DataFrame) -> NDArray[np.object_]:
    """The forecast's variants, and those with units already released."""
    planned = set(forecast.variants)
    if "frozen" in lots:
        planned |= set(lots.loc[lots["frozen"] > 0, "variant_id"])
    return np.array(sorted(planned), dtype=object)


def _curves(forecast: Forecast, variants: NDArray[np.object_]) -> DemandCurves:
    """Demand of the planned variants: none for a variant without a forecast."""
    place = pd.Index(forecast.variants).get_indexer(pd.Index(variants))
    quantiles = np.vstack((forecast.quantiles, np.zeros((1, forecast.quantiles.shape[1]))))
    return DemandCurves.from_quantiles(LEVELS, quantiles[place], variants)


def _styles(variants: NDArray[np.object_], catalogue: pd.DataFrame) -> NDArray[np.object_]:
    """(V,) each variant's style; its own id where the catalogue does not know it."""
    known = catalogue.drop_duplicates("variant_id").set_index("variant_id")["style_id"]
    style = known.reindex(variants).to_numpy(dtype=object)
    return np.where(pd.isna(style), variants, style).astype(object)


def _discontinued(
    variants: NDArray[np.object_], catalogue: pd.DataFrame, origin: np.datetime64
) -> NDArray[np.bool_]:
    if "discontinued_at" not in catalogue:
        return np.zeros(len(variants), dtype=bool)
    gone = catalogue.loc[catalogue["discontinued_at"] <= origin, "variant_id"]
    return np.isin(variants, gone.to_numpy(dtype=object))


def _paid(panel: DemandPanel, origin: np.datetime64) -> pd.Series:
    """Mean price last paid before the origin, by variant id."""
    week = panel.week(origin) - 1
    return pd.Series(panel.price[:, week], index=panel.variants)


def _recent(
    panel: DemandPanel, forecast: Forecast, variants: NDArray[np.object_]
) -> NDArray[np.float64]:
    """(V,) units sold in as many weeks before the origin as the forecast has."""
    week = panel.week(forecast.origin)
    start = max(0, week - forecast.weekly.shape[1])
    sold = pd.Series(panel.units[:, start:week].sum(axis=1), index=panel.variants)
    return sold.reindex(variants, fill_value=0.0).to_numpy(dtype=np.float64)


def _resources(
    workspace: Workspace,
    variants: NDArray[np.object_],
    styles: NDArray[np.object_],
    forecast: Forecast,
    capacity: Mapping[str, float],
) -> tuple[Resources, list[str]]:
    """The workspace's resources under the overrides, and what to say about them."""
    shared, notes = Resources.none(len(variants)), []
    if workspace.has(RESOURCES):
        weeks = forecast.origin + np.arange(forecast.weekly.shape[1]) * WEEK
        usage = _table(workspace, USAGE)
        shared = resources_of(variants, styles, weeks, workspace.read(RESOURCES), usage)
    shared = shared.override(capacity)
    if not shared.ids:
        notes.append("No resource is known: nothing but demand and cost limits the plan.")
    for name, amount in sorted(capacity.items()):
        notes.append(f"The capacity of '{name}' is set to {amount:g} for this plan.")
    return shared, notes


def _lines(decided: Decision, answer: Allocation, forecast: Forecast) -> pd.DataFrame:
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
            "underage_cost": money.underage,
            "overage_cost": money.overage,
            "short_of": [reason.resource for reason in answer.reasons],
            "reason_code": codes,
            "reason": told,
        }
    )


def _planner(task: Task, recent: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """What a planner would make of the recent units today, and what that would leave."""
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


def _used(shared: Resources, answer: Allocation) -> tuple[PlanResource, ...]:
    rows = zip(
        shared.ids,
        shared.units,
        shared.capacity.tolist(),
        answer.used.tolist(),
        answer.shadow_prices.tolist(),
        strict=True,
    )
    return tuple(
        PlanResource(resource_id=name, unit=unit, capacity=there, used=taken, shadow_price=price)
        for name, unit, there, taken, price in rows
    )
