"""What stood in for the model in a served list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0008"
down_revision = "r0007"


def upgrade() -> None:
    """Add the column where it is missing: a store made without versions may have it."""
    columns = sa.inspect(op.get_bind()).get_columns("served_lists")
    if "fallback" not in {column["name"] for column in columns}:
        op.add_column("served_lists", sa.Column("fallback", sa.Text, nullable=True))
