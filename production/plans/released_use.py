"""What released plans take of each resource, week by week."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.workspace import Workspace
from production.demand.periods import WEEK
from production.plans.plan import Plan
from production.plans.releases import in_force, list_releases, released_plan


def released_use(workspace: Workspace, weeks: NDArray[np.datetime64]) -> pd.DataFrame:
    """What the released plans in force take of the capacity there is, beyond what they buy.

    A plan that does not plan weeks takes as much in each of its weeks.

    Args:
        workspace: whose releases count.
        weeks: (W,) Mondays.

    Returns:
        One row a resource that a plan takes, one column a week by its place; resource units.

    Raises:
        RecordsRefused: the file of releases is damaged.
        PlanRefused: a released plan is altered or gone.
    """
    places = pd.Index(weeks.astype("datetime64[D]"))
    found = pd.DataFrame(columns=range(len(weeks)), dtype=np.float64)
    for release in in_force(list_releases(workspace)):
        if not release.overlaps(weeks[0].astype("datetime64[D]").item(), len(weeks)):
            continue
        plan = released_plan(workspace, release)
        by_week = _by_week(plan)
        place = places.get_indexer(pd.Index(by_week["week"]))
        inside = by_week[place >= 0].assign(place=place[place >= 0])
        grid = inside.pivot_table(index="resource_id", columns="place", values="use", aggfunc="sum")
        found = found.add(grid, fill_value=0.0)
    return found.reindex(columns=range(len(weeks))).fillna(0.0).sort_index()


def _by_week(plan: Plan) -> pd.DataFrame:
    """resource_id, week and use of a plan."""
    if plan.resource_weeks is not None:
        rows = plan.resource_weeks
        return pd.DataFrame(
            {
                "resource_id": rows["resource_id"],
                "week": rows["week"].to_numpy().astype("datetime64[D]"),
                "use": rows["used"] - rows["bought"],
            }
        )
    starts = (plan.as_of + np.arange(plan.horizon) * WEEK).astype("datetime64[D]")
    return pd.DataFrame(
        {
            "resource_id": np.repeat([one.resource_id for one in plan.resources], plan.horizon),
            "week": np.tile(starts, len(plan.resources)),
            "use": np.repeat(
                [(one.used - one.bought) / plan.horizon for one in plan.resources], plan.horizon
            ),
        }
    )
