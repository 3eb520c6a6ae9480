"""What customers do right now: stored durably, seen by their next recommendations."""

from __future__ import annotations

from fastapi import APIRouter

from api.service.access import may
from api.service.engine import TheEngine
from api.service.event_schemas import Events, Stored
from api.service.limits import StrictRoute
from api.service.problems import responses

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["events"])


@router.post(
    "/events",
    summary="Store what customers did",
    status_code=200,
    openapi_extra=may("shop"),
    responses=responses(400, 404, 409, 413, 415, 422, 503),
)
def store_events(batch: Events, engine: TheEngine) -> Stored:
    """All events are durable when this answers, or none is stored.

    Sending an event again changes nothing; the same event_id with another content is a 409.
    """
    return Stored(received=len(batch.events), stored=engine.append(batch.events))
