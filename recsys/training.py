"""Training: what a model may learn from, as it was known at a moment."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from data.errors import OutsideData
from data.tables import EVENTS, ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.behaviour import preference_lines
from recsys.catalogue import Catalogue
from recsys.errors import TooFewInteractions
from recsys.interactions import DAY, Interactions

MOST_DAYS_AHEAD: Final = 7
"""Days that `as_of` may lie after the last order's day: a week's start after a quiet weekend."""


def learnable(workspace: Workspace, as_of: np.datetime64 | None) -> tuple[Interactions, Catalogue]:
    """All order lines and events before a moment, and the catalogue as it was known then.

    Args:
        workspace: where the orders and the catalogue lie.
        as_of: the moment, exclusive; without it, the midnight after the last order.

    Raises:
        WorkspaceError: there are no orders.
        OutsideData: `as_of` is not after the first order, or well after the last.
        TooFewInteractions: no line of a known customer lies before `as_of`.
    """
    orders = workspace.read(ORDERS)
    moment = moment_of(orders, as_of)
    events = workspace.read(EVENTS) if workspace.has(EVENTS) else None
    lines = preference_lines(orders, events, moment)
    past = lines[lines["ordered_at"] < moment]
    table = workspace.read(VARIANTS) if workspace.has(VARIANTS) else None
    known = set(past["variant_id"])
    if table is not None:
        table = _without_later(table, set(lines["variant_id"]) - known)
    catalogue = Catalogue.of(known, table)
    interactions = Interactions.from_lines(past, as_of=moment, variants=catalogue.variants.tolist())
    return interactions, catalogue


def _without_later(table: pd.DataFrame, later: set[str]) -> pd.DataFrame:
    """The catalogue without what no date introduces and orders first name after the training."""
    undated = table["introduced_at"].isna() if "introduced_at" in table else True
    return table[~(table["variant_id"].isin(later) & undated)]


def moment_of(orders: pd.DataFrame, as_of: np.datetime64 | None) -> np.datetime64:
    """The moment to learn up to, checked against the orders.

    Raises:
        OutsideData: it is not after the first order, or well after the last.
        TooFewInteractions: there are no orders.
    """
    first, last = orders["ordered_at"].min(), orders["ordered_at"].max()
    if pd.isna(last):
        raise TooFewInteractions("There are no orders.", fix="Import some.")
    end: np.datetime64 = last.to_datetime64().astype("datetime64[D]") + DAY
    if as_of is None:
        as_of = end
    if not first.to_datetime64() < as_of <= end + MOST_DAYS_AHEAD * DAY:
        raise OutsideData(
            f"The orders reach from {first:%Y-%m-%d} to {last:%Y-%m-%d}, "
            f"and {as_of.astype('datetime64[D]')} is outside.",
            where="as_of",
            fix=f"Choose a date after {first:%Y-%m-%d} and up to {end}.",
        )
    moment: np.datetime64 = as_of.astype("datetime64[us]")
    return moment
