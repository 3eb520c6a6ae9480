"""The latest plan's bonuses behind the service, swapped as a whole when another plan is made."""

from __future__ import annotations

from api.plan_bonus import plan_bonus
from api.service.request_log import say
from data.errors import AtelierError
from data.kept import latest
from data.workspace import Workspace
from production.plans.saved import load_plan
from recsys.lists.rules import PlanBonus


class PlanBonuses:
    """What the latest plan says of variants; safe to share between threads.

    A request takes one plan's bonuses and no other's. A plan that is refused leaves the one before
    it in place; the refusal is logged once.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._held: tuple[str, PlanBonus | None] = ("", None)

    def latest(self) -> PlanBonus | None:
        """The bonuses of the latest plan that is whole; None where there is none."""
        plan_id, held = latest(self._workspace.root / "plans"), self._held
        if plan_id is None or plan_id == held[0]:
            return held[1]
        try:
            bonus: PlanBonus | None = plan_bonus(load_plan(self._workspace, plan_id))
        except AtelierError as error:
            say("plan refused", plan_id=plan_id, code=error.code, what=error.what)
            bonus = held[1]
        self._held = (plan_id, bonus)
        return bonus
