"""What to show: to a customer, to a visitor with a basket, beside a variant, of a style."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.routing import APIRoute

from api.lists import (
    MOST_VALUES,
    AskedRules,
    Collapse,
    ListRequest,
    Pair,
    Price,
    Weight,
    by_attribute,
)
from api.service.access import may
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.list_schemas import MOST_K, Recommendations
from api.service.problems import responses
from api.service.schemas import Id
from recsys.exploration.settings import Share

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["recommendations"])

K = Annotated[int, Query(ge=1, le=MOST_K, description="Length of the list.")]
InStock = Annotated[
    bool, Query(description="Only what the table 'lots' has on hand, or does not list.")
]
Region = Annotated[
    Id | None,
    Query(
        description="Where the list is shown: leaves out what is sold only elsewhere, and says "
        "what is popular there; without it, the customer's own."
    ),
]
PlanWeight = Annotated[
    Weight | None,
    Query(
        description="Weight of the latest plan's bonuses, in standard deviations of the customer's "
        "scores; 0 for none; without it, the setting's."
    ),
]


def rules_of_query(
    *,
    collapse: Annotated[
        Collapse | None,
        Query(description="'style', the default: one variant of each style; 'none': any number."),
    ] = None,
    per_style: Annotated[
        int | None,
        Query(ge=1, le=MOST_K, description="At most so many of a style, in place of collapse."),
    ] = None,
    in_stock: InStock = False,
    region: Region = None,
    attribute: Annotated[
        list[Pair],
        Query(
            max_length=MOST_VALUES,
            description="COLUMN=VALUE: only what has it; repeat for more values or columns.",
            examples=[["colour=blue"]],
        ),
    ] = [],  # noqa: B006  # FastAPI copies it
    min_price: Annotated[
        Price | None, Query(description="Least price; what has none is left out.")
    ] = None,
    max_price: Annotated[
        Price | None, Query(description="Largest price; what has none is left out.")
    ] = None,
    plan_bonus: PlanWeight = None,
    explore: Annotated[
        Share | None,
        Query(
            description="Share of a customer's list that explores: 0 for none, half of it at most; "
            "without it, the setting's."
        ),
    ] = None,
) -> AskedRules:
    """The rules that a query can say."""
    return AskedRules(
        collapse=collapse,
        per_style=per_style,
        in_stock=in_stock,
        region=region,
        attributes=by_attribute(attribute),
        min_price=min_price,
        max_price=max_price,
        plan_bonus=plan_bonus,
        explore=explore,
    )


TheRules = Annotated[AskedRules, Depends(rules_of_query)]


@router.get(
    "/customers/{customer_id:path}/recommendations",
    response_model=Recommendations,
    summary="What to show a customer",
    openapi_extra=may("shop"),
    responses=responses(422, 503),
)
def for_customer(
    *,
    customer_id: Annotated[Id, Path()],
    engine: TheEngine,
    rules: TheRules,
    k: K = 20,
    exclude_seen: Annotated[
        bool, Query(description="Leave out what the customer has bought.")
    ] = False,
) -> Response:
    """The customer's list with reasons, events of a minute ago included.

    A customer whom nobody knows gets what is popular, in the region if one is given, with
    `fallback` saying so.
    """
    return _answer(
        engine.listing.of_customer(
            customer_id, k, exclude_seen=exclude_seen, asked=rules, where="query"
        )
    )


@router.post(
    "/recommendations",
    response_model=Recommendations,
    summary="What to show a customer or a visitor with a basket, under any rules",
    openapi_extra=may("shop"),
    responses=responses(400, 413, 415, 422, 503),
)
def for_anyone(request: ListRequest, engine: TheEngine) -> Response:
    """A list for a customer, or for a visitor whom nobody knows, without what is in the basket."""
    where, seen = "body.rules", request.exclude_seen
    if request.customer_id is not None:
        return _answer(
            engine.listing.of_customer(
                request.customer_id,
                request.k,
                exclude_seen=bool(seen),
                asked=request.rules,
                where=where,
            )
        )
    return _answer(
        engine.listing.of_basket(
            request.variant_ids or [],
            request.k,
            exclude_seen=seen is not False,
            asked=request.rules,
            where=where,
        )
    )


@router.get(
    "/customers/{customer_id:path}/styles/{style_id:path}/variants",
    response_model=Recommendations,
    summary="Which variant of a style a customer most likely takes",
    openapi_extra=may("shop"),
    responses=responses(404, 422, 503),
)
def of_style(
    *,
    customer_id: Annotated[Id, Path()],
    style_id: Annotated[Id, Path()],
    engine: TheEngine,
    k: K = 20,
    in_stock: InStock = False,
    region: Region = None,
    plan_bonus: PlanWeight = None,
) -> Response:
    """The style's variants on sale, the customer's likely size and colour first.

    For a customer whom nobody knows: as everybody takes them, with `fallback` saying so.
    """
    asked = AskedRules(in_stock=in_stock, region=region, plan_bonus=plan_bonus)
    return _answer(engine.listing.of_style(customer_id, style_id, k, asked=asked, where="query"))


@router.get(
    "/variants/{variant_id:path}/similar",
    response_model=Recommendations,
    summary="What to show beside a variant",
    openapi_extra=may("shop"),
    responses=responses(404, 422, 503),
)
def beside_variant(
    *, variant_id: Annotated[Id, Path()], engine: TheEngine, rules: TheRules, k: K = 20
) -> Response:
    """Variants that the same customers take; its style's where none is known."""
    return _answer(engine.listing.similar(variant_id, k, asked=rules, where="query"))


def _answer(body: bytes) -> Response:
    """An answer whose bytes are the model's that the documentation names."""
    return Response(body, media_type="application/json")


PLAIN_LISTS: Final = next(
    one for one in router.routes if isinstance(one, APIRoute) and one.endpoint is for_customer
)
"""The route whose plain requests the fast lane answers."""
