"""Pages for people. They hold nothing of the workspace; what they show they ask of the API."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from api.pages.page import page_of
from api.service.access import may
from api.service.limits import StrictRoute
from api.service.problems import responses
from api.service.schemas import Id

router = APIRouter(route_class=StrictRoute, tags=["pages"])

CONFIGURE: Final = page_of(
    "configure",
    (
        "drawing.js", "knowing.js", "ask.js", "options.js", "choices.js", "conflict.js",
        "summary.js", "order.js", "main.js",
    ),
)  # fmt: skip


@router.get(
    "/configure/{style_id:path}",
    summary="The page on which a customer composes a product",
    openapi_extra=may("open"),
    response_class=HTMLResponse,
    responses=responses(422),
)
async def configure_page(style_id: Annotated[Id, Path()]) -> HTMLResponse:
    """The same for every style, and for who has a key and who has not."""
    return HTMLResponse(CONFIGURE.html(style_id=style_id), headers=dict(CONFIGURE.headers))
