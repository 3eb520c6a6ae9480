"""Custom orders as the command line and the service show them."""

from __future__ import annotations

from typing import Any

from api.ordering import money
from data.ledger import MILLI, Line, Order


def order_json(order: Order) -> dict[str, Any]:
    """An order for programs; who ordered is not told."""
    names = ("promised_on", "shipped_on", "made_at", "changed_at", "expires_at", "reason")
    return {
        "order_id": order.order_id,
        "state": order.state,
        "version": order.version,
        "currency": order.currency,
        "total": money(order.total),
        **{name: getattr(order, name) for name in names},
        "lines": [_line(line) for line in order.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "style_id": line.style_id,
        "variant_id": line.variant_id,
        "choices": list(line.configuration),
        "quantity": line.quantity,
        "price": line.price,
        "needs": [
            {"resource_id": need.resource_id, "day": need.day, "amount": need.amount / MILLI}
            for need in line.needs
        ],
    }
