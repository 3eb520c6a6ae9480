"""What a generated market is made from: its size, its habits, its dirt."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MONDAY = 0


def _monday(day: date) -> date:
    """Refuse a first day that is not the first of its week."""
    if day.weekday() != MONDAY:
        raise ValueError(f"{day} is no Monday; weeks start on Monday")
    return day


Share = Annotated[float, Field(ge=0, le=1)]


class MarketSettings(BaseModel):
    """Size and habits of a generated market; the defaults are the sample's.

    Order lines are about customers x weeks x visits x basket x 2/3; memory is about 1 kB for
    each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=20240101, ge=0, lt=2**63)
    """The only source of randomness."""

    customers: int = Field(default=1200, ge=1, le=2_000_000)
    """Customers who exist at any time of the market, also those who join late or lapse early."""

    styles: int = Field(default=60, ge=1, le=20_000)
    """Styles; each has about nine variants in colour, size and material."""

    weeks: int = Field(default=104, ge=4, le=1040)
    """Weeks of orders."""

    future_weeks: int = Field(default=10, ge=1, le=52)
    """Weeks after the last order that the market table and the truth go on for."""

    start: Annotated[date, AfterValidator(_monday)] = date(2024, 1, 1)
    """The first day, a Monday."""

    visits: float = Field(default=0.22, gt=0, le=1)
    """Mean visits of an active customer a week."""

    basket: float = Field(default=3.4, gt=0, le=50)
    """Mean order lines that a visit leads to, were all variants on sale at their list prices."""

    lapse: float = Field(default=0.004, gt=0, lt=1)
    """Share of active customers who lapse for good in a week."""

    habit: Share = 0.40
    """Mean share of order lines that repeat one of a customer's favourites."""

    guests: Share = 0.07
    """Share of orders that name no customer."""

    cover: float = Field(default=1.6, gt=0, le=52)
    """Weeks of demand that the shop's own stock rule covers; less of it, more stock-outs."""

    substitution: Share = 0.35
    """Chance that a customer who finds a variant sold out takes a sibling of the same style."""

    returns: Share = 0.05
    """Chance that a line of one size off comes back; it rises and falls with the misfit."""

    browsing: float = Field(default=0.45, ge=0, le=20)
    """Events for each order line."""

    composed: Share = 0.12
    """Share of the order lines of the first shirt that are made to order, options chosen."""

    capacity: float = Field(default=0.85, gt=0, le=10)
    """Capacity of the scarcest resource as a share of what the coming weeks' demand would take."""


SAMPLE = MarketSettings()
"""The market that ships in `data/sample/`."""
