"""Policies against what came, at past origins and under the same limits.

At each origin all policies decide on the same variants, from what was known then, with the same
resources, lots and no stock (`production.plans.policies`). The demand that followed judges them.
The information gap is (shortage + leftover) / demand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.progress import Progress, silent
from data.tables import LOTS
from data.workspace import Workspace
from production.allocation.task import Task
from production.demand.forecast import DemandHistory, Forecast
from production.demand.forecasters import DEFAULT
from production.demand.forecasting import DemandSource, open_demand
from production.demand.history import DemandPanel
from production.demand.origins import past_origins
from production.demand.periods import refuse_days
from production.demand.reading import read_panel
from production.demand.settings import DemandSettings
from production.plans.decision import task_of
from production.plans.economics import EconomicsSettings
from production.plans.limits import RECENT_WEEKS, Limits
from production.plans.measures import Interval, differences_of, measures_of
from production.plans.policies import ALL, DECIDING, HINDSIGHT, checked
from production.plans.policies.hindsight import hindsight
from production.plans.policies.situation import Situation
from production.plans.prescriptiveness import compared
from recsys.model import Run

Floats = NDArray[np.float64]


class Known(Protocol):
    """What is known at past origins; a `DemandSource` is."""

    @property
    def panel(self) -> DemandPanel:
        """The demand panel, which also has what came."""

    def history(self, origin: np.datetime64) -> DemandHistory:
        """What was known at an origin."""

    def forecast(self, origin: np.datetime64, method: str) -> Forecast:
        """What a demand method says at an origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEvaluation:
    """What the policies came to.

    Attributes:
        horizon: weeks that each decision is for.
        capacity: what limited all policies, in words.
        outcomes: one row a policy, origin and variant: quantity, demand, shortage, leftover
            (units), cost, value (money; value is demand at its price).
        measures: one row a policy and origin, and one a policy for all origins.
        differences: plan less planner, by measure; a negative information gap or cost is the
            plan's gain. Empty where one of the two was not asked for.
        comparisons: one row a policy (`production.plans.prescriptiveness`).
        unplanned: share of the demand that fell on variants which none could plan for.
    """

    horizon: int
    capacity: str
    outcomes: pd.DataFrame
    measures: pd.DataFrame
    differences: dict[str, Interval]
    comparisons: list[dict[str, Any]]
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
            "comparisons": self.comparisons,
            "unplanned_demand": self.unplanned,
        }


def evaluate_plans(
    workspace: Workspace,
    *,
    horizon: int = 4,
    origins: int = 7,
    step: int = 4,
    limits: Limits | None = None,
    policies: Sequence[str] = ALL,
    ratio: float | None = None,
    settings: EconomicsSettings | None = None,
    demand: DemandSettings | None = None,
    source: DemandSource | None = None,
    run: Run | None = None,
    progress: Progress = silent,
) -> PlanEvaluation:
    """What plans would have come to at past origins, against a planner's habit and others.

    Args:
        workspace: its orders; and variants, resources, usage and lots, where it has them.
        horizon: weeks that each decision is for.
        origins: how many decisions; the last one's horizon ends with the last complete week.
        step: weeks from one to the next.
        limits: what limits all policies.
        policies: names of `production.plans.policies.ALL`.
        ratio: where given, a unit left over costs 1 and a unit short so much, for every variant.
        settings: what to assume of money that the catalogue does not state.
        demand: how demand is read.
        source: the workspace, read for these origins and this horizon already; `demand` then
            does not matter.
        run: seed and threads.
        progress: told of preferences and origins.

    Raises:
        UnknownPolicy: no policy has such a name.
        OutsideData, TooLittleHistory: the orders do not reach so many origins.
        BadResources: the tables or capacities contradict themselves.
    """
    names = checked(policies)
    refuse_days(1 if demand is None else demand.per_week)
    panel = read_panel(workspace, demand) if source is None else source.panel
    asked = past_origins(panel, horizon=horizon, origins=origins, step=step)
    source = source or open_demand(
        workspace, asked, panel=panel, horizon=horizon, run=run, progress=progress
    )
    return evaluate_at(
        workspace,
        source,
        asked,
        horizon=horizon,
        limits=limits or Limits(),
        policies=names,
        ratio=ratio,
        settings=settings,
        seed=(run or Run()).seed,
        progress=progress,
    )


