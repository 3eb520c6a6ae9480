"""What to make: plans made and saved on request."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from api.output import plain
from api.service.access import may
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.plan_schemas import PlanAnswer, PlanRequest
from api.service.planning_threads import apart
from api.service.problems import responses
from api.service.schemas import Id

LOCATION: dict[str, Any] = {
    "Location": {"description": "The plan's address.", "schema": {"type": "string"}}
}

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["plans"])


@router.post(
    "/plans",
    summary="Make a plan",
    status_code=201,
    openapi_extra=may("planner"),
    responses={201: {"headers": LOCATION}, **responses(400, 413, 415, 422, 503)},
)
@apart
def make_plan(request: PlanRequest, engine: TheEngine, response: Response) -> PlanAnswer:
    """Makes and saves a plan; it is the latest from then on."""
    plan = engine.plans.make(request)
    response.headers["Location"] = f"/v1/plans/{plan.plan_id}"
    return PlanAnswer.model_validate(plain(plan.to_json()))


@router.get(
    "/plans/{plan_id}",
    summary="A saved plan",
    openapi_extra=may("planner"),
    responses=responses(404, 422, 503),
)
@apart
def get_plan(plan_id: Annotated[Id, Path()], engine: TheEngine) -> PlanAnswer:
    """A plan as it was saved; plans never change."""
    return PlanAnswer.model_validate(plain(engine.plans.get(plan_id).to_json()))
