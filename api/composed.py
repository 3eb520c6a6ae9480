"""Composed lines of custom orders as rows of the configurations table, to learn choices from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pandas as pd

from api.live import local_time
from data.cleaning.finish import completed, conform
from data.ledger import Line, Order
from data.tables import CONFIGURATIONS
from data.workspace import Workspace
from production.configuration.products import number_options

CONFIGURATION_ID: Final = "[0-9a-f]{32}-[0-9]+"
"""What the id of a configuration looks like that came from the ledger: its order and line."""


STYLE, OPTION, VALUE = map(CONFIGURATIONS.names.index, ("style_id", "option", "value"))


def with_composed(
    workspace: Workspace, orders: Sequence[Order], timezone: str, *, texts: bool = True
) -> pd.DataFrame | None:
    """The configurations table with these orders' in the place of all that the ledger gave before.

    Args:
        workspace: its table, where it has one.
        orders: of the ledger.
        timezone: the shop's.
        texts: whether texts that customers typed come along; nothing is learned from them.

    Returns:
        The table as it should be; None where it is so already.
    """
    before = _table(workspace)
    held = completed(before, CONFIGURATIONS)
    others = held[~_ours(held)]
    rows = [row for order in orders for row in _rows(order, timezone)]
    if not rows and len(others) == len(held):
        return None
    if not texts:
        rows = _without_texts(workspace, rows)
    added = conform(pd.DataFrame(rows, columns=list(CONFIGURATIONS.names)), CONFIGURATIONS, ())
    some = [frame for frame in (others, added) if len(frame)]
    together = pd.concat(some, ignore_index=True) if some else held[:0]
    together = together.sort_values(
        ["ordered_at", "configuration_id", "option"], kind="stable", ignore_index=True
    )
    return None if together.equals(before) else together


def has_composed(workspace: Workspace) -> bool:
    """Whether the configurations table has any that the ledger gave."""
    table = _table(workspace, ("configuration_id",))
    return "configuration_id" in table and bool(_ours(table).any())


def _table(workspace: Workspace, columns: Sequence[str] | None = None) -> pd.DataFrame:
    has = workspace.has(CONFIGURATIONS)
    return workspace.read(CONFIGURATIONS, columns) if has else pd.DataFrame()


def _ours(table: pd.DataFrame) -> pd.Series:
    found = table["configuration_id"].astype("string").str.fullmatch(CONFIGURATION_ID)
    return found.fillna(value=False).astype(bool)


def _rows(order: Order, timezone: str) -> Iterator[tuple[Any, ...]]:
    at = local_time(order.made_at, timezone)
    for number, line in enumerate(order.lines, start=1):
        for option, value in _on(line):
            yield (
                f"{order.order_id}-{number}",
                order.order_id,
                order.customer_id,
                line.style_id,
                line.quantity,
                at,
                option,
                value,
            )


def _without_texts(workspace: Workspace, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows with the values of those options alone that take numbers."""
    numbers = number_options(workspace)
    return [row if (row[STYLE], row[OPTION]) in numbers else (*row[:VALUE], None) for row in rows]


def _on(line: Line) -> Iterator[tuple[str, str | None]]:
    """The options that were chosen; the rest of a configuration follows from them."""
    if line.style_id is None:
        return
    for choice in line.configuration:
        if not choice.startswith("!"):
            option, said, value = choice.partition("=")
            yield option, value if said else None
