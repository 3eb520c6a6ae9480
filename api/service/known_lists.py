"""Lists for the fast lane: plain requests for a known customer, see `api.service.answers`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from fastapi.routing import APIRoute
from starlette.types import Scope

from api.lists import AskedRules
from api.service.answers import Asked, Known
from api.service.counters import LISTS
from api.service.engine import Engine
from api.service.fast_lane import Sent
from api.service.list_making import addressed
from api.service.list_schemas import MOST_K
from api.service.ready_lists import PLAIN_K
from data.errors import AtelierError
from data.store.customer_reads import CustomerReads

_HEAD: Final = "/v1/customers/"
_TAIL: Final = "/recommendations"
_LENGTH: Final = re.compile(rb"(?:k=([1-9][0-9]{0,2}))?", re.ASCII)
_PLAIN_RULES: Final = AskedRules()
_PLAIN: Final = _PLAIN_RULES.model_dump_json()
_counted: Final = lru_cache(LISTS.labels)  # a look at its labels costs more than the count
_JSON: Final = (b"content-type", b"application/json")


class KnownLists:
    """See `api.service.fast_lane.KnownAnswers`.

    Args:
        engine: what is served.
        route: the route of lists for customers.
    """

    def __init__(self, engine: Engine, route: APIRoute) -> None:
        self.route = route
        self._engine = engine
        self._reads = CustomerReads(engine.store)

    def takes(self, path: str) -> bool:
        """Whether it is the path of a customer's list."""
        return path.startswith(_HEAD) and path.endswith(_TAIL)

    def answer(self, scope: Scope) -> Sent | None:
        """The customer's list, where it is known and plainly asked for; counted and logged."""
        length = _LENGTH.fullmatch(scope["query_string"])
        if length is None:
            return None
        k = int(length[1] or PLAIN_K)
        customer_id = scope["path"][len(_HEAD) : -len(_TAIL)]
        customer = self._engine.customer_of(customer_id)
        known = self._list(customer, k) if k <= MOST_K else None
        if known is None:
            return None
        _counted(known.fallback or "none").inc()
        self._engine.plain_log.put(customer, known.body)
        body = addressed(known.body, customer, customer_id)
        return Sent([(b"content-length", b"%d" % len(body)), _JSON], body)

    def _list(self, customer_id: str, k: int) -> Known | None:
        serving = self._engine.serving
        if self._engine.listing.plan_weight(_PLAIN_RULES) or self._engine.exploring.on:
            return None
        try:
            answers = serving.answers(serving.snapshot(), serving.today())
        except AtelierError:
            return None
        events = self._reads.event_ids(customer_id)
        if events is None:
            return None
        ahead = answers.ahead(customer_id) if k == PLAIN_K and not events else None
        if ahead is not None:
            return ahead
        request = (k, False, _PLAIN)
        return answers.given(Asked(customer_id=customer_id, request=request, events=events))
