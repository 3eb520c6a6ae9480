"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from fastapi import APIRouter

from api.service.access import may
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.problems import responses
from api.service.schemas import Health, Readiness
from data.store.field_keys import check_field_key

router = APIRouter(route_class=StrictRoute, tags=["health"])


@router.get(
    "/healthz",
    summary="Does the process answer?",
    openapi_extra=may("open"),
    responses=responses(422),
)
async def healthz() -> Health:
    """Says only that the process runs; a shop's balancer asks /readyz."""
    return Health(status="ok")


@router.get(
    "/readyz",
    summary="Can the service do its work?",
    openapi_extra=may("open"),
    responses=responses(422, 503),
)
def readyz(engine: TheEngine) -> Readiness:
    """A model is loaded, the store can be written and read, and so can the latest plan, if any.

    Otherwise a problem says what is missing.
    """
    snapshot = engine.snapshot()
    engine.store.check_writable()
    check_field_key(engine.store.database)
    plan_id = engine.plans.check_readable()
    return Readiness(status="ready", model_id=snapshot.model_id, plan_id=plan_id)
