"""The planner's page: an overview of the latest plan, its styles, customers, and a search."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError

from api.errors import Forbidden, Invalid, NoKey, NotAcceptable
from api.planner.rendering import ASSETS, asset, render
from api.service.access import may
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.negotiation import choose
from api.service.planning_threads import apart
from api.service.problems import MEDIA_TYPE, faults_of, status_of
from api.service.schemas import Id
from data.errors import AtelierError
from recsys.errors import UnknownStyle

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}
"""Of every page: it runs and loads its own files alone, stands in no frame and in no cache."""

KEPT: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=31536000, immutable"}
"""Of its files, whose address changes with their content."""


class PageRoute(StrictRoute):
    """A route for people: browsers get its errors as pages, who needs a key a form to show it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, with its errors as pages."""
        handle = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handle(request)
            except AtelierError as error:
                if not _for_people(request):
                    raise
                return _trouble(error)
            except RequestValidationError as error:
                if not _for_people(request):
                    raise
                return _trouble(_unfit(error))

        return shown


router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/", openapi_extra=may("planner"))
@apart
def overview(engine: TheEngine) -> Response:
    """The latest plan at a glance; where there is none yet, what to do."""
    return page(engine.planner.overview())


@router.get("/planner/style", openapi_extra=may("planner"))
@apart
def style(engine: TheEngine, id: Annotated[Id, Query()]) -> Response:  # noqa: A002  # its name
    """A style's mix, with the past and the fan of each variant."""
    return page(engine.planner.style(id))


@router.get("/planner/customer", openapi_extra=may("planner"))
@apart
def customer(engine: TheEngine, id: Annotated[Id, Query()]) -> Response:  # noqa: A002  # its name
    """What the shop shows a customer, and why."""
    return page(engine.planner.customer(id))


@router.get("/planner/search", openapi_extra=may("planner"))
@apart
def search(engine: TheEngine, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Styles, variants and customers that a few letters find."""
    return page(engine.planner.search(q))


@router.get("/planner/planner.css", openapi_extra=may("open"))
def style_sheet(v: Annotated[str, Query(max_length=64)] = "") -> Response:
    """The page's looks; `v` tells one content from another."""
    return _file("planner.css", v)


@router.get("/planner/planner.js", openapi_extra=may("open"))
def script(v: Annotated[str, Query(max_length=64)] = "") -> Response:
    """The page's script; `v` tells one content from another."""
    return _file("planner.js", v)


def page(content: str, status: int = 200) -> Response:
    """A page that browsers run nothing foreign on."""
    return Response(content, status, headers=HEADERS, media_type="text/html; charset=utf-8")


def _file(name: str, version: str) -> Response:
    headers = KEPT if version else {"X-Content-Type-Options": "nosniff"}
    return Response(asset(name), headers=headers, media_type=ASSETS[name])


def _for_people(request: Request) -> bool:
    try:
        wanted = choose(request.headers.get("accept", ""), (MEDIA_TYPE, "text/html"))
    except NotAcceptable:
        return False
    return wanted == "text/html"


def _trouble(error: AtelierError) -> Response:
    """An error as a page: the sign-in where a key is asked for, else what is wrong."""
    status = status_of(error)
    template = "sign_in" if isinstance(error, NoKey | Forbidden) else "trouble"
    planned = isinstance(error, UnknownStyle)  # the plan was looked at; else there may be none
    return page(render(template, planned=planned, error=error), status)


def _unfit(error: RequestValidationError) -> AtelierError:
    """What is wrong with an address, to whoever opened it."""
    first = faults_of(error)[0]
    return Invalid(
        f"This address does not fit: {first.what}",
        where=first.where,
        fix="Search for the style, variant or customer instead.",
    )
