"""Questions about kept plans behind the service: comparisons and what-ifs, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from api.errors import Busy
from api.service.kept_plan_schemas import DiffLine, WhatIfRequest
from data.workspace import Workspace
from production.allocation.allocate import Allocation, allocate
from production.plans.diff import diff, inputs_kept
from production.plans.inputs import PlanInputs
from production.plans.saved import load_plan
from production.plans.what_if import gap_of, notes_on, profit_of, what_if

MOST_WAITING: Final = 4
"""Questions that may wait for the one being answered; each holds one of the planner's threads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A plan as a what-if begins with it.

    Attributes:
        figures: units, profit, gap and cost, see `WhatIf`.
        notes: where that is not the plan as it was kept.
    """

    figures: dict[str, float]
    notes: tuple[str, ...]


class Asking:
    """Answers what takes an allocation or more; safe to share between threads.

    The plan that was asked about last is kept with its allocation, from whose prices the next
    what-if begins.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._answering = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_WAITING + 1)
        self._held: tuple[str, PlanInputs, Allocation, tuple[str, ...]] | None = None

    def what_if(self, plan_id: str, request: WhatIfRequest) -> dict[str, Any]:
        """A plan beside what it would become, as JSON.

        Raises:
            Busy: too many questions wait.
            UnknownPlan, PlanRefused, BareInputs: the plan is not there, or cannot be asked.
            BadChange, BadResources, Infeasible: what is asked cannot be.
        """
        with self._turn():
            inputs, base, notes = self._base(plan_id)
            found = what_if(inputs, request.changes(), base, notes=notes)
        return {"plan_id": plan_id} | found.to_json(request.lines)

    def base(self, plan_id: str) -> Start:
        """A plan as a what-if begins with it.

        Raises:
            Busy: too many questions wait.
            UnknownPlan, PlanRefused, BareInputs: the plan is not there, or cannot be asked.
        """
        with self._turn():
            inputs, base, notes = self._base(plan_id)
        figures = {
            "units": float(base.quantity.sum()),
            "profit": profit_of(base, inputs.money),
            "gap": gap_of(base),
            "cost": base.expected_cost,
        }
        return Start(figures=figures, notes=notes)

    def diff(self, before: str, after: str, lines: int) -> dict[str, Any]:
        """What moved from one plan to another, as JSON.

        Raises:
            Busy: too many questions wait.
            UnknownPlan, PlanRefused, BareInputs: a plan is not there, or cannot be compared.
        """
        with self._turn():
            first, second = (
                load_plan(self._workspace, name, inputs=True) for name in (before, after)
            )
            found = diff(first, second)
        told = found.to_json(lines)
        shown = [{name: row[name] for name in DiffLine.model_fields} for row in told["lines"]]
        return told | {"lines": shown}

    def _base(self, plan_id: str) -> tuple[PlanInputs, Allocation, tuple[str, ...]]:
        if self._held is None or self._held[0] != plan_id:
            plan = load_plan(self._workspace, plan_id, inputs=True)
            inputs = inputs_kept(plan)
            base = allocate(inputs.task)
            self._held = plan_id, inputs, base, notes_on(plan, base)
        return self._held[1:]

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for the question before; Busy where too many wait."""
        if not self._places.acquire(blocking=False):
            raise Busy(
                "Plans are being asked about, and no more can wait.",
                where="plans",
                fix="Try again later.",
            )
        try:
            with self._answering:
                yield
        finally:
            self._places.release()
