"""The ledger's tables, as `data/store/migrations/` makes them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, MetaData, Table, Text

from data.store.sealed import SealedText

metadata: Final = MetaData()

capacity: Final = Table(
    "ledger_capacity",
    metadata,
    Column("resource_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("free", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("committed", BigInteger, nullable=False),
)

orders: Final = Table(
    "ledger_orders",
    metadata,
    Column("order_id", Text, primary_key=True),
    Column("customer_id", Text, nullable=True),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("made_at", DateTime, nullable=False),
    Column("changed_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Column("reason", SealedText, nullable=False),
    Column("promised_on", Date, nullable=True),
    Column("shipped_on", Date, nullable=True),
)

lines: Final = Table(
    "ledger_lines",
    metadata,
    Column("order_id", Text, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("variant_id", Text, nullable=True),
    Column("style_id", Text, nullable=True),
    Column("configuration", SealedText, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("price", Text, nullable=False),
)

needs: Final = Table(
    "ledger_needs",
    metadata,
    Column("order_id", Text, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("resource_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("amount", BigInteger, nullable=False),
)

keys: Final = Table(
    "ledger_keys",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", DateTime, nullable=False),
)

audit: Final = Table(
    "ledger_audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

audit_head: Final = Table(
    "ledger_audit_head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)

quotes: Final = Table(
    "ledger_quotes",
    metadata,
    Column("quote_id", Text, primary_key=True),
    Column("expires_at", DateTime, nullable=False),
    Column("body", SealedText, nullable=False),
)
