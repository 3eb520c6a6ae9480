"""Live events. Stores made before there were versions have the table already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None


def upgrade() -> None:
    """Make the table where it is missing."""
    op.create_table(
        "live_events",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("variant_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Double, nullable=True),
        sa.Column("at", sa.DateTime, nullable=False),
        if_not_exists=True,
    )
    op.create_index(
        "live_events_by_customer", "live_events", ["customer_id", "at"], if_not_exists=True
    )
    op.create_index("live_events_by_time", "live_events", ["at"], if_not_exists=True)
