"""Customer groups as commands and routes answer them: made once, kept, and read from then on."""

from __future__ import annotations

from typing import Any

import numpy as np

from api.errors import NotReady
from data.tables import ORDERS
from data.workspace import Workspace
from production.demand.by_group import DemandByGroup, ToSplit, by_customers, by_regions
from production.demand.saved import SavedForecast
from recsys.errors import UnknownCustomer
from recsys.groups.classes import LONG_DAYS
from recsys.groups.groups import CustomerGroups
from recsys.groups.likings import Liking, distinct
from recsys.groups.saved import latest_groups_id, load_groups

LIKINGS_SHOWN = 8
"""Likings of a group in an answer, the most telling first."""

VARIANTS_SHOWN = 5


def kept_groups(workspace: Workspace) -> tuple[str, CustomerGroups]:
    """The groups that are kept, under their id.

    Raises:
        NotReady: there are none yet.
        GroupsRefused: their files are altered or incomplete.
    """
    found, groups = latest_groups_id(workspace), load_groups(workspace)
    if found is None or groups is None:
        raise NotReady(
            "The workspace has no customer groups yet.",
            where="groups",
            fix="Make them with 'atelier groups'.",
        )
    return found, groups


def demand_by_group(
    workspace: Workspace, groups: CustomerGroups, saved: SavedForecast
) -> tuple[DemandByGroup, DemandByGroup]:
    """A kept forecast split over the groups, and over regions; O(order lines)."""
    orders = workspace.read(ORDERS)
    whole = ToSplit(
        variants=saved.forecast.variants,
        style=saved.style_ids,
        mean=saved.forecast.mean,
        origin=saved.forecast.origin,
    )
    return by_customers(whole, orders, groups), by_regions(whole, orders)


def groups_answer(
    groups_id: str,
    groups: CustomerGroups,
    demand: tuple[SavedForecast, DemandByGroup, DemandByGroup] | None,
) -> dict[str, Any]:
    """All groups with their profiles, for JSON; no customer is named.

    Args:
        groups_id: their id.
        groups: the groups.
        demand: a forecast and its splits over groups and regions, where there is one.
    """
    told = groups.to_json()
    for row, group in zip(told["groups"], groups.groups, strict=True):
        row["likings"] = [
            {"kind": one.kind, "value": one.value, **_figures(one)}
            for one in distinct(group.likings)[:LIKINGS_SHOWN]
        ]
        row["variants"] = [
            {"variant_id": one.value, "title": one.title, **_figures(one)}
            for one in group.variants[:VARIANTS_SHOWN]
        ]
    return {"groups_id": groups_id, **told, "demand": _demand(demand)}


def customer_answer(groups_id: str, groups: CustomerGroups, customer_id: str) -> dict[str, Any]:
    """One customer's group, class and chances, for JSON.

    Raises:
        UnknownCustomer: no order before the groups' moment names the customer.
    """
    ids = groups.customers["customer_id"].to_numpy(dtype=object)
    place = int(np.searchsorted(ids, customer_id))
    if place == len(ids) or ids[place] != customer_id:
        raise UnknownCustomer(
            "The customer is in no group.",
            where="customer_id",
            fix="Customers are grouped once they have ordered; 'atelier groups' groups anew.",
        )
    row = groups.customers.iloc[place]
    names = {group.group_id: group.name for group in groups.groups}
    return {
        "customer_id": customer_id,
        "groups_id": groups_id,
        "as_of": str(groups.as_of),
        "group_id": str(row["group_id"]),
        "group": names[str(row["group_id"])],
        "class": str(row["class"]),
        "days": groups.days,
        "chance": _known(row["chance"]),
        "long_days": LONG_DAYS,
        "long_chance": _known(row["long_chance"]),
        "days_since_last": int(row["recency"]),
        "purchases": int(row["purchases"]),
    }


def _demand(
    found: tuple[SavedForecast, DemandByGroup, DemandByGroup] | None,
) -> dict[str, Any] | None:
    if found is None:
        return None
    saved, groups, regions = found
    return {
        "forecast_id": saved.forecast_id,
        "origin": str(saved.forecast.origin.astype("datetime64[D]")),
        "horizon": saved.horizon,
        "period": "day" if saved.per_week == 7 else "week",
        "groups": groups.to_json(),
        "regions": regions.to_json(),
    }


def _figures(liking: Liking) -> dict[str, Any]:
    return {
        "share": liking.share,
        "others": liking.others,
        "lift": liking.lift,
        "customers": liking.customers,
    }


def _known(chance: float) -> float | None:
    return None if np.isnan(chance) else float(chance)
