"""Figures of the running service for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.service.access import may
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.metrics import CONTENT_TYPE, ModelGauges, exposition
from api.service.problems import responses

router = APIRouter(route_class=StrictRoute, tags=["health"])


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    openapi_extra=may("planner"),
    responses={
        200: {
            "description": "Prometheus' text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **responses(422),
    },
)
def metrics(engine: TheEngine) -> Response:
    """Latency by route, fallbacks, refusals, events; the model's age, and what was shown of it."""
    gauges = ModelGauges(engine.serving, engine.drift, engine.settings.timezone)
    return Response(exposition(gauges), media_type=CONTENT_TYPE)
