"""The information gap over time: what past plans and the last weeks' mix came to, and comes now."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.history import DemandPanel
from production.demand.periods import WEEK
from production.plans.plan import Plan
from production.report.gap import planned_gap
from production.report.kept_plans import KeptPlans

WINDOWS: Final = 12
"""Past windows, each as long as the horizon, that the gap is shown for."""

COLUMNS: Final = (
    "as_of", "plan_id", "demand", "habit_shortage", "habit_leftover", "habit_gap",
    "planner_shortage", "planner_leftover", "planner_gap",
    "plan_shortage", "plan_leftover", "plan_gap", "expected_gap",
)  # fmt: skip
"""Columns of the gap over time.

    as_of                   the first day of the weeks
    plan_id                 the plan kept for them; empty where there is none
    demand                  units that were demanded; missing while the weeks are not over
    habit_*                 what making again the units of as many weeks before would have left,
                            with no limit and no stock: units, and (shortage + leftover) / demand
    plan_*                  what the plan and the stock that it knew left
    planner_*               what the last weeks' mix would have left with the same capacity and
                            stock as the plan: what the plan is to be judged against
    expected_gap            what the plan expected to leave, as a share of the demand it expected
"""

Floats = NDArray[np.float64]


def gap_over_time(plan: Plan, panel: DemandPanel, others: KeptPlans) -> pd.DataFrame:
    """One row a window of weeks, the oldest first, see COLUMNS; ends with the plan's own.

    The weeks that are known when the report is made judge plans of weeks past; weeks that are not
    over yet have the expected gap alone. Where several plans start on a day, the last by id that
    can be read stands for it.
    """
    kept = _kept(plan, others)
    week, horizon = panel.week(plan.as_of), plan.horizon
    ends = range(week, max(week - WINDOWS * horizon, horizon - 1), -horizon)
    grid = {panel.periods[0] + place * WEEK for place in ends}
    rows = [_row(day, kept.get(day), panel, horizon) for day in sorted(grid | set(kept))]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _kept(plan: Plan, others: KeptPlans) -> dict[np.datetime64, Plan]:
    """Kept plans of the same horizon by day, up to this one's; itself for its day."""
    earliest = plan.as_of - WINDOWS * plan.horizon * WEEK
    found: dict[np.datetime64, Plan] = {}
    for one in reversed(others.headings):
        past = one.horizon == plan.horizon and earliest < one.as_of < plan.as_of
        if past and one.as_of not in found:
            read = others.load(one.plan_id)
            if read is not None:
                found[one.as_of] = read
    return found | {plan.as_of.astype("datetime64[D]"): plan}


def _row(
    day: np.datetime64, plan: Plan | None, panel: DemandPanel, horizon: int
) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(COLUMNS, np.nan)
    row |= {"as_of": day, "plan_id": ""}
    place = panel.week(day)
    over = place + horizon <= len(panel.periods)
    demand = panel.units[:, place : place + horizon].sum(axis=1)
    if over:
        row["demand"] = float(demand.sum())
    if over and place >= horizon:
        made = panel.sold[:, place - horizon : place].sum(axis=1)
        row |= _left("habit", made, demand)
    if plan is not None:
        row |= {"plan_id": plan.plan_id, "expected_gap": planned_gap(plan.lines).units}
        if over:
            for which, column in (("plan", "quantity"), ("planner", "planner_quantity")):
                supply = plan.lines.set_index("variant_id")[[column, "on_hand"]].sum(axis=1)
                made = supply.reindex(panel.variants, fill_value=0).to_numpy(dtype=np.float64)
                row |= _left(which, made, demand)
    return row


def _left(which: str, made: Floats, demand: Floats) -> dict[str, object]:
    short = float(np.maximum(demand - made, 0.0).sum())
    over = float(np.maximum(made - demand, 0.0).sum())
    total = float(demand.sum())
    return {
        f"{which}_shortage": short,
        f"{which}_leftover": over,
        f"{which}_gap": (short + over) / total if total else np.nan,
    }
