"""Capacity by resource and day: what is free, held and committed."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api.service.access import may
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.order_schemas import CapacityLine, CapacityList
from api.service.problems import responses
from api.service.schemas import Day, Id
from data.ledger import MILLI

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["custom orders"])


@router.get(
    "/capacity",
    summary="What is free of resources, day by day",
    openapi_extra=may("planner"),
    responses=responses(422, 503),
)
def capacity(
    engine: TheEngine,
    resource_id: Annotated[
        Id | None, Query(description="One resource; without it, all.", examples=["sewing"])
    ] = None,
    since: Annotated[
        Day | None, Query(description="The first day; without it, today.", examples=["2026-01-05"])
    ] = None,
    days: Annotated[int, Query(ge=1, le=366, description="So many days.")] = 28,
) -> CapacityList:
    """By resource and day; days of which nothing was stated are left out."""
    ledger = engine.ordering.ledger
    first = since or engine.ordering.today()
    named = [resource_id] if resource_id is not None else ledger.resources()
    found = ledger.stands(named, first, first + timedelta(days=days - 1))
    return CapacityList(
        capacity=[
            CapacityLine(
                resource_id=one.resource_id,
                day=one.day,
                amount=one.amount / MILLI,
                free=one.free / MILLI,
                held=one.held / MILLI,
                committed=one.committed / MILLI,
            )
            for one in found
        ]
    )
