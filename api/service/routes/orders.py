"""Orders: held, confirmed, made, shipped, cancelled or returned; each step once a key."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Request

from api.errors import Invalid
from api.order_json import order_json
from api.service.access import OPEN, may
from api.service.counters import SHORT, STEPS
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.order_schemas import (
    OrderAnswer,
    OrderRequest,
    ReceiptAnswer,
    ReturnRequest,
    StepRequest,
)
from api.service.problems import responses
from api.service.routes.quotes import asked_lines
from api.service.schemas import Id
from data.errors import OutOfCapacity
from data.ledger import Receipt, RequestKey
from production.errors import NoPromise

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["custom orders"])

REFUSALS: Final = responses(400, 404, 409, 413, 415, 422, 503)

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Made by the client, one for each request that is meant; the same request sent "
        "again under it gets the first answer.",
        examples=["4f2a9c1e-0d57-4c0a-8d4e-6a1b2c3d4e5f"],
    ),
]
OrderId = Annotated[Id, Path(examples=["0f8fad5bd9cb469fa16570867728950e"])]


@router.post(
    "/orders",
    summary="Hold capacity for an order",
    status_code=201,
    openapi_extra=may("shop"),
    responses=REFUSALS,
)
def hold(request: OrderRequest, http: Request, key: Key, engine: TheEngine) -> ReceiptAnswer:
    """All lines or none; what is held is given back unless it is confirmed in time."""
    ordering = engine.ordering
    customer = None if request.customer_id is None else engine.customer_of(request.customer_id)
    minutes = request.hold_minutes or engine.settings.promise.hold_minutes
    asked = _request(http, key, request.model_dump_json())
    try:
        if request.quote_id is not None:
            receipt = ordering.hold_quote(
                request.quote_id,
                customer_id=customer,
                hold_for=timedelta(minutes=minutes),
                request=asked,
            )
        else:
            receipt = ordering.hold_lines(
                asked_lines(request.lines or []),
                customer_id=customer,
                hold_for=timedelta(minutes=minutes),
                request=asked,
            )
    except (OutOfCapacity, NoPromise):
        SHORT.inc()
        raise
    return _receipt(receipt)


@router.get(
    "/orders/{order_id}",
    summary="An order as it stands",
    openapi_extra=may("shop"),
    responses=responses(404, 422, 503),
)
def order(order_id: OrderId, engine: TheEngine) -> OrderAnswer:
    """Who ordered is not told."""
    return OrderAnswer.model_validate(order_json(engine.ordering.ledger.order(order_id)))


@router.post(
    "/orders/{order_id}/confirm",
    summary="Commit to a held order",
    openapi_extra=may("shop"),
    responses=REFUSALS,
)
def confirm(
    order_id: OrderId, request: StepRequest, http: Request, key: Key, engine: TheEngine
) -> ReceiptAnswer:
    """From here on its capacity is committed."""
    asked = _request(http, key, request.model_dump_json())
    ledger = engine.ordering.ledger
    return _receipt(ledger.confirm(order_id, version=request.version, request=asked))


@router.post(
    "/orders/{order_id}/cancel",
    summary="Cancel an order before it is made",
    openapi_extra=may("shop"),
    responses=REFUSALS,
)
def cancel(
    order_id: OrderId, request: StepRequest, http: Request, key: Key, engine: TheEngine
) -> ReceiptAnswer:
    """Its capacity is free again."""
    asked = _request(http, key, request.model_dump_json())
    return _receipt(
        engine.ordering.ledger.cancel(
            order_id, version=request.version, reason=request.reason, request=asked
        )
    )


@router.post(
    "/orders/{order_id}/start",
    summary="Begin to make a confirmed order",
    openapi_extra=may("planner"),
    responses=REFUSALS,
)
def start(
    order_id: OrderId, request: StepRequest, http: Request, key: Key, engine: TheEngine
) -> ReceiptAnswer:
    """From here on it cannot be cancelled."""
    asked = _request(http, key, request.model_dump_json())
    ledger = engine.ordering.ledger
    return _receipt(ledger.start(order_id, version=request.version, request=asked))


@router.post(
    "/orders/{order_id}/ship",
    summary="Ship what was made",
    openapi_extra=may("planner"),
    responses=REFUSALS,
)
def ship(
    order_id: OrderId, request: StepRequest, http: Request, key: Key, engine: TheEngine
) -> ReceiptAnswer:
    """The day beside the promised one says how sure the next promises are."""
    asked = _request(http, key, request.model_dump_json())
    ledger = engine.ordering.ledger
    return _receipt(ledger.ship(order_id, version=request.version, request=asked))


@router.post(
    "/orders/{order_id}/return",
    summary="Take back what was shipped",
    openapi_extra=may("shop"),
    responses=REFUSALS,
)
def take_back(
    order_id: OrderId, request: ReturnRequest, http: Request, key: Key, engine: TheEngine
) -> ReceiptAnswer:
    """The work stays done, so no capacity is given back."""
    asked = _request(http, key, request.model_dump_json())
    return _receipt(
        engine.ordering.ledger.return_(
            order_id, version=request.version, reason=request.reason, request=asked
        )
    )


def _request(http: Request, key: str, body: str) -> RequestKey:
    """By what the ledger knows a request when it is sent again."""
    if not key.isprintable() or not key.strip():
        raise Invalid(
            "The key is no printable text.",
            where="header Idempotency-Key",
            fix="Send 1 to 200 printable characters, such as a random UUID.",
        )
    scope = str(http.scope.get("atelier.key_id", OPEN))
    return RequestKey(scope=scope, key=key, digest=hashlib.sha256(body.encode()).hexdigest())


def _receipt(receipt: Receipt) -> ReceiptAnswer:
    if not receipt.replayed:
        STEPS.labels(receipt.state).inc()
    return ReceiptAnswer(
        order_id=receipt.order_id,
        state=receipt.state,
        version=receipt.version,
        expires_at=receipt.expires_at,
        replayed=receipt.replayed,
    )
