"""All that is held on one customer, for the customer to read."""

from __future__ import annotations

from typing import Any

from api.errors import NotReady
from api.groups import customer_answer, kept_groups
from data.holdings import held_in_store, held_in_tables
from data.store.database import Database
from data.store.dead_letters import dead_letters, letters_naming
from data.workspace import Workspace
from recsys.errors import UnknownCustomer


def holdings_of(workspace: Workspace, database: Database, customer_id: str) -> dict[str, Any]:
    """Every row that names a customer, and the customer's group, for JSON.

    Of messages set aside that name the customer it tells which they are, and not what they say: a
    batch may be about others as well.

    Models hold nothing else: a customer's history in them is that of the tables.

    Args:
        workspace: where.
        database: the workspace's store.
        customer_id: the shop's id, or the pseudonym.

    Raises:
        StoreError: the store is away or busy.
        GroupsRefused: the groups are altered or incomplete.
    """
    customer = workspace.pseudonyms().of(customer_id)
    try:
        group = customer_answer(*kept_groups(workspace), customer) | {"customer_id": customer_id}
    except (NotReady, UnknownCustomer):
        group = None
    return {
        "customer_id": customer_id,
        "pseudonym": customer,
        "tables": held_in_tables(workspace, customer),
        "store": held_in_store(database, customer) | _letters(database, {customer, customer_id}),
        "group": group,
    }


def _letters(database: Database, ids: set[str]) -> dict[str, list[dict[str, Any]]]:
    found = letters_naming(database, ids)
    rows = [row | {"set_aside_at": row["set_aside_at"].isoformat()} for row in found]
    return {dead_letters.name: rows} if rows else {}
