"""What to show: to a customer, to a visitor with a basket, beside a variant."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.service.engine import Listed, TheEngine
from api.service.limits import StrictRoute
from api.service.problems import responses
from api.service.schemas import MOST_K, Basket, Id, Recommendations

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["recommendations"])

K = Annotated[int, Query(ge=1, le=MOST_K, description="Length of the list.")]


@router.get(
    "/customers/{customer_id:path}/recommendations",
    summary="What to show a customer",
    responses=responses(422, 503),
)
def for_customer(
    *,
    customer_id: Annotated[Id, Path()],
    engine: TheEngine,
    k: K = 20,
    exclude_seen: Annotated[
        bool, Query(description="Leave out what the customer has bought.")
    ] = False,
) -> Recommendations:
    """The customer's list with reasons, events of a minute ago included.

    A customer whom nobody knows gets what is popular, with `fallback` saying so.
    """
    return _answer(engine.recommend(customer_id, k, exclude_seen=exclude_seen))


@router.post(
    "/recommendations",
    summary="What to show a visitor with a basket",
    responses=responses(400, 413, 415, 422, 503),
)
def for_basket(basket: Basket, engine: TheEngine) -> Recommendations:
    """A list for a visitor whom nobody knows, without what lies in the basket."""
    return _answer(engine.recommend_basket(basket.variant_ids, basket.k))


@router.get(
    "/variants/{variant_id:path}/similar",
    summary="What to show beside a variant",
    responses=responses(404, 422, 503),
)
def beside_variant(
    variant_id: Annotated[Id, Path()], engine: TheEngine, k: K = 20
) -> Recommendations:
    """Variants that the same customers take; its style's where none is known."""
    return _answer(engine.similar(variant_id, k))


def _answer(listed: Listed) -> Recommendations:
    model_id, found = listed
    return Recommendations.model_validate({"model_id": model_id, **found.to_json()})
