"""The fast lane: plain requests for a known customer's list, answered before the framework.

A request whose answer is known (see `api.service.answers`) needs no validation, no thread and no
model. It is recognised by its path and query as they stand; whatever else a request says, or where
nothing is known, goes the route's own way, so that this lane decides speed and never an answer.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.lists import AskedRules
from api.service.access import check, role_of
from api.service.answers import Asked, Known
from api.service.counters import LISTS
from api.service.engine import Engine
from api.service.list_making import addressed
from api.service.ready_lists import PLAIN_K
from api.service.schemas import MOST_K
from data.errors import AtelierError
from data.store.customer_reads import CustomerReads

_HEAD: Final = "/v1/customers/"
_TAIL: Final = "/recommendations"
_LENGTH: Final = re.compile(rb"(?:k=([1-9][0-9]{0,2}))?", re.ASCII)
_PLAIN_RULES: Final = AskedRules()
_PLAIN: Final = _PLAIN_RULES.model_dump_json()
_JSON: Final = (b"content-type", b"application/json")


class _Answer(NamedTuple):
    """An answer that is known, for the customer of a pseudonym, and its body as it is sent."""

    customer: str
    known: Known
    body: bytes


class FastLane:
    """Pure ASGI, for one event loop.

    Args:
        app: the service behind it.
        engine: what is served.
        route: the route whose requests it answers, as the log names it.
    """

    def __init__(self, app: ASGIApp, engine: Engine, route: APIRoute) -> None:
        self._app = app
        self._engine = engine
        self._route = route
        self._role = role_of(route.openapi_extra, route.path)
        self._reads = CustomerReads(engine.store)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once where the answer is known."""
        found = self._known(scope)
        if found is None:
            await self._app(scope, receive, send)
            return
        scope["route"], (customer, known, body) = self._route, found
        LISTS.labels(known.fallback or "none").inc()
        headers = [(b"content-length", b"%d" % len(body)), _JSON]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._engine.plain_log.put(customer, known.body)

    def _known(self, scope: Scope) -> _Answer | None:
        """The answer, where the request is plain and its answer known."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        path: str = scope["path"]
        if not (path.startswith(_HEAD) and path.endswith(_TAIL)):
            return None
        length = _LENGTH.fullmatch(scope["query_string"])
        if length is None or not self._may(scope):
            return None
        k = int(length[1] or PLAIN_K)
        customer_id = path[len(_HEAD) : -len(_TAIL)]
        customer = self._engine.customer_of(customer_id)
        known = self._answer(customer, k) if k <= MOST_K else None
        return known and _Answer(customer, known, addressed(known.body, customer, customer_id))

    def _may(self, scope: Scope) -> bool:
        """Whether the caller may ask; the route says why not."""
        try:
            check(scope, self._role)
        except AtelierError:
            return False
        return True

    def _answer(self, customer_id: str, k: int) -> Known | None:
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
