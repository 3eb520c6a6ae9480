"""What is checked before a route sees a request: its size, its media type, its one reading."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, get_origin

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Invalid, TooLarge, TooSlow, WrongMedia
from api.service import strict_json
from api.service.access import check, role_of
from api.service.problems import problem_response

MOST_BYTES: Final = 1_000_000
"""Bytes of a request's body, whatever its framing."""


SECONDS_FOR_BODY: Final = 30.0
"""From the first look at a request's body to its end."""


def _too_large() -> TooLarge:
    return TooLarge(
        f"The body is larger than {MOST_BYTES:,} bytes.",
        where="body",
        fix="Send it in several requests.",
    )


def _too_slow() -> TooSlow:
    return TooSlow(
        f"The body was not whole after {SECONDS_FOR_BODY:g} seconds.",
        where="body",
        fix="Send it in one go, or in several requests.",
    )


class BodyLimit:
    """Pure ASGI: refuses a body above the limit, by its length or as it comes in, or too slow."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its bytes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _declared_length(scope) > MOST_BYTES:
            response = problem_response(
                _too_large(), request_id=scope.get("atelier.request_id", "")
            )
            await response(scope, receive, send)
            return
        seen, until, whole = 0, 0.0, False

        async def counted() -> Message:
            nonlocal seen, until, whole
            if whole:  # what comes now is word of the client's leaving, whenever that is
                return await receive()
            until = until or time.monotonic() + SECONDS_FOR_BODY
            try:
                message = await asyncio.wait_for(receive(), max(until - time.monotonic(), 0))
            except TimeoutError:
                raise _too_slow() from None
            whole = not message.get("more_body", False)
            seen += len(message.get("body", b""))
            if seen > MOST_BYTES:
                raise _too_large()
            return message

        await self._app(scope, counted, send)


def _declared_length(scope: Scope) -> int:
    """The Content-Length; 0 where there is none (a server refuses one that is no number)."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


class StrictRoute(APIRoute):
    """A route of a role that refuses unknown or repeated parameters, and bodies of two readings."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler behind the checks."""
        handle = super().get_route_handler()
        known = dict(_query_parameters(self.dependant))
        takes_body = self.body_field is not None
        role = role_of(self.openapi_extra, self.path)

        async def checked(request: Request) -> Response:
            check(request.scope, role)
            _check_query(request, known)
            if takes_body:
                await _check_body(request)
            return await handle(request)

        return checked


def _query_parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Each parameter of a route and of what it depends on, and whether it may be repeated."""
    for field in dependant.query_params:
        yield field.alias, get_origin(field.field_info.annotation) is list
    for inner in dependant.dependencies:
        yield from _query_parameters(inner)


def _check_query(request: Request, known: dict[str, bool]) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    listing = f"It takes {', '.join(sorted(known))}." if known else "It takes none."
    if set(names) - known.keys():
        raise Invalid(
            "The query has a parameter that is not known here.", where="query", fix=listing
        )
    single = [name for name in names if not known[name]]
    if len(single) > len(set(single)):
        raise Invalid("A query parameter is given twice.", where="query", fix="Give each one once.")


async def _check_body(request: Request) -> None:
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media != "application/json":
        raise WrongMedia(
            "The body is not declared as JSON.",
            where="header Content-Type",
            fix="Send application/json.",
        )
    strict_json.parse(await request.body())
