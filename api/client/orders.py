"""Custom orders: quoted, held, confirmed, made and returned."""

from __future__ import annotations

from datetime import date
from typing import Literal

from api.client.sending import Sender
from api.service.order_schemas import (
    CapacityList,
    OrderAnswer,
    OrderRequest,
    QuoteAnswer,
    QuoteRequest,
    ReceiptAnswer,
    ReturnRequest,
    StepRequest,
)


class OrderCalls(Sender):
    """Quotes, orders and capacity. Steps are sent under a key, a new one unless `key` is given."""

    def quote(self, request: QuoteRequest) -> QuoteAnswer:
        """What an order costs, and by when it can be had; nothing is reserved."""
        return self._ask(QuoteAnswer, "POST", "/v1/quotes", body=request, again=True)

    def hold(self, request: OrderRequest, *, key: str | None = None) -> ReceiptAnswer:
        """Hold capacity for an order."""
        return self._once(ReceiptAnswer, "POST", "/v1/orders", body=request, key=key)

    def order(self, order_id: str) -> OrderAnswer:
        """An order as it stands."""
        return self._ask(OrderAnswer, "GET", "/v1/orders/{order_id}", order_id=order_id)

    def confirm(
        self, order_id: str, request: StepRequest, *, key: str | None = None
    ) -> ReceiptAnswer:
        """Commit to a held order."""
        return self._step("confirm", order_id, request, key)

    def cancel(
        self, order_id: str, request: StepRequest, *, key: str | None = None
    ) -> ReceiptAnswer:
        """Give an order's capacity back, before it is made."""
        return self._step("cancel", order_id, request, key)

    def start(
        self, order_id: str, request: StepRequest, *, key: str | None = None
    ) -> ReceiptAnswer:
        """Begin to make a confirmed order."""
        return self._step("start", order_id, request, key)

    def ship(self, order_id: str, request: StepRequest, *, key: str | None = None) -> ReceiptAnswer:
        """Ship what was made."""
        return self._step("ship", order_id, request, key)

    def take_back(
        self, order_id: str, request: ReturnRequest, *, key: str | None = None
    ) -> ReceiptAnswer:
        """Take back what was shipped."""
        return self._step("return", order_id, request, key)

    def capacity(
        self,
        *,
        resource_id: str | None = None,
        since: date | None = None,
        days: int | None = None,
    ) -> CapacityList:
        """What is free of resources, day by day."""
        return self._ask(
            CapacityList,
            "GET",
            "/v1/capacity",
            query={"resource_id": resource_id, "since": since, "days": days},
        )

    def _step(
        self,
        step: Literal["confirm", "cancel", "start", "ship", "return"],
        order_id: str,
        request: StepRequest,
        key: str | None,
    ) -> ReceiptAnswer:
        path = f"/v1/orders/{{order_id}}/{step}"
        return self._once(ReceiptAnswer, "POST", path, order_id=order_id, body=request, key=key)
