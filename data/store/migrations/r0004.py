"""Promises of orders, prices of whole lines, and quotes."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from alembic import op

revision = "r0004"
down_revision = "r0003"


def upgrade() -> None:
    """Add the days, price lines as a whole, and make the table of quotes."""
    for name in ("promised_on", "shipped_on"):
        op.add_column("ledger_orders", sa.Column(name, sa.Date, nullable=True))
    op.alter_column("ledger_lines", "unit_price", new_column_name="price")
    price_whole_lines()
    op.create_table(
        "ledger_quotes",
        sa.Column("quote_id", sa.Text, primary_key=True),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ledger_quotes_by_end", "ledger_quotes", ["expires_at"])


def price_whole_lines() -> None:
    """A line's price is that of all its units; it was that of one."""
    lines = sa.table(
        "ledger_lines",
        sa.column("order_id"),
        sa.column("line"),
        sa.column("quantity"),
        sa.column("price"),
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(lines).where(lines.c.quantity > 1)).all():
        connection.execute(
            sa.update(lines)
            .where(lines.c.order_id == row.order_id, lines.c.line == row.line)
            .values(price=str(row.quantity * Decimal(row.price)))
        )
