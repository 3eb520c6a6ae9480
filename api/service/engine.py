"""What the service stands on: one workspace, its models, its store and its plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from api.answers import Desk
from api.errors import Invalid
from api.forgetting import DailyForgetting
from api.live import local_time
from api.ordering import Ordering
from api.products import Products
from api.retaining import DailyRetention
from api.service.answer_schemas import AnswerRequest
from api.service.asking import Asking
from api.service.configuring import Configuring
from api.service.counters import EVENTS
from api.service.drift import Drift
from api.service.event_schemas import Event
from api.service.exploring import Exploring
from api.service.forecasts import Forecasts
from api.service.groups import Groups
from api.service.known_mixes import MixesGiven
from api.service.likely import Likely
from api.service.listing import Listing
from api.service.plain_log import PlainLog
from api.service.planner import Planner
from api.service.plans import Plans
from api.service.risks import Risks
from api.service.serving import Serving, Snapshot
from api.service.sessions import Sessions
from api.settings import Settings
from api.so_far import SoFar
from api.work import key_of
from data.errors import EventRefused
from data.ledger import Ledger
from data.store import LiveEvent, Store, open_store
from data.workspace import Workspace

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
            ledger=Ledger(database=store.database, zone=ZoneInfo(settings.timezone)),
            settings=settings,
        )
        self.configuring = Configuring(self.products, Likely(workspace, settings), self.ordering)
        self.serving = Serving(workspace, settings)
        self.exploring = Exploring(store, settings, lambda: datetime.now(UTC))
        self.plain_log = PlainLog(store.database, settings, lambda: datetime.now(UTC))
        self.listing = Listing(
            workspace=workspace,
            settings=settings,
            store=store,
            serving=self.serving,
            exploring=self.exploring,
            plain_log=self.plain_log,
        )
        self.planner = Planner(
            plans=self.plans,
            asking=self.asking,
            groups=self.groups,
            serving=self.serving,
            recommend=self.listing.of_customer,
            customer_of=self.customer_of,
        )
        self.sessions = Sessions(key_of(workspace, settings))
        self.retention = DailyRetention(workspace, settings, store.database)
        self.forgetting = DailyForgetting(self.ordering.ledger)

    def refresh(self) -> None:
        """Take up the models that serve, see `Serving.refresh`."""
        self.serving.refresh()

    def snapshot(self) -> Snapshot:
        """The current model, see `Serving.snapshot`."""
        return self.serving.snapshot()

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

    def close(self) -> None:
        """Let go of the store, and end what is made in the background."""
        self.planner.close()
        self.serving.close()
        self.plain_log.close()
        self.store.close()

    def append(self, events: Sequence[Event]) -> int:
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
    event: Event, snapshot: Snapshot, latest: datetime, timezone: str, where: str
) -> LiveEvent:
    snapshot.check_known(event.variant_id, f"{where}.variant_id")
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
