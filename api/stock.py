"""Stock: what a workspace has on hand, for rules that ask for it."""

from __future__ import annotations

import numpy as np

from api.errors import Invalid
from data.tables import LOTS
from data.workspace import Workspace
from recsys.lists.rules import Stock


class Stockroom:
    """What a workspace has on hand, read again whenever its table has changed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._held: tuple[object, Stock] | None = None

    def stock(self) -> Stock:
        """The stock of the table 'lots'; a variant without a row or a figure counts as in stock.

        Raises:
            Invalid: the workspace has no such table, or it has no column 'on_hand'.
            WorkspaceError: the table is damaged.
        """
        path = self._workspace.path(LOTS)
        stamp = path.stat() if path.is_file() else None
        version = None if stamp is None else (stamp.st_mtime_ns, stamp.st_size, stamp.st_ino)
        if self._held is not None and self._held[0] == version:
            return self._held[1]
        lots = self._workspace.read(LOTS) if version is not None else None
        if lots is None or "on_hand" not in lots:
            raise Invalid(
                "The workspace does not know what is in stock.",
                where="in_stock",
                fix="Import a file whose mapping feeds on_hand of the table 'lots'.",
            )
        stock = Stock(
            variants=lots["variant_id"].to_numpy(dtype=object),
            on_hand=lots["on_hand"].to_numpy(dtype=np.float64, na_value=np.nan),
        )
        self._held = (version, stock)
        return stock
