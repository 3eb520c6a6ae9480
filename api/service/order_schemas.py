"""What requests and answers of quotes, orders and capacity look like."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from api.service.product_schemas import MOST_CHOICES, ChoiceText, Money, PriceAnswer
from api.service.schemas import Answer, Id, Request, example
from data.ledger.states import State
from data.ledger.terms import LONGEST_HOLD, LONGEST_REASON
from production.configuration.options import QUANTITIES

MOST_QUOTED: Final = 50
MINUTES: Final = int(LONGEST_HOLD.total_seconds() // 60)


class LineRequest(Request):
    """One line: a product, what is chosen of it, and units."""

    style_id: Id = Field(examples=["SH001"])
    choices: list[ChoiceText] = Field(default=[], max_length=MOST_CHOICES)
    quantity: int = Field(default=1, ge=1, le=QUANTITIES)


Lines = Annotated[list[LineRequest], Field(min_length=1, max_length=MOST_QUOTED)]
_LINE = {"style_id": "SH001", "choices": ["white", "M", "monogram", "letters=3"], "quantity": 1}


class QuoteRequest(Request):
    """What is to be quoted."""

    model_config = example(lines=[_LINE])

    lines: Lines


class QuotedLineAnswer(Answer):
    """One line with its price."""

    style_id: str
    choices: list[str]
    quantity: int
    price: PriceAnswer
    lead_time_days: int


class AlternativeAnswer(Answer):
    """What would be had sooner."""

    line: int = Field(description="Which line is changed, from 0.")
    without: str | None = Field(description="The choice that is left out; null for fewer units.")
    quantity: int
    promised_on: date
    days_sooner: int
    total: Money = Field(description="Of the whole order then.")


class ReliabilityAnswer(Answer):
    """How past promises were kept."""

    kept: float = Field(description="Probability that this one is.")
    based_on: int = Field(description="Shipped orders that it was learned from.")
    days_late: int = Field(description="Nine of ten were at most so many days late.")


class QuoteAnswer(Answer):
    """An offer; it reserves nothing."""

    quote_id: str
    expires_at: datetime = Field(description="Until when it can be ordered (UTC).")
    currency: str
    lines: list[QuotedLineAnswer]
    total: Money
    promised_on: date = Field(description="The day by which the order is ready to be shipped.")
    waits_for: str | None = Field(
        description="The resource or material without which it would be sooner; null where it is "
        "the lead time."
    )
    alternatives: list[AlternativeAnswer] = Field(description="Soonest first.")
    reliability: ReliabilityAnswer | None = Field(description="null where nothing was shipped yet.")


class OrderRequest(Request):
    """An order to hold capacity for: what was quoted, or lines that are quoted now."""

    model_config = example(lines=[_LINE], hold_minutes=15)

    quote_id: Id | None = None
    lines: Lines | None = None
    customer_id: Id | None = Field(default=None, description="null for a guest.")
    hold_minutes: int | None = Field(
        default=None, ge=1, le=MINUTES, description="Without it, the setting `hold_minutes`."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.quote_id is None) == (self.lines is None):
            raise ValueError("send either quote_id or lines")
        return self


class StepRequest(Request):
    """The version of the order that a step was decided on."""

    model_config = example(version=1)

    version: int = Field(ge=1, le=2**31)
    reason: str = Field(default="", max_length=LONGEST_REASON, pattern=r"^[^\x00-\x1f\x7f]*$")


class ReturnRequest(StepRequest):
    """The version of the order, and why it came back."""

    model_config = example(version=4, reason="too small")

    reason: str = Field(min_length=1, max_length=LONGEST_REASON, pattern=r"^[^\x00-\x1f\x7f]+$")


class ReceiptAnswer(Answer):
    """What a step led to; the same request under the same key answers the same."""

    order_id: str
    state: State
    version: int = Field(description="What the next step has to name.")
    expires_at: datetime = Field(description="Until when a held order must be confirmed (UTC).")
    replayed: bool = Field(description="Whether this was answered to the key before.")


class NeedAnswer(Answer):
    """What a line takes of a resource on a day."""

    resource_id: str
    day: date
    amount: float = Field(description="In the resource's unit.")


class OrderLineAnswer(Answer):
    """One line of an order."""

    style_id: str | None
    variant_id: str | None
    choices: list[str]
    quantity: int
    price: Money = Field(description="Of all its units.")
    needs: list[NeedAnswer]


class OrderAnswer(Answer):
    """An order as it stands."""

    order_id: str
    state: State
    version: int
    currency: str
    total: Money
    promised_on: date | None
    shipped_on: date | None = Field(description="The day on the shop's clock.")
    made_at: datetime
    changed_at: datetime
    expires_at: datetime
    reason: str
    lines: list[OrderLineAnswer]


class CapacityLine(Answer):
    """A resource on a day, in its unit; amount = free + held + committed."""

    resource_id: str
    day: date
    amount: float
    free: float
    held: float
    committed: float


class CapacityList(Answer):
    """Capacity by resource and day."""

    capacity: list[CapacityLine]
