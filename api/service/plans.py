"""Plans and their reports behind the service: one is made at a time, the last report is kept."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from api.errors import Busy, NotReady
from api.formats import VARIANTS, Format
from api.reports import FORMS
from api.service.plan_schemas import PlanRequest
from api.service.stamps import Stamp, Watched
from api.settings import Settings
from api.so_far import SoFar
from api.work import plan_and_save
from data.progress import Progress, silent
from data.workspace import Workspace
from production.plans.plan import Plan
from production.plans.saved import latest_plan, latest_plan_id, load_plan
from production.report import Report, build_report, check_level
from production.report.live import LiveMix
from production.report.sources import sources_of

MOST_WAITING: Final = 4
"""Plan requests that may wait for the one being made; each holds one of the planner's threads."""


class Version(NamedTuple):
    """What the latest plan's report follows from; another version is another report."""

    plan_id: str | None
    sources: Stamp


class Edition(NamedTuple):
    """While it lasts, equal requests for reports have equal answers."""

    version: Version
    built: int
    """How many reports were built."""


class Plans:
    """Makes, keeps and reports plans; safe to share between threads."""

    def __init__(self, workspace: Workspace, settings: Settings, so_far: SoFar) -> None:
        self._workspace = workspace
        self._settings = settings
        self._so_far = so_far
        self._making = threading.Lock()
        self._reporting = threading.Lock()
        self._held: Plan | None = None
        self._report: Report | None = None
        self._reported: tuple[str, str | None, Stamp] | None = None
        self._sources = Watched(sources_of(workspace))
        self._built = 0
        self._written: dict[tuple[Format, str], bytes] = {}
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
                return plan_as_asked(self._workspace, self._settings, request)
        finally:
            self._places.release()

    def get(self, plan_id: str) -> Plan:
        """A saved plan; UnknownPlan where there is none of that id.

        The one asked for last is kept: an id is made from a plan's content, so it never changes.
        """
        held = self._held
        if held is None or held.plan_id != plan_id:
            held = self._held = load_plan(self._workspace, plan_id)
        return held

    def report(
        self,
        plan_id: str | None,
        form: Format,
        *,
        against: str | None = None,
        level: str = VARIANTS,
        live: bool = False,
    ) -> bytes:
        """The report of a plan, of the latest without an id.

        What was written of the last plan asked for is kept until what it was read from changes: the
        page of thousands of variants takes seconds to draw.

        Args:
            plan_id: which plan.
            form: how it is written.
            against: the plan to compare it with; the last one before it without.
            level: what CSV writes; refused in every form where no report has it.
            live: tell of the orders since as well; written anew each time.

        Raises:
            UnknownPlan: no plan has that id.
            BareInputs: the plan to compare with was kept without what it was made from.
            UnknownLevel: the report has no such level.
            UnknownForecast: orders cannot be compared, for the plan's forecast is not kept.
            NotReady: there is no plan yet.
        """
        check_level(level)
        plan = self.latest() if plan_id is None else self.get(plan_id)
        with self._reporting:
            report = self._build(plan, against)
            if live:
                return FORMS[form].write(replace(report, live=self._so_far.of(plan)), level)
            key = (form, level if form is Format.CSV else "")
            if key not in self._written:
                self._written[key] = FORMS[form].write(report, level)
            return self._written[key]

    def built(self, plan: Plan) -> Report:
        """The report of a plan, beside the last one before it."""
        with self._reporting:
            return self._build(plan, None)

    def _build(self, plan: Plan, against: str | None) -> Report:
        # looked at before they are read: what changes meanwhile is seen by the next request
        asked = (plan.plan_id, against, self._sources.stamp())
        if self._report is None or self._reported != asked:
            self._report = build_report(
                self._workspace, plan, demand=self._settings.demand, against=against
            )
            self._built += 1
            self._reported, self._written = asked, {}
        return self._report

    def so_far(self, plan: Plan) -> LiveMix:
        """Orders since a plan was made, see `SoFar.of`."""
        return self._so_far.of(plan)

    def edition(self) -> Edition:
        """What answers follow from, beside what a request says."""
        return Edition(self.version(), self._built)

    def version(self) -> Version:
        """What the latest plan's report follows from, without reading any of it."""
        return Version(self.latest_id(), self._sources.stamp())

    def latest_id(self) -> str | None:
        """The id of the plan saved last, without reading it; None where there is none yet."""
        return latest_plan_id(self._workspace)

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
        plan_id = self.latest_id()
        if plan_id is None:
            raise NotReady(
                "The workspace has no plan yet.",
                where="plan",
                fix="Make one with 'atelier plan' or POST /v1/plans.",
            )
        return self.get(plan_id)


def plan_as_asked(
    workspace: Workspace,
    settings: Settings,
    request: PlanRequest,
    *,
    patience: float | None = None,
    progress: Progress = silent,
) -> Plan:
    """Make and save a plan by the settings, with what a request says over them.

    Args:
        workspace: where.
        settings: what holds where the request is silent.
        request: what is asked.
        patience: see `plan_and_save`.
        progress: told of the steps.

    Raises:
        ProductionError, DataError: no plan can be made of what is asked.
    """
    given = {"weight": request.risk_weight, "level": request.risk_level}
    said = {name: value for name, value in given.items() if value is not None}
    update = {
        "horizon": request.horizon or settings.horizon,
        "risk": settings.risk.model_copy(update=said),
    }
    return plan_and_save(
        workspace,
        settings.model_copy(update=update),
        as_of=None if request.as_of is None else np.datetime64(request.as_of, "us"),
        capacity=request.capacity,
        by_week=request.weekly,
        overtime=request.overtime,
        patience=patience,
        progress=progress,
    )
