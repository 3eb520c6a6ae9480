"""Plans against what came: the plan and a planner's habit, at past origins, under one capacity.

At each origin both decide on the same variants, from what was known then, with the same
resources, lots and no stock: the plan by forecast and allocation, the planner by making what
sold in the last four weeks, scaled down where capacity is short. The demand that followed
judges both. The information gap is (shortage + leftover) / demand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.progress import Progress, silent
from data.tables import LOTS, RESOURCES
from data.workspace import Workspace
from production.allocation.allocate import allocate
from production.allocation.task import Task
from production.demand.forecast import Forecast
from production.demand.forecasting import DemandSource, open_demand
from production.demand.history import DemandPanel
from production.demand.origins import past_origins
from production.demand.periods import refuse_days
from production.demand.reading import read_panel
from production.demand.settings import DemandSettings
from production.plans.decision import task_of
from production.plans.economics import EconomicsSettings
from production.plans.habit import habit
from production.plans.measures import PLAN, PLANNER, Interval, differences_of, measures_of
from recsys.model import Run

Floats = NDArray[np.float64]

RECENT_WEEKS: Final = 4

Forecasts = Callable[[np.datetime64], Forecast]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEvaluation:
    """What the plan and the planner came to.

    Attributes:
        horizon: weeks that each decision is for.
        capacity: what limited both, in words.
        outcomes: one row a policy, origin and variant: quantity, demand, shortage, leftover
            (units), cost, value (money; value is demand at its price).
        measures: one row a policy and origin, and one a policy for all origins.
        differences: plan less planner, by measure; a negative information gap or cost is the
            plan's gain.
        unplanned: share of the demand that fell on variants which neither could plan for.
    """

    horizon: int
    capacity: str
    outcomes: pd.DataFrame
    measures: pd.DataFrame
    differences: dict[str, Interval]
    unplanned: float

    def to_json(self) -> dict[str, Any]:
        """The evaluation for programs."""
        return {
            "horizon": self.horizon,
            "capacity": self.capacity,
            "policies": self.measures.to_dict(orient="records"),
            "difference": {
                name: {"value": found.value, "low": found.low, "high": found.high}
                for name, found in self.differences.items()
            },
            "unplanned_demand": self.unplanned,
        }


def evaluate_plans(
    workspace: Workspace,
    *,
    horizon: int = 4,
    origins: int = 7,
    step: int = 4,
    capacity: Mapping[str, float] | None = None,
    share: float = 1.0,
    settings: EconomicsSettings | None = None,
    demand: DemandSettings | None = None,
    source: DemandSource | None = None,
    run: Run | None = None,
    progress: Progress = silent,
) -> PlanEvaluation:
    """What plans would have come to at past origins, against a planner's habit.

    Args:
        workspace: its orders; and variants, resources, usage and lots, where it has them.
        horizon: weeks that each decision is for.
        origins: how many decisions; the last one's horizon ends with the last complete week.
        step: weeks from one to the next.
        capacity: other capacities by resource id, each over the horizon, for both policies.
            Where there are none and the workspace has no resources, both may make as many
            units as sold in the last RECENT_WEEKS weeks.
        share: the part of every capacity that both may use.
        settings: what to assume of money that the catalogue does not state.
        demand: how demand is read.
        source: the workspace, read for these origins and this horizon already; `demand` then
            does not matter.
        run: seed and threads.
        progress: told of preferences and origins.

    Raises:
        OutsideData, TooLittleHistory: the orders do not reach so many origins.
        BadResources: the tables or capacities contradict themselves.
    """
    refuse_days(1 if demand is None else demand.per_week)
    panel = read_panel(workspace, demand) if source is None else source.panel
    asked = past_origins(panel, horizon=horizon, origins=origins, step=step)
    source = source or open_demand(
        workspace, asked, panel=panel, horizon=horizon, run=run, progress=progress
    )
    return evaluate_at(
        workspace,
        panel,
        source.forecast,
        asked,
        horizon=horizon,
        capacity=capacity,
        share=share,
        settings=settings,
        progress=progress,
    )


def evaluate_at(
    workspace: Workspace,
    panel: DemandPanel,
    forecasts: Forecasts,
    origins: list[np.datetime64],
    *,
    horizon: int,
    capacity: Mapping[str, float] | None,
    share: float,
    progress: Progress,
    settings: EconomicsSettings | None = None,
) -> PlanEvaluation:
    """Both policies at some origins, with forecasts that come from elsewhere."""
    parts, missed, total = [], 0.0, 0.0
    for done, origin in enumerate(origins):
        progress("Evaluating plans", done, len(origins))
        forecast = forecasts(origin)
        demand = pd.Series(panel.actual(origin, horizon), index=panel.variants)
        known = np.asarray(demand.reindex(forecast.variants), dtype=np.float64)
        missed, total = missed + float(demand.sum() - known.sum()), total + float(demand.sum())
        parts.append(
            _decided(
                workspace, panel, forecast, known,
                capacity=capacity, share=share, settings=settings,
            )
        )  # fmt: skip
    progress("Evaluating plans", len(origins), len(origins))
    outcomes = pd.concat(parts, ignore_index=True)
    return PlanEvaluation(
        horizon=horizon,
        capacity=_in_words(workspace, capacity, share),
        outcomes=outcomes,
        measures=measures_of(outcomes),
        differences=differences_of(outcomes),
        unplanned=missed / total if total else 0.0,
    )


def _in_words(workspace: Workspace, capacity: Mapping[str, float] | None, share: float) -> str:
    if capacity:
        told = ", ".join(f"{amount:g} of {name}" for name, amount in sorted(capacity.items()))
    elif workspace.has(RESOURCES):
        told = "the workspace's resources"
    else:
        told = f"as many units as sold in the last {RECENT_WEEKS} weeks"
    return told if share == 1 else f"{share:.0%} of {told}"


def _decided(
    workspace: Workspace,
    panel: DemandPanel,
    forecast: Forecast,
    demand: Floats,
    *,
    capacity: Mapping[str, float] | None,
    share: float,
    settings: EconomicsSettings | None,
) -> pd.DataFrame:
    """What each policy makes at one origin, and what comes of it."""
    week, horizon = panel.week(forecast.origin), forecast.weekly.shape[1]
    sold = panel.sold[:, max(0, week - RECENT_WEEKS) : week].sum(axis=1) * horizon / RECENT_WEEKS
    recent = np.asarray(
        pd.Series(sold, index=panel.variants).reindex(forecast.variants), dtype=np.float64
    )
    lots = workspace.read(LOTS) if workspace.has(LOTS) else pd.DataFrame(columns=LOTS.names)
    # stock and released quantities are those of today, not of the origin
    lots = lots.drop(columns=["on_hand", "frozen"], errors="ignore")
    # both may use the same: neither buys overtime
    decided = task_of(
        workspace, panel, forecast, lots=lots, capacity=capacity or {}, settings=settings,
        overtime=False,
    )  # fmt: skip
    task = _under(decided.task, share, float(recent.sum()))
    made = {PLAN: allocate(task).quantity, PLANNER: habit(task, recent)}
    return pd.concat(
        pd.DataFrame(
            {
                "policy": policy,
                "origin": str(forecast.origin),
                "variant_id": task.variants,
                "quantity": quantity,
                "demand": demand,
                "shortage": np.maximum(demand - quantity, 0.0),
                "leftover": np.maximum(quantity - demand, 0.0),
                "cost": task.underage * np.maximum(demand - quantity, 0.0)
                + task.overage * np.maximum(quantity - demand, 0.0),
                "value": decided.economics.price * demand,
            }
        )
        for policy, quantity in made.items()
    )


def _under(task: Task, share: float, recent: float) -> Task:
    """The task under a share of its capacity; where nothing is limited, of recent units."""
    limited = task.resources
    if not limited.ids:
        limited = limited.with_total_units(recent)
    return replace(task, resources=replace(limited, capacity=limited.capacity * share))
