"""Launches: variants first sold after an origin, and the customers known by then who bought them.

Two things of the window are known here that a shop would not know on the day of the launch.
*Which* variants are launched in the next weeks is known to any shop, but here it is told from
first sales, so that one launched and never sold is missing. And where the table of variants is
derived from orders, as the mapping of Online Retail II does, a launched variant's title and price
are the most common title and the median price of all its order lines, those of the window and
after it among them; a launch catalogue would hold a title and a price too, those of the first day.
Neither how many units a launched variant sells nor to whom reaches a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import EVENTS, ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.behaviour import preference_lines
from recsys.catalogue import Catalogue
from recsys.errors import TooFewInteractions
from recsys.evaluation.splits import choose_origins
from recsys.interactions import Interactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Launches:
    """The launched variants of one origin, and who bought them.

    Attributes:
        origin: first day of the test window, `YYYY-MM-DD`.
        train: interactions of all customers before the origin, over the variants known by then
            and the launched ones, of which no line is among them.
        catalogue: the attributes of `train.variants`.
        launched: (N,) int, position in `train.variants` of each launched variant, ascending.
        customers: (n,) int, position in `train.customers` of each who bought some of them.
        bought: (n, N) bool, who bought which.
        unknown_customers: customers who bought some and have no line before the origin.
    """

    origin: str
    train: Interactions
    catalogue: Catalogue
    launched: NDArray[np.intp]
    customers: NDArray[np.intp]
    bought: NDArray[np.bool_]
    unknown_customers: int

    def random_recall(self, k: int) -> float:
        """What a random order finds, for every customer alike: the expectation, not a draw."""
        return min(1.0, k / len(self.launched))


def launches_of(
    workspace: Workspace, origins: Sequence[date] | None, *, test_days: int
) -> tuple[list[Launches], list[str]]:
    """The launches of a workspace at each origin, and the days that are left out.

    Args:
        workspace: where orders and variants lie.
        origins: days to test from; None for the last three at 28-day steps, of which those are
            left out at which nothing was launched.
        test_days: length of the test window.

    Raises:
        WorkspaceError: there are no orders, or no variants, whose attributes are all there is.
        OutsideData: the orders do not reach around an origin; says which origins they allow.
        TooFewInteractions: nothing was launched, or no known customer bought it.
    """
    orders, variants = workspace.read(ORDERS), workspace.read(VARIANTS)
    events = workspace.read(EVENTS) if workspace.has(EVENTS) else None
    found: list[Launches] = []
    without: list[str] = []
    for origin in choose_origins(orders, origins, test_days=test_days):
        try:
            found.append(launches_at(orders, variants, events, origin=origin, test_days=test_days))
        except TooFewInteractions:
            if origins:
                raise
            without.append(f"{origin:%Y-%m-%d}")
    if not found:
        raise TooFewInteractions(
            f"No known customer bought a variant first sold in the {test_days} days from any of "
            f"{', '.join(without)}.",
            where="origins",
            fix="Name an origin at which something was launched, or choose a longer test window.",
        )
    return found, without


def launches_at(
    orders: pd.DataFrame,
    variants: pd.DataFrame,
    events: pd.DataFrame | None = None,
    *,
    origin: pd.Timestamp,
    test_days: int,
) -> Launches:
    """The launches of a workspace's tables at an origin.

    A variant is launched in the window if its first sale, by whomever, lies there; one whose
    introduced_at lies before the origin is known by then, sold or not.

    Args:
        orders: the orders table.
        variants: the variants table.
        events: the events table, learned from as the product does; None where there is none.
        origin: training lines lie strictly before it, the test window starts with it.
        test_days: length of the test window.

    Raises:
        TooFewInteractions: nothing was launched, or no known customer bought it.
    """
    sold = orders[orders["quantity"] > 0]
    end = origin + pd.Timedelta(days=test_days)
    first = sold.groupby("variant_id")["ordered_at"].min()
    known = set(first.index[first < origin])
    if "introduced_at" in variants:
        known.update(variants.loc[variants["introduced_at"] < origin, "variant_id"])
    fresh = sorted(set(first.index[(first >= origin) & (first < end)]) - known)
    ids = sorted(known | set(fresh))
    lines = preference_lines(orders, events, origin.to_datetime64())
    # views of an announced variant are not its attributes
    lines = lines[~lines["variant_id"].isin(fresh)]
    train = Interactions.from_lines(lines, as_of=origin.to_datetime64(), variants=ids)
    rows = variants[variants["variant_id"].isin(ids)] if len(variants) else None
    window = sold[(sold["ordered_at"] >= origin) & (sold["ordered_at"] < end)]
    customers, bought, unknown = _buyers(train, window, fresh)
    if not len(customers):
        raise TooFewInteractions(
            f"No known customer bought a variant first sold in the {test_days} days from "
            f"{origin:%Y-%m-%d}; {len(fresh)} were.",
            where=f"origin {origin:%Y-%m-%d}",
            fix="Choose another origin, or a longer test window.",
        )
    return Launches(
        origin=origin.strftime("%Y-%m-%d"),
        train=train,
        catalogue=Catalogue.of(ids, rows),
        launched=pd.Index(train.variants).get_indexer(pd.Index(np.array(fresh, dtype=object))),
        customers=customers,
        bought=bought,
        unknown_customers=unknown,
    )


def _buyers(
    train: Interactions, window: pd.DataFrame, fresh: Sequence[str]
) -> tuple[NDArray[np.intp], NDArray[np.bool_], int]:
    """Who of the customers known by order lines bought which launched variant.

    Returns:
        (n,) positions in `train.customers`, (n, N) bool, and how many buyers are not known.
    """
    lines = window[window["customer_id"].notna() & window["variant_id"].isin(fresh)]
    person = pd.Index(train.customers).get_indexer(pd.Index(lines["customer_id"].astype(object)))
    person[~np.isin(person, train.customer[train.bought()])] = -1
    unknown = int(lines.loc[person < 0, "customer_id"].nunique())
    customers, row = np.unique(person[person >= 0], return_inverse=True)
    names = pd.Index(lines.loc[person >= 0, "variant_id"].astype(object))
    bought = np.zeros((len(customers), len(fresh)), dtype=np.bool_)
    bought[row, pd.Index(np.array(fresh, dtype=object)).get_indexer(names)] = True
    return customers, bought, unknown
