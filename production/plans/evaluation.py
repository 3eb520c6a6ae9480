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

from data.errors import OutsideData
from data.progress import Progress, silent
from data.tables import LOTS, RESOURCES
from data.workspace import Workspace
from production.allocation.allocate import allocate
from production.allocation.task import Task
from production.demand.forecast import Forecast
from production.demand.forecasting import open_demand
from production.demand.history import DemandPanel, read_panel
from production.plans.habit import habit
from production.plans.planning import WEEK, task_of
from recsys.model import Run

Floats = NDArray[np.float64]

PLAN: Final = "atelier"
PLANNER: Final = "planner"
RECENT_WEEKS: Final = 4
DRAWS: Final = 1000

Forecasts = Callable[[np.datetime64], Forecast]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with the ends of its 95 % bootstrap interval over variants."""

    value: float
    low: float
    high: float


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


def past_origins(
    panel: DemandPanel, *, horizon: int, origins: int, step: int
) -> list[np.datetime64]:
    """The origins, ascending; the last one's horizon ends with the last complete week.

    Raises:
        OutsideData: the weeks do not hold so many.
    """
    last = panel.end - horizon * WEEK
    found = [last - k * step * WEEK for k in reversed(range(origins))]
    first = panel.weeks[0] + RECENT_WEEKS * WEEK
    if found[0] < first:
        most = max(0, int((last - first) / (step * WEEK)) + 1)
        raise OutsideData(
            f"{origins} origins, {step} weeks apart, do not fit into the {len(panel.weeks)} "
            "weeks of orders.",
            where="origins",
            fix=f"Ask for at most {most}, or import more weeks.",
        )
    return found


def evaluate_plans(
    workspace: Workspace,
    *,
    horizon: int = 4,
    origins: int = 7,
    step: int = 4,
    capacity: Mapping[str, float] | None = None,
    share: float = 1.0,
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
        run: seed and threads.
        progress: told of preferences and origins.

    Raises:
        OutsideData, TooLittleHistory: the orders do not reach so many origins.
        BadResources: the tables or capacities contradict themselves.
    """
    panel = read_panel(workspace)
    asked = past_origins(panel, horizon=horizon, origins=origins, step=step)
    source = open_demand(workspace, asked, panel=panel, horizon=horizon, run=run, progress=progress)
    return evaluate_at(
        workspace,
        panel,
        source.forecast,
        asked,
        horizon=horizon,
        capacity=capacity,
        share=share,
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
) -> PlanEvaluation:
    """Both policies at some origins, with forecasts that come from elsewhere."""
    parts, missed, total = [], 0.0, 0.0
    for done, origin in enumerate(origins):
        progress("evaluate plan", done, len(origins))
        forecast = forecasts(origin)
        demand = pd.Series(panel.actual(origin, horizon), index=panel.variants)
        known = np.asarray(demand.reindex(forecast.variants), dtype=np.float64)
        missed, total = missed + float(demand.sum() - known.sum()), total + float(demand.sum())
        parts.append(_decided(workspace, panel, forecast, known, capacity=capacity, share=share))
    progress("evaluate plan", len(origins), len(origins))
    outcomes = pd.concat(parts, ignore_index=True)
    return PlanEvaluation(
        horizon=horizon,
        capacity=_in_words(workspace, capacity, share),
        outcomes=outcomes,
        measures=_measures(outcomes),
        differences=_differences(outcomes),
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
) -> pd.DataFrame:
    """What each policy makes at one origin, and what comes of it."""
    week, horizon = panel.week(forecast.origin), forecast.weekly.shape[1]
    sold = panel.units[:, max(0, week - RECENT_WEEKS) : week].sum(axis=1) * horizon / RECENT_WEEKS
    recent = np.asarray(
        pd.Series(sold, index=panel.variants).reindex(forecast.variants), dtype=np.float64
    )
    lots = workspace.read(LOTS) if workspace.has(LOTS) else pd.DataFrame(columns=LOTS.names)
    # stock and released quantities are those of today, not of the origin
    lots = lots.drop(columns=["on_hand", "frozen"], errors="ignore")
    decided = task_of(workspace, panel, forecast, lots=lots, capacity=capacity or {})
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


def _measures(outcomes: pd.DataFrame) -> pd.DataFrame:
    """By policy and origin, then by policy over all origins."""
    columns = ["quantity", "demand", "shortage", "leftover", "cost", "value"]
    by_origin = outcomes.groupby(["policy", "origin"], as_index=False)[columns].sum()
    overall = outcomes.groupby("policy", as_index=False)[columns].sum().assign(origin="all")
    rows = pd.concat((by_origin, overall), ignore_index=True)
    demand = rows["demand"].where(rows["demand"] > 0)
    return pd.DataFrame(
        {
            "policy": rows["policy"],
            "origin": rows["origin"],
            "units": rows["quantity"],
            "demand": rows["demand"],
            "shortage": rows["shortage"],
            "leftover": rows["leftover"],
            "information_gap": (rows["shortage"] + rows["leftover"]) / demand,
            "shortage_part": rows["shortage"] / demand,
            "leftover_part": rows["leftover"] / demand,
            "cost": rows["cost"],
            "information_gap_money": rows["cost"] / rows["value"].where(rows["value"] > 0),
            "cost_per_unit": rows["cost"] / demand,
            "service_level": 1 - rows["shortage"] / demand,
        }
    )


def _differences(outcomes: pd.DataFrame) -> dict[str, Interval]:
    """Plan less planner over all origins, with percentile intervals over variants.

    A variant is drawn with all its origins, for they are not independent.
    """
    outcomes = outcomes.assign(gap=outcomes["shortage"] + outcomes["leftover"])
    sums = outcomes.pivot_table(
        index="variant_id", columns="policy", values=["gap", "cost", "shortage", "demand"],
        aggfunc="sum",
    )  # fmt: skip
    weights = np.ones((1, len(sums)))
    draws = np.random.default_rng(0).multinomial(
        len(sums), np.full(len(sums), 1 / len(sums)), size=DRAWS
    )
    weights = np.vstack((weights, draws))

    def ratio(measure: str) -> Floats:
        change = (sums[measure, PLAN] - sums[measure, PLANNER]).to_numpy(dtype=np.float64)
        base = weights @ sums["demand", PLAN].to_numpy(dtype=np.float64)
        drawn: Floats = np.divide(weights @ change, base, out=np.zeros(len(base)), where=base > 0)
        return drawn

    planner = weights @ sums["cost", PLANNER].to_numpy(dtype=np.float64)
    plan = weights @ sums["cost", PLAN].to_numpy(dtype=np.float64)
    drawn = {
        "information_gap": ratio("gap"),
        "cost_per_unit": ratio("cost"),
        "service_level": -ratio("shortage"),
        "cost_relative": np.divide(plan, planner, out=np.ones(len(plan)), where=planner > 0) - 1,
    }
    return {
        name: Interval(
            value=float(values[0]),
            low=float(np.quantile(values[1:], 0.025)),
            high=float(np.quantile(values[1:], 0.975)),
        )
        for name, values in drawn.items()
    }
