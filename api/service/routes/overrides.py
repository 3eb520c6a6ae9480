"""Planners' overrides: what they set, by whom and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.plans import overrides_json
from api.service.access import may
from api.service.engine import TheEngine
from api.service.kept_plan_schemas import OverrideAnswer, OverrideList, OverrideRequest
from api.service.limits import StrictRoute
from api.service.problems import responses
from production.plans.overrides import Override, recorded
from production.plans.overriding import override

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["plans"])


@router.get(
    "/overrides",
    openapi_extra=may("planner"),
    summary="Planners' overrides",
    responses=responses(422, 503),
)
def list_overrides(
    *,
    engine: TheEngine,
    every: Annotated[
        bool,
        Query(description="Every record, those replaced, cleared and over too, oldest first."),
    ] = False,
) -> OverrideList:
    """What stands, by variant id."""
    found = overrides_json(engine.workspace, engine.ordering.today(), every=every)
    return OverrideList.model_validate({"overrides": found})


@router.post(
    "/overrides",
    openapi_extra=may("planner"),
    summary="Set or clear an override",
    status_code=201,
    responses=responses(400, 413, 415, 422, 503),
)
def set_override(request: OverrideRequest, http: Request, engine: TheEngine) -> OverrideAnswer:
    """On the disk when the answer comes; it enters every plan made from then on."""
    asked = recorded(
        Override,
        variant_id=request.variant_id,
        quantity=request.quantity,
        by=request.by,
        why=request.why,
        until=request.until,
        at=datetime.now(UTC),
        key_id=http.scope.get("atelier.key_id"),
    )
    done = override(engine.workspace, asked)
    return OverrideAnswer.model_validate(done.model_dump(mode="json"))
