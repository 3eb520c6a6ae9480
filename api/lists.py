"""What may be asked of a list, as the service and the command line read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from api.errors import Invalid, Malformed
from api.service import strict_json
from api.service.list_schemas import MOST_K
from api.service.schemas import Day, Id, Request
from data.tables import MOST_MONEY
from recsys.exploration.settings import Share
from recsys.lists.rules import MOST_AMOUNT, MOST_WEIGHT, Boost, PlanBonus, Rules, Stock

MOST_LINES: Final = 200
MOST_IDS: Final = 5000
MOST_BOOSTS: Final = 100
MOST_VALUES: Final = 20

Collapse = Literal["style", "none"]
Price = Annotated[float, Field(ge=0, le=MOST_MONEY)]
Amount = Annotated[float, Field(ge=-MOST_AMOUNT, le=MOST_AMOUNT)]
Weight = Annotated[float, Field(ge=0, le=MOST_WEIGHT)]
Pair = Annotated[
    str,
    Field(max_length=401, pattern=r"^[^\x00-\x1f\x7f=]{1,200}=[^\x00-\x1f\x7f]{1,200}$"),
]
"""COLUMN=VALUE of an attribute."""


class AskedBoost(Request):
    """Moves a variant, a style or all variants with an attribute's value, up or down."""

    amount: Amount = Field(
        description="Added to the score, in standard deviations of the customer's scores over what "
        "may be shown; below 0 it moves down.",
        examples=[1.5],
    )
    variant_id: Id | None = Field(default=None, description="What it moves: exactly one of three.")
    style_id: Id | None = None
    attribute: Pair | None = Field(default=None, examples=["colour=blue"])
    until: Day | None = Field(
        default=None, description="The last day on which it counts, by the shop's clock."
    )

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        given = (self.variant_id, self.style_id, self.attribute)
        if sum(target is not None for target in given) != 1:
            raise ValueError("must have exactly one of variant_id, style_id and attribute")
        return self

    def boost(self) -> Boost:
        """The boost as the recommender takes it."""
        column, _, value = (self.attribute or "").partition("=")
        return Boost(
            amount=self.amount,
            variant_id=self.variant_id,
            style_id=self.style_id,
            attribute=None if self.attribute is None else (column, value),
            until=self.until,
        )


