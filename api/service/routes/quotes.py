"""Quotes: what an order costs, by when it can be had, and what would be had sooner."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from api.configurations import price_json
from api.ordering import AskedLine, Offer, money
from api.service.access import may
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.order_schemas import LineRequest, QuoteAnswer, QuoteRequest
from api.service.problems import responses

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["custom orders"])


@router.post(
    "/quotes",
    summary="Quote an order",
    status_code=201,
    openapi_extra=may("shop"),
    responses=responses(400, 404, 409, 413, 415, 422, 503),
)
def make_quote(request: QuoteRequest, engine: TheEngine) -> QuoteAnswer:
    """Nothing is reserved: the order that follows holds the capacity, or says that it is gone."""
    return QuoteAnswer.model_validate(_answer(engine.ordering.offer(asked_lines(request.lines))))


def asked_lines(lines: list[LineRequest]) -> list[AskedLine]:
    """The lines of a request."""
    return [
        AskedLine(style_id=one.style_id, choices=tuple(one.choices), quantity=one.quantity)
        for one in lines
    ]


def _answer(offer: Offer) -> dict[str, Any]:
    quote = offer.quote
    return {
        "quote_id": offer.quote_id,
        "expires_at": offer.expires_at,
        "currency": quote.currency,
        "total": money(quote.total),
        "promised_on": quote.promise.day,
        "waits_for": quote.promise.waits_for,
        "reliability": None if offer.reliability is None else asdict(offer.reliability),
        "lines": [
            {
                "style_id": line.style_id,
                "choices": line.choices,
                "quantity": line.quantity,
                "price": price_json(line.price),
                "lead_time_days": line.work.lead_time_days,
            }
            for line in quote.lines
        ],
        "alternatives": [
            {
                "line": one.line,
                "without": one.without,
                "quantity": one.quantity,
                "promised_on": one.day,
                "days_sooner": one.days_sooner,
                "total": money(one.total),
            }
            for one in quote.alternatives
        ],
    }
