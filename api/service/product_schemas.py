"""What requests and answers of products look like that customers compose."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field

from api.service.schemas import Answer, Id, Request, example
from production.configuration.options import QUANTITIES
from production.configuration.uvl.model import Kind

MOST_CHOICES: Final = 1_000
MOST_LIKELY: Final = 20
MOST_QUESTIONS: Final = 20

Money = Annotated[str, Field(description="An exact decimal.", examples=["79.00"])]
Standing = Literal["on", "off", "open"]
ChoiceText = Annotated[
    str, Field(min_length=1, max_length=1_300, examples=["monogram", "!gift-box", "letters=3"])
]
"""`NAME`, `!NAME` or `NAME=VALUE`."""


class ProductLine(Answer):
    """A product that can be composed."""

    style_id: str = Field(examples=["SH001"])
    name: str | None = Field(description="The root of its model.", examples=["Anise shirt"])
    options: int | None = Field(description="How many its model has.")
    currency: str | None = Field(description="ISO 4217; null without prices.", examples=["EUR"])
    price: Money | None = Field(description="Of a unit with no option.")
    lead_time_days: int | None = Field(description="Of a unit with no option.")
    refused: str | None = Field(
        default=None, description="Why its files cannot be read; null where they can."
    )


class ProductList(Answer):
    """The products that can be composed, by style id."""

    products: list[ProductLine]


class OptionGroup(Answer):
    """Options under one, of which so many are taken where it is."""

    least: int
    most: int
    options: list[str]


class OptionPrice(Answer):
    """What an option adds to the price of a unit; combinations of options may add more."""

    unit: Money
    once: Money = Field(description="Once an order line, whatever its quantity.")
    each: Money = Field(description="Times its number or its instances.")
    lead_time_days: int


class OptionBranch(Answer):
    """An option where it stands in the tree, and what is known of it before any choice."""

    name: str = Field(examples=["monogram"])
    parent: str | None = Field(description="The option above it; null for the root.")
    depth: int
    below: int = Field(description="Options below it, at any depth.")
    kind: Kind = Field(description="Anything but Boolean takes a value with it.")
    instances: tuple[int, int] | None = Field(description="How many of it there can be.")
    values: list[str] = Field(description="Numbers or texts that may be chosen of it.")
    state: Standing = Field(description="on in every configuration, off in every one, or open.")
    groups: list[OptionGroup] = Field(description="Of the options directly below it.")
    price: OptionPrice | None = Field(description="null where it adds nothing.")


class OptionTree(Answer):
    """A page of the tree of a product's options."""

    style_id: str
    name: str
    options: int = Field(description="Of the whole model.")
    currency: str | None
    total: int = Field(description="Options asked for, without `limit` and `offset`.")
    tree: list[OptionBranch] = Field(description="Parents before their children.")


class ConfigurationRequest(Request):
    """What a customer has chosen so far."""

    model_config = example(choices=["white", "monogram", "letters=3", "!gift-box"], quantity=1)

    choices: list[ChoiceText] = Field(
        default=[], max_length=MOST_CHOICES, description="In the order in which they were made."
    )
    quantity: int = Field(default=1, ge=1, le=QUANTITIES)
    customer_id: Id | None = Field(default=None, description="Whose likely choices; may be null.")
    likely: int = Field(default=5, ge=0, le=MOST_LIKELY, description="Likely choices to name.")
    list_open: bool = Field(default=False, description="Name all open options, however many.")


class Question(Answer):
    """What must still be chosen."""

    option: str = Field(description="The one with the group, or with the number or text.")
    least: int | None = Field(description="How many below it; null asks for a number or text.")
    most: int | None


class Reason(Answer):
    """A line of the model."""

    line: int
    rule: str = Field(examples=["double-cuffs => !horn-buttons"])


class ConflictAnswer(Answer):
    """Why choices cannot be had together."""

    choices: list[str] = Field(description="As few as can be that no configuration has.")
    changes: list[list[str]] = Field(
        description="Which choices to withdraw so that the others can be had, fewest first."
    )
    because: list[Reason] = Field(description="What rules them out together.")
    looked_at: int = Field(
        description="To so many of the choices it refers, from the first on: where there are "
        "many, up to the first that cannot be had with those before it."
    )


class PriceItem(Answer):
    """One line of a price."""

    what: str = Field(examples=["monogram", "letters x 3", "quantity (from 10: 5 %)"])
    unit: Money | None = Field(description="null for what is added once, or on the whole.")
    amount: Money


class PriceAnswer(Answer):
    """An itemised price of what is certain."""

    currency: str
    quantity: int
    items: list[PriceItem]
    total: Money = Field(description="The sum of the items.")
    numbers_open: list[str] = Field(description="In it, but their number is not chosen yet.")


class LikelyAnswer(Answer):
    """A choice that can be made now, and how likely the finished product has it."""

    choice: str
    probability: float


class Note(Answer):
    """Something to know of the answer."""

    code: str
    what: str


class ConfigurationAnswer(Answer):
    """Where a customer stands. Options named nowhere are as the tree says."""

    style_id: str
    valid: bool = Field(description="Whether the choices can be had together.")
    forced_on: list[str] = Field(
        description="Options that the choices make certain, those chosen too."
    )
    forced_off: list[str] = Field(description="Options that the choices rule out.")
    instead: list[str] = Field(
        description="Of those ruled out, what can be taken in place of another of its group."
    )
    open: int = Field(description="Options that may be taken or left.")
    open_options: list[str] | None = Field(description="Their names, where asked for.")
    values: dict[str, list[str]] = Field(
        description="What may now be chosen of numbers, texts and instances, by option; where it "
        "is not what the tree says."
    )
    conflict: ConflictAnswer | None
    to_choose: list[Question] = Field(description="What must still be chosen: the first 20.")
    left_to_choose: int = Field(
        description="How many there are in all; where 0, all that is open may be left off."
    )
    price: PriceAnswer | None = Field(description="null without prices, or where not valid.")
    lead_time_days: int | None
    promised_on: date | None = Field(
        description="By when it could be had if it were ordered now; null where something is left "
        "to choose, or no day has the capacity. Nothing is kept for it."
    )
    likely: list[LikelyAnswer] = Field(description="The likeliest first.")
    notes: list[Note]
