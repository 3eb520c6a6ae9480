"""The plan's bonuses as rules take them."""

from __future__ import annotations

import numpy as np

from data.workspace import Workspace
from production.plans.bonuses import bonuses_of
from production.plans.plan import Plan
from production.plans.saved import latest_plan
from recsys.lists.rules import PlanBonus


def plan_bonus(plan: Plan) -> PlanBonus:
    """A plan's bonuses as rules take them."""
    found = bonuses_of(plan)
    return PlanBonus(variants=found.variants, amounts=found.amounts)


def bonus_as_of(workspace: Workspace, as_of: np.datetime64 | None) -> PlanBonus | None:
    """The latest plan's bonuses; None where there is no plan, or it knows what came after a day.

    Args:
        workspace: where plans are kept.
        as_of: the moment up to which everything is known; None for all there is.

    Raises:
        PlanRefused: the plan is altered, incomplete or of another version.
    """
    plan = latest_plan(workspace)
    if plan is None or (as_of is not None and plan.as_of > as_of):
        return None
    return plan_bonus(plan)
