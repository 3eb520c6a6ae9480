"""What a saved plan may come to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.output import plain
from api.service.access import may
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.planning_threads import apart
from api.service.problems import responses
from api.service.risk_schemas import (
    FEWEST_SCENARIOS,
    MOST_LEVEL,
    MOST_SCENARIOS,
    PlanRiskAnswer,
)
from api.service.schemas import Id

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["plans"])


@router.get(
    "/plans/{plan_id}/risk",
    openapi_extra=may("planner"),
    summary="A plan's risk",
    responses=responses(404, 422, 503),
)
@apart
def get_plan_risk(
    plan_id: Annotated[Id, Path()],
    engine: TheEngine,
    scenarios: Annotated[
        int,
        Query(ge=FEWEST_SCENARIOS, le=MOST_SCENARIOS, description="How often demand is drawn."),
    ] = 1000,
    level: Annotated[
        float, Query(ge=0, le=MOST_LEVEL, description="The tails are the worst 1 - level.")
    ] = 0.9,
) -> PlanRiskAnswer:
    """Profit, cost, shortage and leftover of a saved plan on demand drawn from its forecast.

    Variants of a style share its fortune and compete for it. Equal requests get equal answers.
    """
    found = engine.risks.of(plan_id, scenarios=scenarios, level=level)
    return PlanRiskAnswer.model_validate(plain(found.to_json()))
