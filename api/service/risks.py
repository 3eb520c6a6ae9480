"""Plans' risk behind the service: one is simulated at a time, the last answer is kept."""

from __future__ import annotations

import threading
from typing import Final

from api.errors import Busy, Invalid
from api.risk import risk_of
from api.settings import Settings
from data.workspace import Workspace
from production.plans.risk import PlanRisk
from production.plans.saved import load_plan

MOST_WAITING: Final = 4
"""Requests that may wait for the one being answered; each holds one of the planner's threads."""

MOST_CELLS: Final = 20_000_000
"""Scenarios times variants that a request may ask for: some seconds."""


class Risks:
    """Simulates saved plans; safe to share between threads."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._simulating = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_WAITING + 1)
        self._last: PlanRisk | None = None

    def of(self, plan_id: str, *, scenarios: int, level: float) -> PlanRisk:
        """A saved plan in drawn demand.

        Raises:
            UnknownPlan: no plan has that id.
            UnknownForecast: the forecast that it was made from is not kept.
            Invalid: so many scenarios of so many variants take too long for a request.
            Busy: too many requests are waiting.
        """
        if not self._places.acquire(blocking=False):
            raise Busy(
                "Plans are being simulated, and no more can wait.",
                where="plans",
                fix="Try again later.",
            )
        try:
            with self._simulating:
                return self._simulated(plan_id, scenarios, level)
        finally:
            self._places.release()

    def _simulated(self, plan_id: str, scenarios: int, level: float) -> PlanRisk:
        last = self._last
        if last and (last.plan_id, last.scenarios, last.level) == (plan_id, scenarios, level):
            return last
        plan = load_plan(self._workspace, plan_id)
        room = MOST_CELLS // max(len(plan.lines), 1)
        if scenarios > room:
            raise Invalid(
                f"{scenarios:,} scenarios of {len(plan.lines):,} variants take too long.",
                where="query.scenarios",
                fix=f"Ask for at most {room:,}, or use 'atelier plan risk'.",
            )
        self._last = risk_of(
            self._workspace, self._settings, plan, scenarios=scenarios, level=level
        )
        return self._last
