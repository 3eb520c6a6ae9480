"""The log of served lists: what was shown to whom, by which chances.

Lists that explore or belong to an experiment are durable here before they are shown. Plain lists,
which show the ranking as it is, come in afterwards and only where that is asked for: they tell what
was shown, and nothing of what else would have been responded to.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import Column, Connection, DateTime, Index, Table, Text, insert, select

from data.store.database import Database
from data.store.schema import metadata

MOST_LISTS: Final = 1_000_000
"""Lists that are read at once, the latest first."""

RANKING: Final = "ranking"
"""Name of the policy that shows the ranking as it is."""

NO_FALLBACK: Final = "none"
"""Stands in `fallback` where the model itself made the list; without a word there, nobody knows."""

served_lists: Final = Table(
    "served_lists",
    metadata,
    Column("list_id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("at", DateTime, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("experiment", Text, nullable=True),
    Column("arm", Text, nullable=True),
    Column("variants", Text, nullable=False),
    Column("propensities", Text, nullable=False),
    Column("fallback", Text, nullable=True),
    Index("served_lists_by_customer", "customer_id", "at"),
    Index("served_lists_by_time", "at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedList:
    """A list as it was shown.

    Attributes:
        list_id: its id.
        customer_id: to whom.
        at: when, the shop's local time, without an offset.
        model_id: the saved model that ranked.
        policy: what decided over the places, such as `ranking` or `thompson`.
        experiment: the experiment that the customer was in, if one ran.
        arm: the customer's arm of it.
        variants: what was shown, the first place first.
        propensities: each place's chance to show what it showed.
        fallback: what stood in for the model, NO_FALLBACK where nothing did; None where that was
            not written down.
    """

    list_id: str
    customer_id: str
    at: datetime
    model_id: str
    policy: str
    experiment: str | None
    arm: str | None
    variants: Sequence[str]
    propensities: Sequence[float]
    fallback: str | None = None


def log_list(database: Database, served: ServedList) -> None:
    """Write a list down; it is on disk when this returns.

    Raises:
        StoreError: the store is away, busy, full or read-only.
    """
    log_lists(database, [served])


def log_lists(database: Database, lists: Sequence[ServedList]) -> None:
    """Write lists down, all of them or none; they are on disk when this returns.

    Raises:
        StoreError: the store is away, busy, full or read-only.
    """
    rows = [_row(one) for one in lists]

    def work(connection: Connection) -> None:
        connection.execute(insert(served_lists), rows)

    if rows:
        database.retried(work)


def _row(served: ServedList) -> dict[str, Any]:
    row = {name: getattr(served, name) for name in ServedList.__dataclass_fields__}
    row["variants"] = json.dumps(list(served.variants))
    row["propensities"] = json.dumps([float(one) for one in served.propensities])
    return row


def served_places(
    database: Database,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    experiment: str | None = None,
    plain: bool = False,
) -> pd.DataFrame:
    """The places of served lists, by time, then list and place; of the latest MOST_LISTS.

    Args:
        database: where.
        since: lists from this moment on; None for all.
        until: lists before this moment; None for all.
        experiment: only lists of this experiment.
        plain: whether plain lists come too. They tried nothing and belong to no experiment, so
            that whoever judges or learns by responses must do without them.

    Returns:
        list_id, customer_id, at, model_id, policy, experiment, arm, fallback, position (from 1),
        variant_id and propensity.
    """
    query = select(served_lists).order_by(served_lists.c.at.desc(), served_lists.c.list_id.desc())
    if since is not None:
        query = query.where(served_lists.c.at >= since)
    if until is not None:
        query = query.where(served_lists.c.at < until)
    if not plain:
        tried = served_lists.c.experiment.is_not(None)
        query = query.where((served_lists.c.policy != RANKING) | tried)
    if experiment is not None:
        query = query.where(served_lists.c.experiment == experiment)
    with database.transaction(reads=True) as connection:
        rows = connection.execute(query.limit(MOST_LISTS)).mappings().all()
    frame = pd.DataFrame([dict(row) for row in rows], columns=list(served_lists.columns.keys()))
    frame["variants"] = frame["variants"].map(json.loads)
    frame["propensities"] = frame["propensities"].map(json.loads)
    frame = frame.iloc[::-1].explode(["variants", "propensities"], ignore_index=True)
    frame = frame.dropna(subset=["variants"])  # an empty list has no place
    frame["position"] = frame.groupby("list_id").cumcount() + 1
    frame["propensities"] = frame["propensities"].astype("float64")
    frame["at"] = frame["at"].astype("datetime64[us]")
    return frame.rename(columns={"variants": "variant_id", "propensities": "propensity"})
