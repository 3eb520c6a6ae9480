"""What is free of resources and materials, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]

MATERIAL: Final = "material:"
"""How the id of a material begins among resources. What is left of it one day is there the next."""


@dataclass(frozen=True, slots=True)
class Rows:
    """One resource's days.

    Attributes:
        days: proleptic ordinals, ascending [n].
        free: thousandths of its unit that are free on each, 0 at least [n].
    """

    days: Whole
    free: Whole

    def before(self, day: int) -> Rows:
        """The rows up to a day, that included."""
        end = int(np.searchsorted(self.days, day, side="right"))
        return Rows(self.days[:end], self.free[:end])

    def since(self, day: int) -> Rows:
        """The rows from a day on."""
        begin = int(np.searchsorted(self.days, day, side="left"))
        return Rows(self.days[begin:], self.free[begin:])

    def less(self, taken: Mapping[int, int]) -> Rows:
        """What is left once amounts are taken, by day."""
        free = self.free.copy()
        places = np.searchsorted(self.days, np.fromiter(taken, dtype=np.int64, count=len(taken)))
        free[places] -= np.fromiter(taken.values(), dtype=np.int64, count=len(taken))
        return Rows(self.days, free)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The rows of each resource of which anything is stated."""

    rows: Mapping[str, Rows]

    @classmethod
    def of(cls, stated: Iterable[tuple[str, date, int]]) -> Self:
        """From resource, day and thousandths free; days in any order, each once a resource."""
        by_resource: dict[str, list[tuple[int, int]]] = {}
        for resource_id, day, free in stated:
            by_resource.setdefault(resource_id, []).append((day.toordinal(), free))
        return cls(
            {
                resource_id: Rows(*np.array(sorted(found), dtype=np.int64).T)
                for resource_id, found in sorted(by_resource.items())
            }
        )

    def of_use(self, resource_id: str, today: int) -> Rows | None:
        """The rows that an order of today may take from; None where nothing was ever stated."""
        found = self.rows.get(resource_id)
        if found is None or resource_id.startswith(MATERIAL):
            return found
        return found.since(today)
