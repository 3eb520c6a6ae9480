"""What a shop asks: lists with reasons, and what customers do."""

from __future__ import annotations

from typing import TypedDict, Unpack

from api.client.sending import Sender
from api.lists import Collapse, ListRequest
from api.service.answer_schemas import AnswerRequest, FoundAnswers
from api.service.event_schemas import Events, Stored
from api.service.list_schemas import Recommendations


class Shown(TypedDict, total=False):
    """Parameters of any list."""

    k: int
    in_stock: bool
    region: str
    plan_bonus: float


class Rules(Shown, total=False):
    """Parameters of a list that shows many styles; `attribute` holds COLUMN=VALUE."""

    collapse: Collapse
    explore: float
    per_style: int
    attribute: list[str]
    min_price: float
    max_price: float


class CustomerRules(Rules, total=False):
    """Parameters of a customer's list."""

    exclude_seen: bool


class ShopCalls(Sender):
    """Lists and events."""

    def recommendations(self, customer_id: str, **rules: Unpack[CustomerRules]) -> Recommendations:
        """What to show a customer."""
        return self._ask(
            Recommendations,
            "GET",
            "/v1/customers/{customer_id}/recommendations",
            customer_id=customer_id,
            query=rules,
        )

    def recommend(self, request: ListRequest) -> Recommendations:
        """What to show a customer or a visitor with a basket, under any rules."""
        return self._ask(Recommendations, "POST", "/v1/recommendations", body=request, again=True)

    def variants_of_style(
        self, customer_id: str, style_id: str, **rules: Unpack[Shown]
    ) -> Recommendations:
        """Which variant of a style a customer most likely takes."""
        return self._ask(
            Recommendations,
            "GET",
            "/v1/customers/{customer_id}/styles/{style_id}/variants",
            customer_id=customer_id,
            style_id=style_id,
            query=rules,
        )

    def similar(self, variant_id: str, **rules: Unpack[Rules]) -> Recommendations:
        """What to show beside a variant."""
        return self._ask(
            Recommendations,
            "GET",
            "/v1/variants/{variant_id}/similar",
            variant_id=variant_id,
            query=rules,
        )

    def find_answers(self, request: AnswerRequest) -> FoundAnswers:
        """Which entries of the knowledge table answer a question."""
        return self._ask(FoundAnswers, "POST", "/v1/answers", body=request, again=True)

    def store_events(self, events: Events) -> Stored:
        """Store what customers did; their ids make it once."""
        return self._ask(Stored, "POST", "/v1/events", body=events, again=True)
