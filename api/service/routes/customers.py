"""What is held on a customer, told and erased."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.erasing import erase_customer
from api.holdings import holdings_of
from api.service.access import may
from api.service.customer_schemas import Erased, Holdings
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.problems import responses
from api.service.schemas import Id

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["customers"])


@router.get(
    "/customers/{customer_id:path}",
    summary="All that is held on a customer",
    openapi_extra=may("admin"),
    responses=responses(422, 503),
)
def export_customer(customer_id: Annotated[Id, Path()], engine: TheEngine) -> Holdings:
    """Every row that names the customer, and the customer's group; empty for one nobody knows."""
    held = holdings_of(engine.workspace, engine.store.database, customer_id)
    return Holdings.model_validate(held)


@router.delete(
    "/customers/{customer_id:path}",
    summary="Erase a customer",
    openapi_extra=may("admin"),
    responses=responses(409, 422, 503),
)
def delete_customer(
    customer_id: Annotated[Id, Path()], engine: TheEngine, request: Request
) -> Erased:
    """Erases the customer from tables, models, groups and the store; again changes nothing.

    Orders stay as a guest's; events are removed.
    """
    engine.plain_log.flush()  # or a list of a moment ago would name the customer again
    actor = request.scope.get("atelier.key_id") or "service"
    try:
        done = erase_customer(
            engine.workspace, engine.settings, engine.store.database, customer_id, actor=actor
        )
    finally:
        engine.refresh()  # models may be without the customer although a file still has the id
    return Erased.model_validate(done.to_json())
