"""What a report is read from beside its plan: whoever keeps one looks whether any has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from data.tables import MARKET, ORDERS, STOCK, VARIANTS
from data.workspace import Workspace

FOLLOWED: Final = ("plans", "plans/releases.jsonl", "groups/latest", "attach/latest", "forecasts")
"""What of a workspace tells that other plans were kept or removed, a plan released, customers
grouped, attach rates learned, or forecasts kept or removed: a folder is as new as the last version
that was laid into it."""


def sources_of(workspace: Workspace) -> tuple[Path, ...]:
    """Files and folders one of which is another than before where a report would be; few."""
    tables = (workspace.path(table) for table in (ORDERS, VARIANTS, MARKET, STOCK))
    return (*tables, *(workspace.root / name for name in FOLLOWED))
