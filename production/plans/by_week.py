"""A plan by week: when to begin what, where weeks differ in capacity or making takes weeks.

Demand up to the end of a week is the part of the horizon's that the forecast expects by then
(`production.allocation.thinning`); at the end of the horizon it is the forecast's own. A unit that
is owed at the end of a week, or in stock, costs a share of what it costs to miss it, or to make it
(`EconomicsSettings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.allocation.resources import capacity_by_week
from production.allocation.task import Task
from production.allocation.thinning import thinned
from production.allocation.weekly.allocate import WeeklyAllocation, allocate_weeks
from production.allocation.weekly.task import WeeklyTask
from production.plans.answer import Answer
from production.plans.economics import Economics, EconomicsSettings

Floats = NDArray[np.float64]

LEAST: Final = 1e-6
"""Money a unit that waiting and holding cost at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weeks:
    """What a plan by week needs beyond the task of its horizon.

    Attributes:
        starts: (H,) Mondays.
        lead: (V,) whole weeks from the start of making to the sale.
        profile: (V, H) expected units by week.
        capacity: (R, H) of each resource of the task in each week, less what is taken.
        uneven: whether the tables have more of a resource in one week than in another.
    """

    starts: NDArray[np.datetime64]
    lead: NDArray[np.int64]
    profile: Floats
    capacity: Floats
    uneven: bool

    @property
    def matter(self) -> bool:
        """Whether any making takes weeks, or any resource is scarcer in one week than another."""
        return bool(self.lead.any() or self.uneven)


def weeks_of(
    task: Task,
    starts: NDArray[np.datetime64],
    *,
    profile: pd.DataFrame,
    lots: pd.DataFrame,
    resources: pd.DataFrame,
    capacity: Mapping[str, float],
    taken: pd.DataFrame,
) -> Weeks:
    """Lead times, the forecast's weeks and each week's capacity.

    Args:
        task: the horizon's, with its resources.
        starts: (H,) Mondays.
        profile: expected units by variant id and week; variants without a row sell evenly.
        lots: the lots table.
        resources: the resources table.
        capacity: other capacities over the whole horizon; they fall on the weeks as those of the
            table do, or evenly.
        taken: what custom orders have taken, see `production.allocation.taken`.

    Raises:
        BadResources: as of `production.allocation.resources.resources_of`.
    """
    count = len(starts)
    lead = pd.Series(dtype=float)
    if "lead_time_weeks" in lots:
        lead = lots.set_index("variant_id")["lead_time_weeks"].astype(float)
    stated = capacity_by_week(starts, resources) if len(resources) else pd.DataFrame()
    by_week = np.empty((len(task.resources.ids), count))
    for row, name in enumerate(task.resources.ids):
        own = stated.loc[name].to_numpy() if name in stated.index else np.zeros(count)
        total = own.sum()
        if name in capacity or name not in stated.index:
            total = task.resources.capacity[row] + taken.loc[taken.index == name].to_numpy().sum()
        part = own / own.sum() if own.sum() > 0 else np.full(count, 1 / count)
        by_week[row] = part * total
    uneven = bool(by_week.size) and bool((np.ptp(by_week, axis=1) > 0).any())
    gone = taken.reindex(pd.Index(task.resources.ids)).fillna(0.0).to_numpy(dtype=np.float64)
    units = profile.reindex(pd.Index(task.variants)).to_numpy(dtype=np.float64)
    units = np.where(np.isnan(units) | (units.sum(axis=1, keepdims=True) <= 0), 1.0, units)
    # what is released is being made already
    weeks = lead.reindex(pd.Index(task.variants)).fillna(0).to_numpy(dtype=np.int64)
    return Weeks(
        starts=starts,
        lead=np.where(task.lots.zero, weeks, 0),
        profile=units,
        capacity=np.maximum(by_week - gone, 0.0),
        uneven=uneven,
    )


def plan_weeks(
    task: Task, weeks: Weeks, money: Economics, settings: EconomicsSettings
) -> WeeklyAllocation:
    """The cheapest weeks in which to begin what.

    Raises:
        Infeasible: what must be made fits into no weeks.
    """
    return allocate_weeks(_task(task, weeks, money, settings))


