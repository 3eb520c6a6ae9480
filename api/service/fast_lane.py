"""The fast lane: requests whose answers are known, answered before the framework.

Such a request needs no validation, no thread and no model. It is recognised by its path, query and
headers as they stand; whatever else a request says, or where nothing is known, goes the route's own
way, so that this lane decides speed and never an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.service.access import Access, check, role_of
from data.errors import AtelierError


class Sent(NamedTuple):
    """An answer as it is sent."""

    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


class KnownAnswers(Protocol):
    """The answers of one route that are known; for one event loop.

    Attributes:
        route: whose requests it answers, as the log names it.
    """

    route: APIRoute

    def takes(self, path: str) -> bool:
        """Whether a path is one of the route's."""

    def answer(self, scope: Scope) -> Sent | None:
        """The answer to a GET of such a path, where it is known."""


class FastLane:
    """Pure ASGI, for one event loop.

    Args:
        app: the service behind it.
        known: what it can answer.
    """

    def __init__(self, app: ASGIApp, known: Sequence[KnownAnswers]) -> None:
        self._app = app
        self._known = [(one, role_of(one.route.openapi_extra, one.route.path)) for one in known]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once where the answer is known."""
        found = self._answer(scope)
        if found is None:
            await self._app(scope, receive, send)
            return
        head = {"type": "http.response.start", "status": 200, "headers": found.headers}
        await send(head)
        await send({"type": "http.response.body", "body": found.body})

    def _answer(self, scope: Scope) -> Sent | None:
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        for one, role in self._known:
            if one.takes(scope["path"]):
                found = one.answer(scope) if _may(scope, role) else None
                if found is not None:
                    scope["route"] = one.route
                return found
        return None


def _may(scope: Scope, role: Access) -> bool:
    """Whether the caller may ask; the route says why not."""
    try:
        check(scope, role)
    except AtelierError:
        return False
    return True
