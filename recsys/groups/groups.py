"""Customer groups: clusters by preference, each with a profile, and a class for each customer.

For planners and marketing. No group holds fewer than `LEAST` customers, and no count below it is
told: small ones are None, small regions are summed as OTHER, so that no figure is one person's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.catalogue import Catalogue
from recsys.errors import BadRequest
from recsys.groups.classes import LONG_DAYS, standing
from recsys.groups.clusters import Clusters, choose_clusters
from recsys.groups.profiles import Facts, Profile, profiles, told_classes
from recsys.groups.purchases import Purchases
from recsys.groups.tastes import tastes
from recsys.interactions import Interactions
from recsys.training import moment_of

LEAST: Final = 10
"""Customers below which nothing is told of a group."""

COUNTS: Final = range(3, 13)
"""Numbers of groups that are tried."""

MOST_GROUPS: Final = 50

CUSTOMER_COLUMNS: Final = (
    "customer_id", "group_id", "class", "chance", "long_chance", "recency", "purchases", "region",
)  # fmt: skip
"""Columns of the customers: days since the last purchase are `recency`; `chance` is that of an
order within `days`, `long_chance` within 90 days, NaN where they could not be learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerGroups:
    """Customers in groups and classes, as known at a moment.

    Attributes:
        as_of: the moment, exclusive.
        days: what `chance` looks ahead.
        groups: the largest first, "g1", "g2", …
        classes: customers by class; None for a count below LEAST.
        by: "model" where classes follow from learned chances, "rule" where the orders were too
            few weeks for that.
        stability: by number of groups tried, how surely they come back (adjusted Rand index of
            two halves); NaN where a group was too small. Empty where the number was given.
        silhouette: how well the groups are parted, from -1 to 1.
        customers: CUSTOMER_COLUMNS, a row a customer, ascending by id.
    """

    as_of: np.datetime64
    days: int
    groups: tuple[Profile, ...]
    classes: Mapping[str, int | None]
    by: str
    stability: Mapping[int, float]
    silhouette: float
    customers: pd.DataFrame

    def to_json(self) -> dict[str, Any]:
        """Everything but the customers; a number that is not finite stays one."""
        return {
            "as_of": str(self.as_of),
            "days": self.days,
            "long_days": LONG_DAYS,
            "least": LEAST,
            "customers": len(self.customers),
            "classes_by": self.by,
            "classes": dict(self.classes),
            "silhouette": self.silhouette,
            "stability": {str(count): value for count, value in self.stability.items()},
            "groups": [asdict(group) for group in self.groups],
        }

    def label_of(self, customers: NDArray[np.object_]) -> NDArray[np.intp]:
        """(N,) position in `groups` of each customer id; -1 for one that is in none."""
        known = pd.Index(self.customers["customer_id"].astype(object))
        place = known.get_indexer(pd.Index(customers, dtype=object))
        names = pd.Index([group.group_id for group in self.groups])
        label = names.get_indexer(pd.Index(self.customers["group_id"].astype(object)))
        return np.where(place >= 0, label[place], -1)


def group_customers(
    workspace: Workspace,
    *,
    as_of: np.datetime64 | None = None,
    days: int = 28,
    count: int | None = None,
    seed: int = 0,
) -> CustomerGroups:
    """Group the customers of a workspace by what they ordered before a moment.

    Args:
        workspace: its orders; and variants, where it has them.
        as_of: the moment, exclusive; without it, the midnight after the last order.
        days: what the chance of an order looks ahead, 1 to 366.
        count: how many groups, 1 to MOST_GROUPS; without it, the number that comes back most
            surely.
        seed: the only source of randomness.

    Raises:
        BadRequest: no such number of days or groups, or a group would be too small.
        WorkspaceError, OutsideData, TooFewInteractions: the orders do not reach so far.
    """
    if not 1 <= days <= 366 or (count is not None and not 1 <= count <= MOST_GROUPS):
        raise BadRequest(
            "There are no such groups.",
            where="days or groups",
            fix=f"Look 1 to 366 days ahead, with 1 to {MOST_GROUPS} groups.",
        )
    orders = workspace.read(ORDERS)
    moment = moment_of(orders, as_of)
    lines = orders[(orders["ordered_at"] < moment) & (orders["quantity"] > 0)]
    lines = lines[lines["customer_id"].notna()]
    table = workspace.read(VARIANTS) if workspace.has(VARIANTS) else None
    catalogue = Catalogue.of(set(lines["variant_id"]), table)
    taken = Interactions.from_lines(lines, as_of=moment, variants=catalogue.variants.tolist())
    clusters = _clusters(tastes(taken, seed=seed), count, seed)
    purchases = Purchases.of(lines)
    stand = standing(purchases, moment, days=days)
    facts = Facts.of(lines, taken, stand)
    groups = profiles(taken, catalogue, facts, clusters.label, least=LEAST)
    customers = pd.DataFrame(
        {
            "customer_id": pd.array(taken.customers, dtype="str"),
            "group_id": pd.array([groups[place].group_id for place in clusters.label], dtype="str"),
            "class": pd.array(stand.klass, dtype="str"),
            "chance": stand.chance,
            "long_chance": stand.long_chance,
            "recency": stand.rhythm.recency,
            "purchases": stand.rhythm.count.astype(np.int64),
            "region": pd.array(taken.regions, dtype="str"),
        }
    )
    return CustomerGroups(
        as_of=moment.astype("datetime64[D]"),
        days=days,
        groups=groups,
        classes=told_classes(stand.klass, LEAST),
        by=stand.by,
        stability=clusters.stability,
        silhouette=clusters.silhouette,
        customers=customers[list(CUSTOMER_COLUMNS)],
    )


def _clusters(rows: NDArray[np.float64], count: int | None, seed: int) -> Clusters:
    """The chosen clusters; with a number given, that number or none."""
    if count is None:
        return choose_clusters(rows, counts=COUNTS, least=LEAST, seed=seed)
    found = choose_clusters(rows, counts=[count], least=LEAST, seed=seed)
    if len(found.centers) != count:
        raise BadRequest(
            f"{count} groups of at least {LEAST} customers cannot be made of {len(rows)}.",
            where="groups",
            fix="Ask for fewer groups, or leave the number to the program.",
        )
    return found
