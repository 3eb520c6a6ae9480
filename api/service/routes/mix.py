"""The variant-mix report of a plan, as JSON, CSV or HTML."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response

from api.service.access import may
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.negotiation import choose
from api.service.plans import WRITERS
from api.service.problems import responses
from api.service.schemas import Id

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["plans"])

CONTENT: Final[dict[str, Any]] = {
    "application/json": {"schema": {"type": "object"}},
    "text/csv": {"schema": {"type": "string"}},
    "text/html": {"schema": {"type": "string"}},
}


@router.get(
    "/variant-mix",
    summary="The variant-mix report",
    response_class=Response,
    openapi_extra=may("planner"),
    responses={
        200: {"description": "The report in the format that Accept chooses.", "content": CONTENT},
        **responses(404, 406, 422, 503),
    },
)
def variant_mix(
    engine: TheEngine,
    accept: Annotated[str, Header(description="JSON, CSV or HTML; weights count.")] = "",
    plan_id: Annotated[Id | None, Query(description="Which plan; without it, the latest.")] = None,
) -> Response:
    """Shares, demand, plan, risk and binding resource of every style's variants."""
    media_type = choose(accept, tuple(WRITERS))
    text = engine.plans.report(plan_id, media_type)
    return Response(text, media_type=media_type, headers={"Vary": "Accept"})
