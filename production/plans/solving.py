"""The answer to a decision: as a whole, or by week and region where the tables ask for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import LOTS, ORDERS, RESOURCES, USAGE
from data.workspace import Workspace
from production.allocation.allocate import allocate
from production.allocation.resources import resources_of
from production.allocation.usage import regions_named
from production.demand.by_group import ToSplit, region_shares
from production.demand.forecast import Forecast
from production.demand.periods import WEEK
from production.plans.answer import Answer, answered
from production.plans.by_region import ELSEWHERE, Regions, gathered, split_task
from production.plans.by_week import answered_by_week, plan_weeks, take_weeks, weeks_of
from production.plans.decision import Decision, table_of
from production.plans.economics import EconomicsSettings


def solve(
    workspace: Workspace,
    decided: Decision,
    forecast: Forecast,
    *,
    capacity: Mapping[str, float],
    taken: pd.DataFrame,
    settings: EconomicsSettings | None = None,
    by_week: bool | None = None,
) -> Answer:
    """What to make of each variant.

    Args:
        workspace: its orders, resources, usage and lots.
        decided: the decision, with what is held in it.
        forecast: demand, and when it is expected.
        capacity: other capacities, over the whole horizon.
        taken: what custom orders have taken, see `production.allocation.taken`.
        settings: what waiting and holding cost.
        by_week: whether to plan weeks; None where lead times or uneven capacities ask for it.

    Raises:
        BadResources: the tables contradict themselves.
        Infeasible: what is held takes more than there is.
    """
    settings = settings or EconomicsSettings()
    task, money = decided.task, decided.economics
    starts = forecast.origin + np.arange(forecast.weekly.shape[1]) * WEEK
    resources, usage = table_of(workspace, RESOURCES), table_of(workspace, USAGE)
    weeks = weeks_of(
        task,
        starts,
        profile=pd.DataFrame(forecast.weekly, index=pd.Index(forecast.variants)),
        lots=table_of(workspace, LOTS),
        resources=resources,
        capacity=capacity,
        taken=taken,
    )
    regions = _regions(workspace, decided, forecast, regions_named(usage))
    if regions is not None:
        rows = regions.rows
        shared = resources_of(
            task.variants[rows], decided.styles[rows], starts, resources, usage,
            regions=regions.of_rows,
        ).override(capacity).less(taken)  # fmt: skip
        task = split_task(task, regions, shared)
        weeks, money = take_weeks(weeks, rows), money.take(rows)
    if weeks.matter if by_week is None else by_week:
        answer = answered_by_week(plan_weeks(task, weeks, money, settings), weeks)
    else:
        answer = answered(allocate(task))
    if regions is None:
        return answer
    return gathered(answer, task, regions, decided.task.variants)


def _regions(
    workspace: Workspace, decided: Decision, forecast: Forecast, names: tuple[str, ...]
) -> Regions | None:
    """Shares of the regions that usage names; None where it names none."""
    if not names:
        return None
    variants: NDArray[np.object_] = decided.task.variants
    split = ToSplit(
        variants=variants,
        style=decided.styles,
        mean=decided.task.curves.mean(),
        origin=forecast.origin,
    )
    share = region_shares(split, workspace.read(ORDERS), names)
    return Regions(names=(*names, ELSEWHERE), share=share)