def evaluate_at(
    workspace: Workspace,
    source: Known,
    origins: Sequence[np.datetime64],
    *,
    horizon: int,
    limits: Limits,
    policies: Sequence[str],
    progress: Progress,
    ratio: float | None = None,
    settings: EconomicsSettings | None = None,
    seed: int = 0,
) -> PlanEvaluation:
    """Policies at some origins of what is known."""
    panel = source.panel
    parts, missed, total = [], 0.0, 0.0
    for done, origin in enumerate(origins):
        progress("Evaluating plans", done, len(origins))
        forecast = source.forecast(origin, DEFAULT)
        demand = pd.Series(panel.actual(origin, horizon), index=panel.variants)
        known = np.asarray(demand.reindex(forecast.variants), dtype=np.float64)
        missed, total = missed + float(demand.sum() - known.sum()), total + float(demand.sum())
        task, price = _posed(workspace, panel, forecast, limits.capacity, settings)
        if ratio is not None:
            task, price = _at_ratio(task, ratio), np.ones(len(price))
        here = _situation(source, origin, task, limits)
        for name in policies:
            quantity = hindsight(here.task, known) if name == HINDSIGHT else DECIDING[name](here)
            came = _came(here.task, quantity, known).assign(value=price * known)
            parts.append(came.assign(policy=name, origin=str(origin)))
    progress("Evaluating plans", len(origins), len(origins))
    outcomes = pd.concat(parts, ignore_index=True)
    return PlanEvaluation(
        horizon=horizon,
        capacity=limits.in_words(workspace),
        outcomes=outcomes,
        measures=measures_of(outcomes),
        differences=differences_of(outcomes),
        comparisons=compared(outcomes, seed=seed),
        unplanned=missed / total if total else 0.0,
    )


def _posed(
    workspace: Workspace,
    panel: DemandPanel,
    forecast: Forecast,
    capacity: Mapping[str, float],
    settings: EconomicsSettings | None,
) -> tuple[Task, Floats]:
    """The task at an origin, not yet limited, and (V,) prices."""
    lots = workspace.read(LOTS) if workspace.has(LOTS) else pd.DataFrame(columns=LOTS.names)
    # stock and released quantities are those of today, not of the origin
    lots = lots.drop(columns=["on_hand", "frozen"], errors="ignore")
    # all may use the same: none buys overtime
    decided = task_of(
        workspace, panel, forecast, lots=lots, capacity=capacity, settings=settings, overtime=False
    )
    return decided.task, decided.economics.price


def _at_ratio(task: Task, ratio: float) -> Task:
    """The task where a unit left over costs 1 and a unit short so much."""
    ones = np.ones(len(task.variants))
    return replace(task, underage=ratio * ones, overage=ones)


def _situation(source: Known, origin: np.datetime64, task: Task, limits: Limits) -> Situation:
    """What the policies are told at an origin: what lay before it."""
    panel, history = source.panel, source.history(origin)
    week = panel.week(origin)
    sold = panel.sold[:, max(0, week - RECENT_WEEKS) : week].sum(axis=1)
    lately = pd.Series(sold * history.horizon / RECENT_WEEKS, index=panel.variants)
    recent = np.asarray(lately.reindex(task.variants), dtype=np.float64)
    return Situation(
        task=limits.on(task, recent),
        recent=recent,
        history=history,
        forecast=lambda method: source.forecast(origin, method),
    )


def _came(task: Task, quantity: Floats, demand: Floats) -> pd.DataFrame:
    """What became of quantities."""
    shortage, leftover = np.maximum(demand - quantity, 0.0), np.maximum(quantity - demand, 0.0)
    return pd.DataFrame(
        {
            "variant_id": task.variants,
            "quantity": quantity,
            "demand": demand,
            "shortage": shortage,
            "leftover": leftover,
            "cost": task.underage * shortage + task.overage * leftover,
        }
    )
