"""What customers will want: the saved forecast, by variant, with what drives it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.demand import PAST_SHOWN, list_answer, variant_answer
from api.service.access import may
from api.service.demand_schemas import MOST_PAST, DemandList, VariantDemand
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.planning_threads import apart
from api.service.problems import responses
from api.service.schemas import MOST_ROWS, Id

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["demand"])


@router.get(
    "/demand",
    summary="The saved forecast",
    openapi_extra=may("planner"),
    responses=responses(422, 503),
)
@apart
def list_demand(
    engine: TheEngine,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Variants of a page.")] = 100,
    offset: Annotated[int, Query(ge=0, le=10**9, description="Variants before the page.")] = 0,
) -> DemandList:
    """Expected units and quantiles, the largest demand first; `offset` turns the pages."""
    found = list_answer(engine.forecasts.latest(), limit=limit, offset=offset)
    return DemandList.model_validate(found)


@router.get(
    "/demand/{variant_id:path}",
    summary="A variant's past, its forecast and what drives it",
    openapi_extra=may("planner"),
    responses=responses(404, 422, 503),
)
@apart
def demand_of_variant(
    variant_id: Annotated[Id, Path()],
    engine: TheEngine,
    past: Annotated[
        int, Query(ge=0, le=MOST_PAST, description="Past periods at most.")
    ] = PAST_SHOWN,
) -> VariantDemand:
    """Expected units, split into what drives them, with quantiles and the past.

    The parts sum to the mean. The forecast is the one saved last, by `atelier forecast`,
    `atelier plan` or POST /v1/plans; a request learns nothing anew.
    """
    found = variant_answer(engine.forecasts.latest(), variant_id, past=past)
    return VariantDemand.model_validate(found)
