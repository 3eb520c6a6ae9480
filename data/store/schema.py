"""The store's tables."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, DateTime, Double, Index, MetaData, Table, Text

metadata: Final = MetaData()

live_events: Final = Table(
    "live_events",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("variant_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Double, nullable=True),
    Column("at", DateTime, nullable=False),
    Index("live_events_by_customer", "customer_id", "at"),
    Index("live_events_by_time", "at"),
)
