"""The ledger: capacity, orders, idempotency keys and the audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"

REFUSE_SQLITE = """
CREATE TRIGGER ledger_audit_no_{verb} BEFORE {verb} ON ledger_audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
"""

REFUSE_POSTGRESQL = """
CREATE FUNCTION ledger_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$
"""

TRIGGER_POSTGRESQL = """
CREATE TRIGGER ledger_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_audit
FOR EACH STATEMENT EXECUTE FUNCTION ledger_audit_refuse()
"""

NO_RECORD = "0" * 64


def upgrade() -> None:
    """Make the tables, and the triggers that keep the audit as it was written."""
    make_capacity()
    make_orders()
    make_keys()
    make_audit()


def make_capacity() -> None:
    """Free, held and committed by resource and day; the database itself holds them to the sum."""
    op.create_table(
        "ledger_capacity",
        sa.Column("resource_id", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("free", sa.BigInteger, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("committed", sa.BigInteger, nullable=False),
        sa.CheckConstraint(
            "free >= 0 AND held >= 0 AND committed >= 0", name="ledger_none_negative"
        ),
        sa.CheckConstraint("free + held + committed = amount", name="ledger_adds_up"),
    )


def make_orders() -> None:
    """Orders, their lines, and what the lines take."""
    op.create_table(
        "ledger_orders",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, nullable=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index(
        "ledger_orders_held",
        "ledger_orders",
        ["expires_at"],
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index("ledger_orders_by_change", "ledger_orders", ["changed_at"])
    op.create_table(
        "ledger_lines",
        sa.Column("order_id", sa.Text, sa.ForeignKey("ledger_orders.order_id"), primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("variant_id", sa.Text, nullable=True),
        sa.Column("style_id", sa.Text, nullable=True),
        sa.Column("configuration", sa.Text, nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("unit_price", sa.Text, nullable=False),
    )
    op.create_table(
        "ledger_needs",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("resource_id", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id", "line"], ["ledger_lines.order_id", "ledger_lines.line"]
        ),
        sa.ForeignKeyConstraint(
            ["resource_id", "day"], ["ledger_capacity.resource_id", "ledger_capacity.day"]
        ),
    )


def make_keys() -> None:
    """Answers by idempotency key."""
    op.create_table(
        "ledger_keys",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_index("ledger_keys_by_time", "ledger_keys", ["at"])


def make_audit() -> None:
    """The chain of records, and its head beside it."""
    op.create_table(
        "ledger_audit",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    head = op.create_table(
        "ledger_audit_head",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.bulk_insert(head, [{"one": 1, "count": 0, "hash": NO_RECORD}])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(REFUSE_POSTGRESQL)
        op.execute(TRIGGER_POSTGRESQL)
    else:
        op.execute(REFUSE_SQLITE.format(verb="UPDATE"))
        op.execute(REFUSE_SQLITE.format(verb="DELETE"))
