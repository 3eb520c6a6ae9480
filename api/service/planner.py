"""The planner's page behind the service: what it shows is kept until it would be another."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from api.errors import NotReady, Preparing
from api.lists import AskedRules
from api.planner.rendering import render
from api.planner.search import Finder, Found, holds
from api.planner.views import CustomerView, Overview, history_of, overview_of, style_view
from api.service.asking import Asking, Start
from api.service.groups import Groups
from api.service.plans import Plans, Version
from api.service.serving import Serving
from data.errors import AtelierError
from production.errors import BareInputs
from production.report import Report
from production.report.live import LiveMix
from production.report.view import Style, beginning
from recsys.errors import UnknownStyle

SHOWN: Final = 12
"""Variants of a customer's list."""

SECONDS_WAITED: Final = 8.0
"""How long a request waits for a new plan's view; it is told to come back after."""

SECONDS_KEPT: Final = 5.0
"""How long the comparison with orders so far is shown before it is made again."""

Recommend = Callable[..., bytes]
NOBODY: Final[NDArray[np.object_]] = np.array([], dtype=object)


@dataclass(frozen=True, slots=True)
class _Held:
    """What is kept of the latest plan's report."""

    version: Version
    overview: Overview
    finder: Finder


class Planner:
    """Renders the planner's page; safe to share between threads.

    Args:
        plans: reports of plans.
        asking: what a what-if begins with.
        groups: customers' groups.
        serving: the model, for names and customers.
        recommend: makes a customer's list, as `Listing.of_customer`.
        customer_of: a customer's pseudonym, as `Engine.customer_of`.
    """

    def __init__(
        self,
        *,
        plans: Plans,
        asking: Asking,
        groups: Groups,
        serving: Serving,
        recommend: Recommend,
        customer_of: Callable[[str], str],
    ) -> None:
        self._plans, self._asking, self._groups = plans, asking, groups
        self._serving, self._recommend = serving, recommend
        self._customer_of = customer_of
        self._building = threading.Lock()
        self._computer = ThreadPoolExecutor(1, thread_name_prefix="planner")
        self._computing: tuple[Version, Future[_Held]] | None = None
        self._held: _Held | None = None
        self._live: tuple[str, float, tuple[LiveMix | None, str]] = ("", 0.0, (None, ""))
        self._catalogue: tuple[str, Finder] | None = None

    def overview(self) -> str:
        """The page at `/`; where there is no plan yet, what to do.

        Raises:
            ProductionError, DataError: the plan's files are damaged.
        """
        try:
            held = self._latest()
        except Preparing:
            raise
        except NotReady as error:
            return render("start", planned=False, missing=self._missing(error))
        live, unknown = self._so_far(held.overview.report)
        return render("overview", planned=True, view=held.overview, live=live, unknown=unknown)

    def style(self, style_id: str) -> str:
        """A style's page.

        Raises:
            NotReady: there is no plan yet.
            UnknownStyle: the plan has no such style.
        """
        report = self._latest().overview.report
        rows = report.variants[report.variants["style_id"] == style_id]
        if rows.empty:
            raise UnknownStyle(
                f"The plan has no style '{style_id:.80}'.",
                where="id",
                fix="Search for a part of its name, or of a variant's.",
            )
        view = style_view(report, Style.of(style_id, rows))
        return render("style", planned=True, view=view, report=report)

    def customer(self, customer_id: str) -> str:
        """A customer's page; for one nobody knows, what the shop would show them.

        Raises:
            NotReady: there is no model yet.
        """
        body = self._recommend(
            customer_id, SHOWN, exclude_seen=False, asked=AskedRules(), where="query", shown=False
        )
        customer = self._customer_of(customer_id)
        found: dict[str, Any] = json.loads(body)
        taken, lines = history_of(self._serving.of_id(found["model_id"]).recommender, customer)
        view = CustomerView(
            customer_id=customer_id,
            found=found,
            group=self._group(customer),
            taken=taken,
            lines=lines,
            planned=self._planned([one["variant_id"] for one in found["recommendations"]]),
        )
        return render("customer", planned=self._is_planned(), view=view)

    def search(self, query: str) -> str:
        """What a few letters find."""
        snapshot, finder, given = self._serving.held(), self._finder(), query.strip()
        customers = NOBODY if snapshot is None else snapshot.recommender.interactions.customers
        found = Found(query=query) if finder is None else finder.find(query, customers)
        if given and holds(customers, self._customer_of(given)) and given not in found.customers:
            found = replace(
                found,
                customers=(given, *found.customers),
                all_customers=found.all_customers + 1,
            )
        return render("search", planned=self._is_planned(), found=found, model=snapshot is not None)

    def _is_planned(self) -> bool:
        """Whether there is a plan to report on."""
        return self._plans.latest_id() is not None

    def _latest(self) -> _Held:
        """The latest plan's view, computed where it would be another than last time.

        Raises:
            NotReady: there is no plan yet.
            Preparing: it takes longer than a person waits.
        """
        version = self._plans.version()
        held = self._held
        if held is not None and held.version == version:
            return held
        with self._building:  # one is computed at a time, however many wait for it
            if self._computing is None or self._computing[0] != version:
                self._computing = version, self._computer.submit(self._compute, version)
            computing = self._computing[1]
        try:
            held = computing.result(timeout=SECONDS_WAITED)
        except TimeoutError:
            raise Preparing(
                "The view of the plan is being made.", where="plan", fix="It takes seconds."
            ) from None
        except Exception:
            self._computing = None  # the next request tries again
            raise
        self._held = held
        return held

    def _compute(self, version: Version) -> _Held:
        plan = self._plans.latest()
        report = self._plans.built(plan)
        start = self._start(plan.plan_id)
        figures, notes = (None, ()) if start is None else (start.figures, start.notes)
        return _Held(version, overview_of(report, figures, notes), _finder(report))

    def close(self) -> None:
        """Begin nothing more."""
        self._computer.shutdown(wait=False, cancel_futures=True)

    def _start(self, plan_id: str) -> Start | None:
        try:
            return self._asking.base(plan_id)
        except BareInputs:
            return None

    def _so_far(self, report: Report) -> tuple[LiveMix | None, str]:
        """Orders since the plan, as of a few seconds ago; or why they cannot be told."""
        plan_id, until, found = self._live
        if plan_id != report.plan.plan_id or time.monotonic() > until:
            try:
                found = self._plans.so_far(report.plan), ""
            except AtelierError as error:
                found = None, error.what
            self._live = (report.plan.plan_id, time.monotonic() + SECONDS_KEPT, found)
        return found

    def _group(self, customer: str) -> Mapping[str, Any] | None:
        try:
            return self._groups.of(customer)
        except AtelierError:  # no groups are kept, or the customer is in none
            return None

    def _planned(self, variants: list[str]) -> dict[str, tuple[float, float]]:
        """Units to make and in stock of some variants; of those that the latest plan has."""
        try:
            rows = self._latest().overview.report.variants
        except AtelierError:
            return {}
        found = rows[rows["variant_id"].isin(variants)]
        return {
            str(name): (float(made), float(held))
            for name, made, held in found[["variant_id", "quantity", "on_hand"]].itertuples(
                index=False
            )
        }

    def _finder(self) -> Finder | None:
        """Over the plan's variants, or the model's where there is no plan."""
        try:
            return self._latest().finder
        except AtelierError:
            snapshot = self._serving.held()
        if snapshot is None:
            return None
        if self._catalogue is None or self._catalogue[0] != snapshot.model_id:
            known = snapshot.recommender.catalogue
            finder = Finder(
                known.styles.tolist(), known.variants.tolist(), known.titles.tolist(), {}
            )
            self._catalogue = (snapshot.model_id, finder)
        return self._catalogue[1]

    def _missing(self, error: NotReady) -> list[AtelierError]:
        """What there is not yet, in the order in which it is made."""
        try:
            self._serving.snapshot()
        except NotReady as unready:
            return [unready, error]
        return [error]


def _finder(report: Report) -> Finder:
    styles, variants, titles = (
        report.variants[name].tolist() for name in ("style_id", "variant_id", "title")
    )
    named: dict[str, list[str]] = {}
    for style, title in zip(styles, titles, strict=True):
        named.setdefault(style, []).append(title)
    names = {style: beginning(of) for style, of in named.items() if len(of) > 1}
    return Finder(styles, variants, titles, names)
