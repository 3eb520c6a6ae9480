"""Working days, and a week's capacity laid onto them in whole thousandths."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Weekday = Literal[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
]  # fmt: skip
WEEKDAYS: Final[tuple[Weekday, ...]] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
)  # fmt: skip

Whole = NDArray[np.int64]


class WorkdaySettings(BaseModel):
    """On which days there is capacity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weekdays: Annotated[frozenset[Weekday], Field(min_length=1)] = frozenset(WEEKDAYS[:5])
    """The days of the week on which things are made."""

    closed: frozenset[date] = frozenset()
    """Days on which nothing is made; the week's capacity falls on its other days."""

    def of_week(self, monday: date) -> tuple[date, ...]:
        """The working days of a week, ascending.

        >>> [day.day for day in WorkdaySettings().of_week(date(2026, 3, 2))]
        [2, 3, 4, 5, 6]
        """
        days = [monday + timedelta(days=place) for place in range(7)]
        return tuple(
            day
            for day, name in zip(days, WEEKDAYS, strict=True)
            if name in self.weekdays and day not in self.closed
        )


def even_shares(total: int, days: int) -> Whole:
    """A whole amount in parts that differ by 1 at most, the larger ones first.

    >>> even_shares(11, 4).tolist()
    [3, 3, 3, 2]
    """
    share, rest = divmod(total, days)
    return share + (np.arange(days) < rest).astype(np.int64)


def levelled(total: int, taken: Sequence[int]) -> Whole:
    """A whole amount over days as evenly as can be, on none less than is taken already.

    What is taken stays even where that is more than the amount in all.

    >>> levelled(10, [0, 6, 1]).tolist(), levelled(5, [0, 6, 1]).tolist()
    ([2, 6, 2], [0, 6, 1])
    """
    laid = np.array(taken, dtype=np.int64)
    still = np.arange(len(laid))  # days that take less than an even share of what is left
    left = total
    while len(still):
        above = laid[still] * len(still) > left
        if not above.any():
            laid[still] = even_shares(left, len(still))
            break
        left -= int(laid[still][above].sum())
        still = still[~above]
    return laid
