"""Signing in to the planner's page and out of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.errors import Forbidden, NoKey
from api.service.access import may
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.schemas import Request as Body
from api.service.sessions import COOKIE, MOST, SECONDS
from data.store.api_keys import ROLES, keys_of, whose

router = APIRouter(prefix="/v1", route_class=StrictRoute, include_in_schema=False)


class SignIn(Body):
    """Who signs in."""

    key: Annotated[str, Field(max_length=200, description="An API key.", examples=["atelier_…"])]


@router.post("/session", status_code=204, openapi_extra=may("open"))
def sign_in(body: SignIn, engine: TheEngine, request: Request) -> Response:
    """Sets a cookie with which a browser may do for 8 hours what a planner may."""
    now = datetime.now(UTC).replace(tzinfo=None)
    found = whose(keys_of(engine.store), body.key.strip())
    if found is None or found.state(now) != "valid":
        raise NoKey(
            "This key does not count.",
            where="body.key",
            fix="Check that it is whole; 'atelier keys list' says which count.",
        )
    if ROLES.index(found.role) < ROLES.index(MOST):
        raise Forbidden(
            f"A key of the role '{found.role}' may not see the planner's page.",
            where="body.key",
            fix=f"Use a key of the role '{MOST}' or a higher one.",
        )
    response = Response(status_code=204)
    response.set_cookie(
        COOKIE,
        engine.sessions.open(found.key_id, now),
        max_age=SECONDS,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return response


@router.delete("/session", status_code=204, openapi_extra=may("open"))
def sign_out(request: Request) -> Response:
    """The browser forgets its session."""
    response = Response(status_code=204)
    response.delete_cookie(
        COOKIE, path="/", secure=request.url.scheme == "https", httponly=True, samesite="strict"
    )
    return response
