"""What the service stands on: one workspace, its current model, its store and its plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request

from api.answers import Desk
from api.errors import Invalid
from api.lists import AskedRules
from api.live import live_lines, local_time
from api.ordering import Ordering
from api.products import Products
from api.retaining import DailyRetention
from api.service import schemas
from api.service.answer_schemas import AnswerRequest
from api.service.answers import Asked, Known
from api.service.asking import Asking
from api.service.configuring import Configuring
from api.service.counters import EVENTS, LISTS
from api.service.drift import Drift
from api.service.exploring import Exploring
from api.service.forecasts import Forecasts
from api.service.groups import Groups
from api.service.known_mixes import MixesGiven
from api.service.likely import Likely
from api.service.list_making import addressed, body_of
from api.service.plain_log import PlainLog
from api.service.plan_bonuses import PlanBonuses
from api.service.planner import Planner
from api.service.plans import Plans
from api.service.risks import Risks
from api.service.serving import Serving, Snapshot
from api.service.sessions import Sessions
from api.settings import Settings
from api.so_far import SoFar
from api.stock import Stockroom
from api.work import key_of
from data.errors import EventRefused
from data.ledger import Ledger
from data.store import LiveEvent, Store, open_store
from data.workspace import Workspace
from recsys.errors import BadRules
from recsys.lists.rules import Rules

AHEAD = timedelta(days=1)
"""How far an event may lie ahead of the clock: clocks differ, but next year's orders are a slip."""


class Engine:
    """Answers the routes; safe to share between threads."""

    def __init__(self, workspace: Workspace, settings: Settings, store: Store) -> None:
        self.workspace = workspace
        self.settings = settings
        self.store = store
        self.customer_of = workspace.pseudonyms().of
        """The pseudonym of an id that a caller gives: all that may be kept or looked up by."""
        self.plans = Plans(workspace, settings, SoFar(workspace, settings, store))
        self.mixes = MixesGiven()
        self.asking = Asking(workspace)
        self.risks = Risks(workspace, settings)
        self.forecasts = Forecasts(workspace)
        self.groups = Groups(workspace, self.forecasts)
        self.products = Products(workspace)
        self.desk = Desk(workspace)
        self.drift = Drift(store)
        self.ordering = Ordering(
            workspace=workspace,
            products=self.products,
            ledger=Ledger(database=store.database),
            settings=settings,
        )
        self.configuring = Configuring(self.products, Likely(workspace, settings), self.ordering)
        self._stockroom = Stockroom(workspace)
        self._bonuses = PlanBonuses(workspace)
        self.serving = Serving(workspace, settings)
        self.planner = Planner(
            plans=self.plans,
            asking=self.asking,
            groups=self.groups,
            serving=self.serving,
            recommend=self.recommend,
            customer_of=self.customer_of,
        )
        self.sessions = Sessions(key_of(workspace, settings))
        self.exploring = Exploring(store, settings, lambda: datetime.now(UTC))
        self.retention = DailyRetention(workspace, settings, store.database)
        self.plain_log = PlainLog(store.database, settings, lambda: datetime.now(UTC))

    def refresh(self) -> None:
        """Take up the workspace's current model, see `Serving.refresh`."""
        self.serving.refresh()

    def snapshot(self) -> Snapshot:
        """The model that serves now, see `Serving.snapshot`."""
        return self.serving.snapshot()

    def recommend(
        self,
        customer_id: str,
        k: int,
        *,
        exclude_seen: bool,
        asked: AskedRules,
        where: str,
        shown: bool = True,
    ) -> bytes:
        """A customer's list as it is sent, live events folded in.

        Args:
            customer_id: who, as the caller says it.
            k: how many at most.
            exclude_seen: leave out what the customer has bought.
            asked: the rules.
            where: where the request says them, for errors.
            shown: whether the customer sees it; one that others look at explores nothing, is not
                logged, and counts in no figure.

        Raises:
            Invalid: a rule contradicts another, or the stock is not known.
            BadRules: a rule names what the catalogue does not have.
            StoreError: a list that must be logged cannot be.
        """
        given, customer_id = customer_id, self.customer_of(customer_id)
        snapshot, today = self.snapshot(), self.serving.today()
        asked, share, logged = self.exploring.asked(customer_id, asked)
        logged = logged and shown
        events = self.store.of_customer(customer_id)
        answers = self.serving.answers(snapshot, today)
        one = Asked(
            customer_id=customer_id,
            request=(k, exclude_seen, asked.model_dump_json()),
            events=tuple(event.event_id for event in events),
        )
        # stock changes, a boost ends, and another plan says other things
        lasting = not (asked.in_stock or asked.boosts or self.plan_weight(asked) or logged)
        known = answers.given(one) if lasting else None
        if known is None:
            with self._rules(asked, where, today) as rules:
                make = partial(
                    snapshot.recommender.recommend,
                    customer_id,
                    exclude_seen=exclude_seen,
                    extra=live_lines(events),
                    rules=rules,
                )
                found = (
                    self.exploring.shown(customer_id, k, share, snapshot.model_id, make)
                    if logged
                    else make(k)
                )
            known = Known(body_of(snapshot.model_id, found), found.fallback)
            if shown:
                variants = (line.variant_id for line in found.recommendations)
                places = map(snapshot.recommender.catalogue.position, variants)
                answers.see(place for place in places if place is not None)
            if lasting and shown:
                answers.keep(one, known)
        if shown:
            LISTS.labels(known.fallback or "none").inc()
            if not logged:
                self.plain_log.put(customer_id, known.body)
        return addressed(known.body, customer_id, given)

    def recommend_basket(
        self,
        variant_ids: Sequence[str],
        k: int,
        *,
        exclude_seen: bool,
        asked: AskedRules,
        where: str,
    ) -> bytes:
        """A list for a visitor nobody knows.

        Raises:
            Invalid: nobody knows a variant of the basket; or as `recommend`.
            BadRules: see `recommend`.
        """
        snapshot = self.snapshot()
        for place, variant_id in enumerate(variant_ids):
            _check_known(snapshot, variant_id, f"body.variant_ids.{place}")
        with self._rules(asked, where, self.serving.today()) as rules:
            found = snapshot.recommender.recommend_basket(
                variant_ids, k, exclude_seen=exclude_seen, rules=rules
            )
        return body_of(snapshot.model_id, found)

    def recommend_style(
        self, customer_id: str, style_id: str, k: int, *, asked: AskedRules, where: str
    ) -> bytes:
        """A style's variants for a customer; UnknownStyle where nobody knows it."""
        snapshot, customer = self.snapshot(), self.customer_of(customer_id)
        extra = live_lines(self.store.of_customer(customer))
        with self._rules(asked, where, self.serving.today()) as rules:
            found = snapshot.recommender.recommend_style(
                customer, style_id, k, extra=extra, rules=rules
            )
        return addressed(body_of(snapshot.model_id, found), customer, customer_id)

    def answer(self, request: AnswerRequest) -> dict[str, Any]:
        """Entries that answer a question; NotReady where there is no knowledge table."""
        given = request.customer_id
        who = None if given is None else self.customer_of(given)
        return self.desk.answer(
            request.question,
            request.k,
            language=request.language,
            customer_id=who,
            live=() if who is None else self.store.of_customer(who),
        )

    def similar(self, variant_id: str, k: int, *, asked: AskedRules, where: str) -> bytes:
        """Variants like one; UnknownVariant where nobody knows it."""
        snapshot = self.snapshot()
        with self._rules(asked, where, self.serving.today()) as rules:
            found = snapshot.recommender.similar(variant_id, k, rules=rules)
        return body_of(snapshot.model_id, found)

    def close(self) -> None:
        """Let go of the store, and end what is made in the background."""
        self.planner.close()
        self.serving.close()
        self.plain_log.close()
        self.store.close()

    def plan_weight(self, asked: AskedRules) -> float:
        """How much the latest plan moves a list."""
        weight = asked.plan_bonus
        return self.settings.recommend.plan_bonus if weight is None else weight

    @contextmanager
    def _rules(self, asked: AskedRules, where: str, today: date) -> Iterator[Rules]:
        """The rules as the recommender takes them; their errors name the place in the request."""
        try:
            stock = self._stockroom.stock() if asked.in_stock else None
            weight = self.plan_weight(asked)
            plan = self._bonuses.latest() if weight > 0 else None
            yield asked.rules(stock=stock, today=today, plan=plan, plan_weight=weight)
        except (BadRules, Invalid) as error:
            error.where = f"{where}.{error.where}"
            raise

    def append(self, events: Sequence[schemas.Event]) -> int:
        """Store a batch durably, all of it or nothing; how many events are new.

        Raises:
            Invalid: a variant that nobody knows, or a time that lies ahead.
            StoreConflict: an event id that is stored with another content.
        """
        snapshot = self.snapshot()
        latest = local_time(datetime.now(UTC), self.settings.timezone) + AHEAD
        live = [
            _live_event(event, snapshot, latest, self.settings.timezone, f"body.events.{place}")
            for place, event in enumerate(events)
        ]
        stored = self.store.append(
            [replace(event, customer_id=self.customer_of(event.customer_id)) for event in live]
        )
        EVENTS.inc(stored)
        return stored


