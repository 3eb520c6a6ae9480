"""Lists as they are sent: a customer's, a visitor's, a style's variants, what is like a variant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial

from api.errors import Invalid
from api.lists import AskedRules
from api.live import live_lines
from api.service.answers import Asked, Known
from api.service.counters import LISTS
from api.service.exploring import Exploring
from api.service.list_making import addressed, body_of
from api.service.plain_log import PlainLog
from api.service.plan_bonuses import PlanBonuses
from api.service.serving import Serving
from api.settings import Settings
from api.stock import Stockroom
from data.store import Store
from data.workspace import Workspace
from recsys.errors import BadRules
from recsys.lists.rules import Rules


class Listing:
    """Makes lists; safe to share between threads.

    Args:
        workspace: whose customers, stock and plans.
        settings: what holds where a request says nothing.
        store: holds live events.
        serving: the models.
        exploring: which model a customer is served by, and what is logged.
        plain_log: takes the lists that `exploring` does not log.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        settings: Settings,
        store: Store,
        serving: Serving,
        exploring: Exploring,
        plain_log: PlainLog,
    ) -> None:
        self._customer_of = workspace.pseudonyms().of
        self._plan_weight = settings.recommend.plan_bonus
        self._store, self._serving = store, serving
        self._exploring, self._plain_log = exploring, plain_log
        self._stockroom = Stockroom(workspace)
        self._bonuses = PlanBonuses(workspace)

    def of_customer(
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
        given, customer_id = customer_id, self._customer_of(customer_id)
        treatment = self._exploring.treatment(customer_id, asked)
        asked, logged = treatment.asked, treatment.logged and shown
        snapshot, today = self._serving.snapshot(treatment.model), self._serving.today()
        events = self._store.of_customer(customer_id)
        answers = self._serving.answers(snapshot, today)
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
                    self._exploring.shown(customer_id, k, treatment, snapshot.model_id, make)
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
                self._plain_log.put(customer_id, known.body)
        return addressed(known.body, customer_id, given)

    def of_basket(
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
            Invalid: nobody knows a variant of the basket; or as `of_customer`.
            BadRules: see `of_customer`.
        """
        snapshot = self._serving.snapshot()
        for place, variant_id in enumerate(variant_ids):
            snapshot.check_known(variant_id, f"body.variant_ids.{place}")
        with self._rules(asked, where, self._serving.today()) as rules:
            found = snapshot.recommender.recommend_basket(
                variant_ids, k, exclude_seen=exclude_seen, rules=rules
            )
        return body_of(snapshot.model_id, found)

    def of_style(
        self, customer_id: str, style_id: str, k: int, *, asked: AskedRules, where: str
    ) -> bytes:
        """A style's variants for a customer; UnknownStyle where nobody knows it.

        A style that is newer than the model of the customer's arm is the current model's.
        """
        customer = self._customer_of(customer_id)
        snapshot = self._serving.snapshot(self._exploring.treatment(customer, asked).model)
        if not snapshot.recommender.knows_style(style_id):
            snapshot = self._serving.snapshot()
        extra = live_lines(self._store.of_customer(customer))
        with self._rules(asked, where, self._serving.today()) as rules:
            found = snapshot.recommender.recommend_style(
                customer, style_id, k, extra=extra, rules=rules
            )
        return addressed(body_of(snapshot.model_id, found), customer, customer_id)

    def similar(self, variant_id: str, k: int, *, asked: AskedRules, where: str) -> bytes:
        """Variants like one; UnknownVariant where nobody knows it."""
        snapshot = self._serving.snapshot()
        with self._rules(asked, where, self._serving.today()) as rules:
            found = snapshot.recommender.similar(variant_id, k, rules=rules)
        return body_of(snapshot.model_id, found)

    def plan_weight(self, asked: AskedRules) -> float:
        """How much the latest plan moves a list."""
        weight = asked.plan_bonus
        return self._plan_weight if weight is None else weight

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
