"""What is held on one customer in the tables and the store."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Table

from data.erasing import personal_tables, tables_naming_customers
from data.resealing import SEALED_TABLES
from data.store.database import Database
from data.tables import CUSTOMER
from data.workspace import Workspace


def held_in_tables(workspace: Workspace, customer: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of a customer, by pseudonym, for JSON; by table, where there are any."""
    found = {}
    for table in personal_tables():
        if workspace.has(table):
            frame = workspace.read(table)
            theirs = frame[(frame[CUSTOMER] == customer).fillna(value=False)]
            rows = theirs.drop(columns=CUSTOMER)
            if len(rows):
                found[table.name] = json.loads(rows.to_json(orient="records", date_format="iso"))
    return found


def held_in_store(database: Database, customer: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of a customer, by pseudonym, in each of the store's tables that name customers.

    Raises:
        StoreError: the store is away or busy, or its text cannot be opened.
    """
    opening = {table.name: table for table in SEALED_TABLES}  # its own columns open what is sealed
    with database.transaction(reads=True) as connection:
        named = [opening.get(one.name, one) for one in tables_naming_customers(connection)]
        rows = {table.name: _rows(connection, table, customer) for table in named}
    return {name: found for name, found in rows.items() if found}


def _rows(connection: Connection, table: Table, customer: str) -> list[dict[str, Any]]:
    query = table.select().where(table.c[CUSTOMER] == customer)
    return [
        {name: _plain(value) for name, value in row.items() if name != CUSTOMER}
        for row in connection.execute(query).mappings()
    ]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else str(value)
