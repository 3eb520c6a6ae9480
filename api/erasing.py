"""Erasing a customer everywhere in a workspace, and protecting one from before pseudonyms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from api.errors import NotErased
from api.settings import Settings
from api.work import key_of
from data.erasing import Changed, erase_from_store, erase_from_tables, scrub
from data.failpoints import reach
from data.searching import files_with
from data.store.database import Database
from data.store.dead_letters import forget_letters
from data.workspace import Workspace
from production.configuration.learned.saved import forget_in_choices
from production.configuration.products import number_options
from recsys.groups.saved import forget_in_groups
from recsys.saved.forgetting import forget_customer

LEAST_SOUGHT: Final = 12
"""Shorter ids stand in files by chance: 10242 is also a number of something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What erasing a customer came to; nothing but zeros where nobody knew the customer.

    Attributes:
        unnamed: rows that stay as a guest's: order lines, whose units count as demand.
        removed: rows that are gone: events and whatever else is a customer's own.
        models: saved models that were written anew without the customer.
        others: customer groups and learned choices that named the customer.
    """

    unnamed: int
    removed: int
    models: int
    others: int

    def to_json(self) -> dict[str, int]:
        """For JSON."""
        return asdict(self)


def erase_customer(
    workspace: Workspace, settings: Settings, database: Database, customer_id: str, *, actor: str
) -> Erased:
    """Erase a customer from tables, models, groups, choices and the store; doing it again helps.

    Args:
        workspace: where.
        settings: name the key that signs models.
        database: the workspace's store.
        customer_id: the shop's id, or the pseudonym.
        actor: who asks, for the audit, which names neither the customer nor an order.

    Raises:
        WorkspaceError: another process is changing the tables.
        StoreError: the store is away, busy, full or read-only.
        NotErased: a file still holds the customer, or cannot be looked into.
    """
    customer, key = workspace.pseudonyms().of(customer_id), key_of(workspace, settings)
    numbers = number_options(workspace)
    with workspace.locked():
        tables = erase_from_tables(workspace, customer, numbers)
        reach("tables-erased")
        models = forget_customer(workspace, customer, key)
        others = forget_in_groups(workspace, customer) + forget_in_choices(workspace, customer)
        reach("models-erased")
        # within the lock: orders that join the tables in between would bring the customer back
        changed: Changed = tables + erase_from_store(
            database, customer, actor=actor, now=datetime.now(UTC), numbers=numbers
        )
        changed += Changed(removed=forget_letters(database, {customer, customer_id}))
        reach("store-erased")
    scrub(database)
    _check_erased(workspace.root, {customer, customer_id})
    return Erased(unnamed=changed.unnamed, removed=changed.removed, models=models, others=others)


def _check_erased(root: Path, ids: set[str]) -> None:
    """Look for the ids in every file.

    Raises:
        NotErased: a file holds one, or cannot be looked into.
    """
    found = files_with(root, {text for text in ids if len(text) >= LEAST_SOUGHT})
    if found.unread:
        raise NotErased(
            f"The customer is erased, but {len(found.unread)} files cannot be looked into.",
            where=_named(root, found.unread),
            fix="Make them readable for whoever runs this, then erase again.",
        )
    if found.holding:
        raise NotErased(
            f"The customer is erased, but {len(found.holding)} files still hold the id.",
            where=_named(root, found.holding),
            fix="It means something else there, or they are not Atelier's own, or in use: "
            "look at them, remove what is the customer's, or erase again.",
        )


def _named(root: Path, paths: Sequence[Path]) -> str:
    return ", ".join(str(path.relative_to(root)) for path in paths[:5])