@contextmanager
def open_engine(folder: Path, settings: Settings) -> Iterator[Engine]:
    """The engine of a workspace, its store closed at the end.

    Raises:
        WorkspaceError: the folder is no workspace.
        StoreError: the store cannot be opened.
    """
    engine = opened(folder, settings)
    try:
        yield engine
    finally:
        engine.close()


def opened(folder: Path, settings: Settings) -> Engine:
    """The engine of a workspace; see `open_engine`."""
    workspace = Workspace.open(folder)
    engine = Engine(workspace, settings, open_store(settings.store_url(folder)))
    engine.refresh()
    return engine


def the_engine(request: Request) -> Engine:
    """The engine that the app was made around."""
    engine: Engine = request.app.state.engine
    return engine


TheEngine = Annotated[Engine, Depends(the_engine)]


def _live_event(
    event: schemas.Event, snapshot: Snapshot, latest: datetime, timezone: str, where: str
) -> LiveEvent:
    _check_known(snapshot, event.variant_id, f"{where}.variant_id")
    at = local_time(event.at, timezone)
    if at > latest:
        raise Invalid(
            "The time lies in the future.",
            where=f"{where}.at",
            fix="Send the shop's local time, or a time with its offset from UTC.",
        )
    try:
        return LiveEvent(
            event_id=event.event_id,
            customer_id=event.customer_id,
            variant_id=event.variant_id,
            kind=event.kind,
            value=event.value,
            at=at,
        )
    except EventRefused as error:
        raise Invalid(error.what, where=f"{where}.{error.where}", fix=error.fix) from None


def _check_known(snapshot: Snapshot, variant_id: str, where: str) -> None:
    if snapshot.recommender.catalogue.position(variant_id) is None:
        raise Invalid(
            "Nobody knows this variant.",
            where=where,
            fix="Use an id of the catalogue; a new variant is known once a model is trained on it.",
        )
