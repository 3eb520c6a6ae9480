"""Who the customers are: groups by preference, and a customer's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.service.access import may
from api.service.engine import TheEngine
from api.service.group_schemas import CustomerGroup, CustomerGroupsAnswer
from api.service.limits import StrictRoute
from api.service.problems import responses
from api.service.schemas import Id

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["customers"])


@router.get(
    "/customer-groups",
    summary="Customers in groups",
    openapi_extra=may("planner"),
    responses=responses(422, 503),
)
def customer_groups(engine: TheEngine) -> CustomerGroupsAnswer:
    """Profiles of the groups and the latest forecast split over them and over regions.

    Names no customer, and no count below `least`. The groups are those that `atelier groups`
    saved last; a request groups nobody.
    """
    return CustomerGroupsAnswer.model_validate(engine.groups.all())


@router.get(
    "/customers/{customer_id:path}/group",
    summary="A customer's group, and whether they will likely order again",
    openapi_extra=may("planner"),
    responses=responses(404, 422, 503),
)
def group_of_customer(customer_id: Annotated[Id, Path()], engine: TheEngine) -> CustomerGroup:
    """The group, the class and the chances of an order, as `atelier groups` saved them last."""
    found = engine.groups.of(engine.customer_of(customer_id))
    return CustomerGroup.model_validate(found | {"customer_id": customer_id})
