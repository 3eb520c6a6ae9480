"""The log of served lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0006"
down_revision = "r0005"


def upgrade() -> None:
    """Make the table where it is missing."""
    op.create_table(
        "served_lists",
        sa.Column("list_id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("model_id", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("experiment", sa.Text, nullable=True),
        sa.Column("arm", sa.Text, nullable=True),
        sa.Column("variants", sa.Text, nullable=False),
        sa.Column("propensities", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_index(
        "served_lists_by_customer", "served_lists", ["customer_id", "at"], if_not_exists=True
    )
    op.create_index("served_lists_by_time", "served_lists", ["at"], if_not_exists=True)
