"""Messages that were set aside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0007"
down_revision = "r0006"


def upgrade() -> None:
    """Make the table where it is missing: a store made without versions may have it."""
    op.create_table(
        "dead_letters",
        sa.Column("letter_id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("set_aside_at", sa.DateTime, nullable=False),
        if_not_exists=True,
    )
    op.create_index("dead_letters_by_time", "dead_letters", ["set_aside_at"], if_not_exists=True)
