"""Field keys; text that begins like a sealed one is told from it from now on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0009"
down_revision = "r0008"

MARK = b"sealed:"
WRITTEN = b"sealed:0:"
TEXTS = (
    ("ledger_orders", ("order_id",), "reason"),
    ("ledger_lines", ("order_id", "line"), "configuration"),
    ("ledger_quotes", ("quote_id",), "body"),
    ("dead_letters", ("letter_id",), "reason"),
    ("jobs", ("job_id",), "outcome"),
)


def upgrade() -> None:
    """Make the table, and mark what people wrote that looks sealed."""
    op.create_table(
        "field_keys", sa.Column("key_id", sa.Text, primary_key=True), if_not_exists=True
    )
    for table, key, column in TEXTS:
        escape(table, key, sa.column(column, sa.Text), MARK.decode(), WRITTEN.decode())
    escape("dead_letters", ("letter_id",), sa.column("body", sa.LargeBinary), MARK, WRITTEN)


def escape(
    name: str,
    key: tuple[str, ...],
    column: sa.ColumnClause[str] | sa.ColumnClause[bytes],
    mark: str | bytes,
    written: str | bytes,
) -> None:
    """Put the mark of a text as written before those that begin with the common mark."""
    table = sa.table(name, *(sa.column(one) for one in key), column)
    connection = op.get_bind()
    begins = sa.func.substr(column, 1, len(mark), type_=column.type) == mark
    for row in connection.execute(sa.select(table).where(begins)).all():
        the_row = [table.c[one] == getattr(row, one) for one in key]
        anew = {column.name: written + getattr(row, column.name)}
        connection.execute(sa.update(table).where(*the_row).values(anew))
