"""What the service stands on: one workspace, its current model, its store and its plans.

The model is one immutable snapshot. A request takes the snapshot once and uses nothing else of
the model, so a swap in between cannot mix two versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from api.errors import Invalid, NotReady
from api.lists import AskedRules
from api.live import live_lines, local_time
from api.service import schemas
from api.service.asking import Asking
from api.service.forecasts import Forecasts
from api.service.groups import Groups
from api.service.plan_bonuses import PlanBonuses
from api.service.plans import Plans
from api.service.request_log import say
from api.service.risks import Risks
from api.settings import Settings
from api.stock import Stockroom
from api.work import key_of
from data.errors import AtelierError, EventRefused
from data.store import LiveEvent, Store, open_store
from data.workspace import Workspace
from recsys.errors import BadRules
from recsys.lists.recommendation import RecommendationList
from recsys.lists.rules import Rules
from recsys.recommender import Recommender
from recsys.saved.saving import current_model, load

AHEAD = timedelta(days=1)
"""How far an event may lie ahead of the clock: clocks differ, but next year's orders are a slip."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A loaded model under its id."""

    model_id: str
    recommender: Recommender


class Engine:
    """Answers the routes; safe to share between threads."""

    def __init__(self, workspace: Workspace, settings: Settings, store: Store) -> None:
        self.workspace = workspace
        self.settings = settings
        self.store = store
        self.plans = Plans(workspace, settings)
        self.asking = Asking(workspace)
        self.risks = Risks(workspace, settings)
        self.forecasts = Forecasts(workspace)
        self.groups = Groups(workspace, self.forecasts)
        self._stockroom = Stockroom(workspace)
        self._bonuses = PlanBonuses(workspace)
        self._key = key_of(workspace, settings)
        self._snapshot: Snapshot | None = None
        self._refusal: AtelierError | None = None

    def refresh(self) -> None:
        """Take up the workspace's current model, if it is another one and whole.

        A model that is refused leaves the one before it in place; the refusal is logged once.
        """
        model_id = current_model(self.workspace)
        if model_id is None or (self._snapshot and self._snapshot.model_id == model_id):
            return
        try:
            recommender = load(self.workspace, model_id, key=self._key)
        except AtelierError as error:
            if str(error) != str(self._refusal):
                say("model refused", model_id=model_id, code=error.code, what=error.what)
            self._refusal = error
            return
        self._snapshot, self._refusal = Snapshot(model_id, recommender), None
        say("model loaded", model_id=model_id)

    def snapshot(self) -> Snapshot:
        """The model that serves now.

        Raises:
            NotReady: none is loaded yet; says why.
        """
        if self._snapshot is not None:
            return self._snapshot
        if self._refusal is not None:
            raise NotReady(self._refusal.what, where=self._refusal.where, fix=self._refusal.fix)
        raise NotReady(
            "The workspace has no model yet.",
            where="model",
            fix="Train one with 'atelier train'; the service takes it up by itself.",
        )

    def recommend(
        self, customer_id: str, k: int, *, exclude_seen: bool, asked: AskedRules, where: str
    ) -> Listed:
        """A customer's list, live events folded in.

        Args:
            customer_id: who.
            k: how many at most.
            exclude_seen: leave out what the customer has bought.
            asked: the rules.
            where: where the request says them, for errors.

        Raises:
            Invalid: a rule contradicts another, or the stock is not known.
            BadRules: a rule names what the catalogue does not have.
        """
        snapshot = self.snapshot()
        extra = live_lines(self.store.of_customer(customer_id))
        with self._rules(asked, where) as rules:
            return snapshot.model_id, snapshot.recommender.recommend(
                customer_id, k, exclude_seen=exclude_seen, extra=extra, rules=rules
            )

    def recommend_basket(
        self,
        variant_ids: Sequence[str],
        k: int,
        *,
        exclude_seen: bool,
        asked: AskedRules,
        where: str,
    ) -> Listed:
        """A list for a visitor nobody knows.

        Raises:
            Invalid: nobody knows a variant of the basket; or as `recommend`.
            BadRules: see `recommend`.
        """
        snapshot = self.snapshot()
        for place, variant_id in enumerate(variant_ids):
            _check_known(snapshot, variant_id, f"body.variant_ids.{place}")
        with self._rules(asked, where) as rules:
            return snapshot.model_id, snapshot.recommender.recommend_basket(
                variant_ids, k, exclude_seen=exclude_seen, rules=rules
            )

    def recommend_style(
        self, customer_id: str, style_id: str, k: int, *, asked: AskedRules, where: str
    ) -> Listed:
        """A style's variants for a customer; UnknownStyle where nobody knows it."""
        snapshot = self.snapshot()
        extra = live_lines(self.store.of_customer(customer_id))
        with self._rules(asked, where) as rules:
            return snapshot.model_id, snapshot.recommender.recommend_style(
                customer_id, style_id, k, extra=extra, rules=rules
            )

    def similar(self, variant_id: str, k: int, *, asked: AskedRules, where: str) -> Listed:
        """Variants like one; UnknownVariant where nobody knows it."""
        snapshot = self.snapshot()
        with self._rules(asked, where) as rules:
            return snapshot.model_id, snapshot.recommender.similar(variant_id, k, rules=rules)

    @contextmanager
    def _rules(self, asked: AskedRules, where: str) -> Iterator[Rules]:
        """The rules as the recommender takes them; their errors name the place in the request."""
        today = local_time(datetime.now(UTC), self.settings.timezone).date()
        try:
            stock = self._stockroom.stock() if asked.in_stock else None
            weight = asked.plan_bonus
            weight = self.settings.recommend.plan_bonus if weight is None else weight
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
        return self.store.append(
            [
                _live_event(event, snapshot, latest, self.settings.timezone, f"body.events.{place}")
                for place, event in enumerate(events)
            ]
        )


Listed = tuple[str, RecommendationList]
"""A list, and the id of the model that made it."""


@contextmanager
def open_engine(folder: Path, settings: Settings) -> Iterator[Engine]:
    """The engine of a workspace, its store closed at the end.

    Raises:
        WorkspaceError: the folder is no workspace.
        StoreError: the store cannot be opened.
    """
    workspace = Workspace.open(folder)
    store = open_store(settings.store_url(folder))
    try:
        engine = Engine(workspace, settings, store)
        engine.refresh()
        yield engine
    finally:
        store.close()


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
