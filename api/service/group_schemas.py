"""What the routes of customer groups answer."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from api.service.schemas import Answer

Class = Literal["new", "returning", "lapsing", "dormant"]


class GroupLiking(Answer):
    """Something that a group takes more than others."""

    kind: str = Field(description="'word' of the title, or an attribute column's name.")
    value: str
    share: float = Field(description="Of the lines of the group's mean customer.")
    others: float = Field(description="Of the lines of all others' mean customer.")
    lift: float = Field(description="How many times as much as others.")
    customers: int = Field(description="How many of the group took it.")


class GroupVariant(Answer):
    """A variant that stands for a group."""

    variant_id: str
    title: str
    share: float
    others: float
    lift: float
    customers: int


class GroupRegion(Answer):
    """Where a group's customers are; small regions are summed as 'other'."""

    region: str
    customers: int
    share: float = Field(description="Of the group's customers.")
    of_all: float = Field(description="Of all customers.")


class GroupProfile(Answer):
    """One group of customers."""

    group_id: str = Field(examples=["g1"])
    name: str = Field(description="What it takes and how it buys, in a few words.")
    customers: int
    customer_share: float
    unit_share: float
    money_share: float
    price_level: float = Field(description="1 is what all customers pay a line.")
    money_a_purchase: float = Field(description="Median.")
    lines_a_purchase: float = Field(description="Median.")
    days_between: float | None = Field(description="Median; null where nobody ordered twice.")
    recent_share: float = Field(description="Ordered within the last 90 days.")
    long_chance: float | None = Field(description="Mean chance of an order within 90 days.")
    classes: dict[Class, int | None] = Field(description="Customers; null where too few to tell.")
    likings: list[GroupLiking]
    variants: list[GroupVariant]
    regions: list[GroupRegion]


class VariantShare(Answer):
    """A variant's part of a group's demand."""

    variant_id: str
    demand: float


class GroupDemand(Answer):
    """A group's or a region's part of the forecast."""

    name: str = Field(description="A group_id, 'no group', or a region.")
    demand: float = Field(description="Units expected over the horizon.")
    share: float
    variants: list[VariantShare] = Field(description="The largest.")


class DemandSplit(Answer):
    """The latest forecast split over groups and over regions; each adds up to the whole."""

    forecast_id: str
    origin: str
    horizon: int
    period: Literal["week", "day"]
    groups: list[GroupDemand]
    regions: list[GroupDemand]


class CustomerGroupsAnswer(Answer):
    """All groups."""

    groups_id: str
    as_of: str = Field(description="They stand on what lay before this day.")
    days: int
    long_days: int
    least: int = Field(description="Customers below which nothing is told.")
    customers: int
    classes_by: Literal["model", "rule"]
    classes: dict[Class, int | None]
    silhouette: float
    stability: dict[str, float | None] = Field(
        description="By number of groups tried: how surely they come back; 1 is always."
    )
    groups: list[GroupProfile]
    demand: DemandSplit | None = Field(description="Null where no forecast is saved.")


class CustomerGroup(Answer):
    """One customer's group."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    customer_id: str
    groups_id: str
    as_of: str
    group_id: str
    group: str = Field(description="The group's name.")
    klass: Class = Field(alias="class", description="By the chance of an order within 90 days.")
    days: int
    chance: float | None = Field(description="Of an order within `days`; null where not learned.")
    long_days: int
    long_chance: float | None
    days_since_last: int
    purchases: int
