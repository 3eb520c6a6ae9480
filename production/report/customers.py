"""Who wants it: the plan's expected demand split over groups of customers and over regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from data.tables import ORDERS
from data.workspace import Workspace
from production.demand.by_group import DemandByGroup, ToSplit, by_customers, by_regions
from production.plans.plan import Plan
from recsys.groups.groups import CustomerGroups
from recsys.groups.likings import distinct
from recsys.groups.profiles import NAMED, Profile
from recsys.groups.saved import load_groups

TAKES: Final = 4
"""Likings of a group that the report names."""

VARIANTS: Final = 3
"""Variants of a group or region that it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A group's or a region's part of the expected demand.

    Attributes:
        name: what the group is called, or the region.
        customers: how many; None where lines name no customer, or for a region.
        takes: what the group takes more than others, beside what its name says.
        chance: mean chance of an order within 90 days; None where not known.
        units: expected over the horizon.
        share: of all units.
        most: ids of the variants that make up most of it.
    """

    name: str
    customers: int | None
    takes: str
    chance: float | None
    units: float
    share: float
    most: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """Groups and regions, each adding up to the whole.

    Attributes:
        as_of: the groups stand on what lay before this day; empty where none are kept.
        groups: the largest group first, those of no group last; empty where none are kept.
        regions: the largest first; empty where no order names one.
    """

    as_of: str
    groups: tuple[Part, ...]
    regions: tuple[Part, ...]


def customers_of(workspace: Workspace, plan: Plan) -> Customers | None:
    """The plan's demand by the groups that are kept, and by region; None where there are neither.

    Raises:
        GroupsRefused: the groups' files are altered or incomplete.
    """
    groups = load_groups(workspace)
    orders = workspace.read(ORDERS)
    named = "region" in orders and bool(orders["region"].notna().any())
    if groups is None and not named:
        return None
    whole = ToSplit(
        variants=plan.lines["variant_id"].to_numpy(dtype=object),
        style=plan.lines["style_id"].to_numpy(dtype=object),
        mean=plan.lines["mean"].to_numpy(dtype=np.float64),
        origin=plan.as_of,
    )
    return Customers(
        as_of="" if groups is None else str(groups.as_of),
        groups=() if groups is None else _parts(by_customers(whole, orders, groups), groups),
        regions=_parts(by_regions(whole, orders), None) if named else (),
    )


def _parts(split: DemandByGroup, groups: CustomerGroups | None) -> tuple[Part, ...]:
    known = {} if groups is None else {group.group_id: group for group in groups.groups}
    return tuple(_part(row, known.get(row["name"])) for row in split.to_json(most=VARIANTS))


def _part(row: dict[str, Any], group: Profile | None) -> Part:
    return Part(
        name=row["name"] if group is None else group.name,
        customers=None if group is None else group.customers,
        takes=""
        if group is None
        else ", ".join(one.value for one in distinct(group.likings)[NAMED : NAMED + TAKES]),
        chance=None if group is None or np.isnan(group.long_chance) else group.long_chance,
        units=row["demand"],
        share=row["share"],
        most=tuple(one["variant_id"] for one in row["variants"]),
    )
