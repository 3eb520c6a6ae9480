"""Products that customers compose: which there are, their options, and where choices lead."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query

from api.service.access import may
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.problems import responses
from api.service.product_schemas import (
    ConfigurationAnswer,
    ConfigurationRequest,
    OptionTree,
    ProductList,
)
from api.service.schemas import MOST_ROWS, Id

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["custom orders"])

MOST_LEVELS: Final = 1_000


@router.get(
    "/products",
    summary="Products that can be composed",
    openapi_extra=may("shop"),
    responses=responses(422, 503),
)
def products(engine: TheEngine) -> ProductList:
    """Each in a line; one whose files cannot be read says why."""
    return ProductList.model_validate({"products": engine.configuring.listed()})


@router.get(
    "/products/{style_id:path}/configuration",
    summary="A product's options",
    openapi_extra=may("shop"),
    responses=responses(404, 422, 503),
)
def option_tree(  # noqa: PLR0917  # each is a parameter of the query
    style_id: Annotated[Id, Path()],
    engine: TheEngine,
    option: Annotated[Id | None, Query(description="Begin here; without it, at the root.")] = None,
    levels: Annotated[
        int | None, Query(ge=0, le=MOST_LEVELS, description="So far down; without it, all.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Options of a page.")] = 500,
    offset: Annotated[int, Query(ge=0, le=10**9, description="Options before the page.")] = 0,
) -> OptionTree:
    """The tree, parents before their children, each with its state before any choice."""
    found = engine.configuring.tree(style_id, option, levels=levels, offset=offset, limit=limit)
    return OptionTree.model_validate(found)


@router.post(
    "/products/{style_id:path}/configuration",
    summary="Where choices lead",
    openapi_extra=may("shop"),
    responses=responses(400, 404, 413, 415, 422, 503),
)
def configure(
    style_id: Annotated[Id, Path()], request: ConfigurationRequest, engine: TheEngine
) -> ConfigurationAnswer:
    """What the choices force and rule out beyond the tree, what they cost, what is likely next.

    Choices that cannot be had together are answered too, with the smallest changes that help.
    """
    return ConfigurationAnswer.model_validate(engine.configuring.answer(style_id, request))
