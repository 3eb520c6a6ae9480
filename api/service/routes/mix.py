"""The variant-mix report of a plan, as JSON, CSV, HTML or Excel."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.routing import APIRoute

from api.formats import VARIANTS, Format
from api.reports import FORMS, format_of
from api.service.access import may
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.negotiation import choose
from api.service.planning_threads import apart
from api.service.problems import responses
from api.service.schemas import Id

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["plans"])

CONTENT: Final[dict[str, Any]] = {
    FORMS[Format.JSON].media_type: {"schema": {"type": "object"}},
    FORMS[Format.CSV].media_type: {"schema": {"type": "string"}},
    FORMS[Format.HTML].media_type: {"schema": {"type": "string"}},
    FORMS[Format.XLSX].media_type: {"schema": {"type": "string", "format": "binary"}},
}


@router.get(
    "/variant-mix",
    summary="The variant-mix report",
    response_class=Response,
    openapi_extra=may("planner"),
    responses={
        200: {"description": "The report in the format asked for.", "content": CONTENT},
        **responses(404, 406, 409, 422, 503),
    },
)
@apart
def variant_mix(
    *,
    engine: TheEngine,
    http: Request,
    accept: Annotated[str, Header(description="JSON, CSV, HTML or Excel; weights count.")] = "",
    form: Annotated[
        Format | None, Query(alias="format", description="Chooses in place of Accept.")
    ] = None,
    plan_id: Annotated[Id | None, Query(description="Which plan; without it, the latest.")] = None,
    against: Annotated[
        Id | None, Query(description="Compare with this plan; without it, the last one before.")
    ] = None,
    level: Annotated[
        Id, Query(description="What CSV writes: variants, styles, resources, changes, …")
    ] = VARIANTS,
    live: Annotated[
        bool, Query(description="Tell of orders since the plan was made, and what left its band.")
    ] = False,
) -> Response:
    """What changes and why, shares, demand, plan, risk, resources and the information gap."""
    if form is None:
        form = format_of(choose(accept, tuple(one.media_type for one in FORMS.values())))
    edition = engine.plans.edition()
    content = engine.plans.report(plan_id, form, against=against, level=level, live=live)
    headers = {"Vary": "Accept"}
    if form is Format.XLSX:
        headers["Content-Disposition"] = 'attachment; filename="variant-mix.xlsx"'
    response = Response(content, media_type=FORMS[form].media_type, headers=headers)
    if not live:  # orders go on coming
        engine.mixes.keep(http.scope, edition, response)
    return response


MIXES: Final = next(one for one in router.routes if isinstance(one, APIRoute))
"""The route whose requests the fast lane answers where they were asked before."""