def _task(task: Task, weeks: Weeks, money: Economics, settings: EconomicsSettings) -> WeeklyTask:
    share = np.cumsum(weeks.profile, axis=1) / weeks.profile.sum(axis=1, keepdims=True)
    share[:, -1] = 1.0
    count = share.shape[1]
    # a price of nothing would leave the week's stock to chance
    waiting = np.maximum(settings.waiting_share * task.underage, LEAST)
    holding = np.maximum(settings.holding_share * money.unit_cost, LEAST)
    last = np.maximum(task.underage + task.overage, LEAST)
    return WeeklyTask(
        variants=task.variants,
        curves=tuple(thinned(task.curves, share[:, week]) for week in range(count)),
        underage=np.column_stack((*[waiting] * (count - 1), task.underage)),
        overage=np.column_stack((*[holding] * (count - 1), last - task.underage)),
        lots=task.lots,
        lead=weeks.lead,
        resources=task.resources,
        capacity=weeks.capacity,
        dearest=np.repeat(task.resources.dearest[:, None], count, axis=1),
    )


def answered_by_week(found: WeeklyAllocation, weeks: Weeks) -> Answer:
    """The answer that a plan by week gives, with its weeks."""
    task = found.task
    below, shortage = task.curves[-1].expected(found.supply[:, -1])
    mean = task.curves[-1].mean()
    return Answer(
        quantity=found.quantity,
        wanted=found.wanted,
        expected_shortage=shortage,
        expected_leftover=np.maximum(found.supply[:, -1] - mean + shortage, 0.0),
        stockout_probability=1.0 - below,
        reasons=found.reasons,
        capacity=task.capacity.sum(axis=1),
        used=found.used.sum(axis=1),
        shadow_prices=found.shadow_prices.max(axis=1, initial=0.0),
        bought=found.bought.sum(axis=1),
        expected_cost=found.expected_cost,
        bound=found.bound,
        status=found.status,
        schedule=_schedule(found, weeks),
        resource_weeks=_resource_weeks(found, weeks),
    )


def _schedule(found: WeeklyAllocation, weeks: Weeks) -> pd.DataFrame:
    """A row a variant and week in which something happens: see `plan.TABLES`."""
    task = found.task
    count = task.weeks
    waiting = np.column_stack(
        [curves.shortage(found.supply[:, week]) for week, curves in enumerate(task.curves)]
    )
    demand = np.diff(np.column_stack([one.mean() for one in task.curves]), axis=1, prepend=0.0)
    stock = np.maximum(found.supply - np.cumsum(demand, axis=1) + waiting, 0.0)
    arrives = np.diff(found.supply, axis=1, prepend=task.lots.on_hand[:, None])
    return pd.DataFrame(
        {
            "variant_id": np.repeat(task.variants, count),
            "week": np.tile(weeks.starts.astype("datetime64[D]").astype(str), len(task.variants)),
            "begin": found.begun.ravel().astype(np.int64),
            "comes_in": arrives.ravel().astype(np.int64),
            "mean": demand.ravel(),
            "expected_stock": stock.ravel(),
            "expected_waiting": waiting.ravel(),
        }
    )


def _resource_weeks(found: WeeklyAllocation, weeks: Weeks) -> pd.DataFrame:
    """A row a resource and week: see `plan.TABLES`."""
    task = found.task
    return pd.DataFrame(
        {
            "resource_id": np.repeat(np.array(task.resources.ids, dtype=object), task.weeks),
            "week": np.tile(
                weeks.starts.astype("datetime64[D]").astype(str), len(task.resources.ids)
            ),
            "capacity": task.capacity.ravel(),
            "used": found.used.ravel(),
            "shadow_price": found.shadow_prices.ravel(),
            "bought": found.bought.ravel(),
        }
    )


def take_weeks(weeks: Weeks, rows: NDArray[np.intp]) -> Weeks:
    """The weeks of some variants; one may be taken more than once."""
    return replace(weeks, lead=weeks.lead[rows], profile=weeks.profile[rows])