class AskedRules(Request):
    """What may be shown, how it is moved, how many of a style there may be."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "per_style": 2,
                    "attributes": {"colour": ["blue", "white"]},
                    "max_price": 90,
                    "boosts": [{"style_id": "SH001", "amount": 1.5, "until": "2199-12-31"}],
                }
            ]
        }
    )

    collapse: Collapse | None = Field(
        default=None,
        description="'style', the default: one variant of each style; 'none': any number.",
    )
    per_style: int | None = Field(
        default=None, ge=1, le=MOST_K, description="At most so many, in place of collapse."
    )
    allow: list[Id] | None = Field(
        default=None, max_length=MOST_IDS, description="The only variants that may be shown."
    )
    deny: list[Id] = Field(
        default=[], max_length=MOST_IDS, description="Variants that may not be shown."
    )
    deny_styles: list[Id] = Field(
        default=[], max_length=MOST_IDS, description="Styles that may not be shown."
    )
    in_stock: bool = Field(
        default=False, description="Only what the table 'lots' has on hand, or does not list."
    )
    region: Id | None = Field(
        default=None,
        description="Where the list is shown: leaves out what is sold only elsewhere, and says "
        "what is popular there; without it, the customer's own.",
    )
    attributes: dict[Id, Annotated[list[Id], Field(min_length=1, max_length=MOST_VALUES)]] = Field(
        default={},
        max_length=MOST_VALUES,
        description="By attribute, the only values that may be shown.",
        examples=[{"colour": ["blue"]}],
    )
    min_price: Price | None = Field(
        default=None, description="Least price; what has none is left out."
    )
    max_price: Price | None = Field(
        default=None, description="Largest price; what has none is left out."
    )
    plan_bonus: Weight | None = Field(
        default=None,
        description="Weight of the latest plan's bonuses, in standard deviations of the customer's "
        "scores; 0 for none; without it, the setting's.",
    )
    explore: Share | None = Field(
        default=None,
        description="Share of a customer's list that explores: 0 for none, half of it at most; "
        "without it, the setting's.",
    )
    boosts: list[AskedBoost] = Field(default=[], max_length=MOST_BOOSTS)
    bonus: dict[Id, Amount] = Field(
        default={},
        max_length=MOST_IDS,
        description="By variant, what a plan or another program adds, in the unit of a boost.",
        examples=[{"SH001-WHI-M-WO": 0.4}],
    )

    def rules(
        self,
        *,
        stock: Stock | None,
        today: date | None,
        plan: PlanBonus | None = None,
        plan_weight: float = 0.0,
    ) -> Rules:
        """The rules as the recommender takes them.

        Args:
            stock: what is on hand, where `in_stock` asks for it.
            today: the day on which the list is looked at.
            plan: what the latest plan says of variants.
            plan_weight: its weight, see `Rules`.

        Raises:
            Invalid: both `collapse` and `per_style` are given.
            BadRules: the prices are the wrong way round.
        """
        if self.collapse is not None and self.per_style is not None:
            raise Invalid(
                "Both say how many variants of a style there may be.",
                where="per_style",
                fix="Give either collapse or per_style.",
            )
        each = 1 if self.per_style is None else self.per_style
        return Rules(
            allow=None if self.allow is None else tuple(self.allow),
            deny=tuple(self.deny),
            deny_styles=tuple(self.deny_styles),
            stock=stock,
            region=self.region,
            attributes=tuple(
                (name, value) for name, values in self.attributes.items() for value in values
            ),
            min_price=self.min_price,
            max_price=self.max_price,
            per_style=None if self.collapse == "none" else each,
            boosts=tuple(boost.boost() for boost in self.boosts),
            bonus=self.bonus or None,
            plan=plan,
            plan_weight=plan_weight,
            today=today,
        )


class ListRequest(Request):
    """For whom a list is asked, and under which rules."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"variant_ids": ["SH001-WHI-M-WO"], "k": 5},
                {"customer_id": "10242", "rules": {"in_stock": True, "per_style": 2}},
            ]
        }
    )

    customer_id: Id | None = Field(
        default=None, description="A customer; give this or variant_ids."
    )
    variant_ids: list[Id] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_LINES,
        description="The basket of a visitor nobody knows, in any order.",
    )
    k: int = Field(default=20, ge=1, le=MOST_K, description="Length of the list.")
    exclude_seen: bool | None = Field(
        default=None,
        description="Leave out what the customer has bought (false unless given), or what lies in "
        "the basket (true unless given).",
    )
    rules: AskedRules = AskedRules()

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.customer_id is None) == (self.variant_ids is None):
            raise ValueError("must have either customer_id or variant_ids")
        return self


def by_attribute(pairs: Sequence[str]) -> dict[str, list[str]]:
    """COLUMN=VALUE texts as the values of each column."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        column, _, value = pair.partition("=")
        found.setdefault(column, []).append(value)
    return found


def rules_file(path: Path) -> AskedRules:
    """The rules of a JSON file, in the form of the service's `rules`.

    Raises:
        Malformed: the file is no JSON.
        Invalid: it cannot be read, or a field is unknown or out of bounds.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Invalid(
            f"The file cannot be read: {error.strerror}.", where=str(path), fix="Name another."
        ) from None
    try:
        fields = strict_json.parse(content)
    except Malformed as error:
        raise Malformed(
            error.what.replace("The body", "The file"),
            where=error.where.replace(strict_json.WHERE, str(path), 1),
            fix="Write one JSON object; docs/api.md describes the rules.",
        ) from None
    return asked_rules(fields, where=str(path))


def asked_rules(fields: object, *, where: str) -> AskedRules:
    """Rules from plain values, read as strictly as a request's body.

    Raises:
        Invalid: a field is unknown or out of bounds.
    """
    try:
        return AskedRules.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Invalid(
            f"{first['msg'].removeprefix('Value error, ')}.",
            where=f"{where}: {place}" if place else where,
            fix="docs/api.md describes the rules.",
        ) from None
