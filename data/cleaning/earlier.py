"""What earlier imports brought, as far as a new import's rules have to do with it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import CANCELLED


def _no_lines() -> pd.DataFrame:
    return pd.DataFrame(columns=list(CANCELLED.names))


@dataclass(slots=True)
class Earlier:
    """A table's rows from earlier imports; cancellations take units off its order lines.

    Attributes:
        rows: the table as the workspace holds it.
        cancelled: order lines as they were before a cancellation took units off them.
        left: (rows,) int64, the quantity that cancellations leave of each row; for orders only.
    """

    rows: pd.DataFrame
    cancelled: pd.DataFrame = field(default_factory=_no_lines)
    left: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.left = np.array(self.rows.get("quantity", ()), dtype=np.int64)

    @property
    def nothing(self) -> bool:
        """Whether no earlier import brought a row."""
        return self.rows.empty and self.cancelled.empty

    def brought(self, columns: list[str]) -> pd.DataFrame:
        """All rows that earlier imports brought, those that are cancelled by now among them."""
        some = [frame for frame in (self.rows, self.cancelled) if len(frame)]
        return pd.concat([frame[columns] for frame in some], ignore_index=True)

    @property
    def lines(self) -> pd.DataFrame:
        """The order lines with the quantity that is left of each."""
        return self.rows.assign(quantity=self.left)

    @property
    def undone(self) -> NDArray[np.bool_]:
        """(rows,) order lines that this import's cancellations took units off."""
        changed: NDArray[np.bool_] = self.left != self.rows["quantity"].to_numpy()
        return changed

    def note(self, lines: pd.DataFrame) -> None:
        """Remember order lines as they were before a cancellation."""
        if len(lines):
            some = [frame for frame in (self.cancelled, lines[list(CANCELLED.names)]) if len(frame)]
            self.cancelled = pd.concat(some, ignore_index=True)
