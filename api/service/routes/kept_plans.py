"""Kept plans: listed, compared, asked what if, and released."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from api.output import plain
from api.plans import listed, release_json
from api.service.access import may
from api.service.engine import TheEngine
from api.service.kept_plan_schemas import (
    DiffAnswer,
    PlanList,
    ReleaseAnswer,
    ReleaseRequest,
    WhatIfAnswer,
    WhatIfRequest,
)
from api.service.limits import StrictRoute
from api.service.planning_threads import apart
from api.service.problems import responses
from api.service.schemas import MOST_ROWS, Id
from production.plans.releases import release_plan

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["plans"])


@router.get(
    "/plans", openapi_extra=may("planner"), summary="The kept plans", responses=responses(422, 503)
)
@apart
def list_plans(
    engine: TheEngine,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Plans of a page.")] = 100,
    offset: Annotated[int, Query(ge=0, le=10**9, description="Plans before the page.")] = 0,
) -> PlanList:
    """Every kept plan without its lines, the latest weeks first, and how it was released."""
    found = listed(engine.workspace, limit=limit, offset=offset)
    return PlanList.model_validate(plain(asdict(found)))


@router.get(
    "/plans/{plan_id}/diff",
    openapi_extra=may("planner"),
    summary="What moved since another plan, and why",
    responses=responses(404, 409, 422, 503),
)
@apart
def diff_plan(
    plan_id: Annotated[Id, Path()],
    engine: TheEngine,
    against: Annotated[Id, Query(description="The earlier plan's id.")],
    limit: Annotated[int, Query(ge=0, le=MOST_ROWS, description="Lines at most.")] = 100,
) -> DiffAnswer:
    """Each change of a quantity, split over demand, costs, lots, capacity and overrides."""
    return DiffAnswer.model_validate(plain(engine.asking.diff(against, plan_id, limit)))


@router.post(
    "/plans/{plan_id}/what-if",
    openapi_extra=may("planner"),
    summary="What a plan would be if something were different",
    responses=responses(400, 404, 409, 413, 415, 422, 503),
)
@apart
def ask_plan(
    plan_id: Annotated[Id, Path()], request: WhatIfRequest, engine: TheEngine
) -> WhatIfAnswer:
    """Solves the plan again under other capacities, costs, prices or demand; saves nothing."""
    return WhatIfAnswer.model_validate(plain(engine.asking.what_if(plan_id, request)))


@router.post(
    "/plans/{plan_id}/release",
    openapi_extra=may("planner"),
    summary="Release a plan",
    status_code=201,
    responses=responses(400, 404, 409, 413, 415, 422, 503),
)
@apart
def release(
    plan_id: Annotated[Id, Path()], request: ReleaseRequest, http: Request, engine: TheEngine
) -> ReleaseAnswer:
    """From then on its quantities stay in every plan for some of the same weeks."""
    done = release_plan(
        engine.workspace,
        plan_id,
        by=request.by,
        at=datetime.now(UTC),
        note=request.note,
        key_id=http.scope.get("atelier.key_id"),
    )
    return ReleaseAnswer.model_validate(release_json(done))
