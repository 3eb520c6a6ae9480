"""Plans and their reports behind the service: one is made at a time, the last report is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import numpy as np

from api.errors import Busy, NotReady
from api.output import to_json
from api.service.schemas import PlanRequest
from api.settings import Settings
from api.work import plan_and_save
from data.workspace import Workspace
from production.plans.plan import Plan
from production.plans.saved import latest_plan, load_plan
from production.report import Report, build_report, render_csv, render_html, render_json

MOST_WAITING: Final = 4
"""Plan requests that may wait for the one being made; each holds a thread of the pool."""

WRITERS: Final[dict[str, Callable[[Report], str]]] = {
    "application/json": lambda report: to_json(render_json(report)),
    "text/csv": render_csv,
    "text/html": render_html,
}
"""How a report is written, by media type; the first is preferred where all are welcome."""


class Plans:
    """Makes, keeps and reports plans; safe to share between threads."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._making = threading.Lock()
        self._reporting = threading.Lock()
        self._report: Report | None = None
        self._texts: dict[str, str] = {}
        self._places = threading.BoundedSemaphore(MOST_WAITING + 1)

    def make(self, request: PlanRequest) -> Plan:
        """Make and save a plan.

        Raises:
            Busy: too many plans are waiting.
            ProductionError, DataError: no plan can be made of what is asked.
        """
        if not self._places.acquire(blocking=False):
            raise Busy(
                "Plans are being made, and no more can wait.", where="plans", fix="Try again later."
            )
        try:
            with self._making:
                return plan_and_save(
                    self._workspace,
                    self._asked(request),
                    as_of=None if request.as_of is None else np.datetime64(request.as_of, "us"),
                    capacity=request.capacity,
                    by_week=request.weekly,
                    overtime=request.overtime,
                )
        finally:
            self._places.release()

    def _asked(self, request: PlanRequest) -> Settings:
        """The settings, with what the request says over them."""
        given = {"weight": request.risk_weight, "level": request.risk_level}
        said = {name: value for name, value in given.items() if value is not None}
        return self._settings.model_copy(
            update={
                "horizon": request.horizon or self._settings.horizon,
                "risk": self._settings.risk.model_copy(update=said),
            }
        )

    def get(self, plan_id: str) -> Plan:
        """A saved plan; UnknownPlan where there is none of that id."""
        return load_plan(self._workspace, plan_id)

    def report(self, plan_id: str | None, media_type: str) -> str:
        """The report of a plan, of the latest without an id, as JSON, CSV or HTML text.

        What was written of the last plan asked for is kept: a plan never changes, and the page of
        thousands of variants takes seconds to draw.

        Raises:
            UnknownPlan: no plan has that id.
            NotReady: there is no plan yet.
        """
        plan = self.latest() if plan_id is None else self.get(plan_id)
        with self._reporting:
            if self._report is None or self._report.plan.plan_id != plan.plan_id:
                self._report, self._texts = build_report(self._workspace, plan), {}
            if media_type not in self._texts:
                self._texts[media_type] = WRITERS[media_type](self._report)
            return self._texts[media_type]

    def check_readable(self) -> str | None:
        """The id of the latest plan, once it has been read; None where there is none yet.

        Raises:
            ProductionError: it cannot be read.
        """
        plan = latest_plan(self._workspace)
        return None if plan is None else plan.plan_id

    def latest(self) -> Plan:
        """The plan saved last.

        Raises:
            NotReady: there is none yet.
        """
        plan = latest_plan(self._workspace)
        if plan is None:
            raise NotReady(
                "The workspace has no plan yet.",
                where="plan",
                fix="Make one with 'atelier plan' or POST /v1/plans.",
            )
        return plan
