"""How a variant can be made: the quantities that its minimum, multiple and maximum allow.

A variant's allowed quantities are {0} and {smallest, smallest + multiple, … up to largest}; for
a frozen one, its released quantity alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.errors import BadResources

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lots:
    """Allowed quantities of V variants, and their stock.

    Attributes:
        smallest: (V,) smallest quantity above none.
        multiple: (V,) step from one allowed quantity to the next, positive.
        largest: (V,) largest quantity, inf for no bound; below `smallest`: nothing can be made.
        zero: (V,) bool, whether making none is allowed.
        frozen: (V,) bool, already released: `smallest` (or none) is the only quantity.
        on_hand: (V,) stock at the start, never negative.
    """

    smallest: Floats
    multiple: Floats
    largest: Floats
    zero: NDArray[np.bool_]
    frozen: NDArray[np.bool_]
    on_hand: Floats

    @classmethod
    def any_units(cls, count: int) -> Self:
        """Any whole quantity of each of `count` variants, and nothing in stock."""
        return cls(
            smallest=np.ones(count),
            multiple=np.ones(count),
            largest=np.full(count, np.inf),
            zero=np.ones(count, dtype=bool),
            frozen=np.zeros(count, dtype=bool),
            on_hand=np.zeros(count),
        )

    def __len__(self) -> int:
        return len(self.smallest)

    @property
    def least(self) -> Floats:
        """(V,) the least that must be made."""
        return np.where(self.zero, 0.0, self.smallest)

    @property
    def most(self) -> Floats:
        """(V,) the most that can be made; 0 where no lot fits under the maximum."""
        return np.where(self.largest >= self.smallest, self.largest, 0.0)

    def take(self, rows: NDArray[np.integer]) -> Lots:
        """The lots of some variants."""
        return Lots(
            smallest=self.smallest[rows],
            multiple=self.multiple[rows],
            largest=self.largest[rows],
            zero=self.zero[rows],
            frozen=self.frozen[rows],
            on_hand=self.on_hand[rows],
        )

    def hold(self, units: Floats) -> Lots:
        """The same lots, but a variant that `units` (V,) has a number for in that quantity alone.

        A held quantity stands as it is, whatever minimum, multiple and maximum say.
        """
        held = ~np.isnan(units)
        return replace(
            self,
            smallest=np.where(held, np.maximum(units, 1.0), self.smallest),
            multiple=np.where(held, 1.0, self.multiple),
            largest=np.where(held, units, self.largest),
            zero=np.where(held, units == 0, self.zero),
            frozen=held | self.frozen,
        )

    def loosened(self) -> Lots:
        """The same lots, but any whole quantity of what was held."""
        free = self.any_units(len(self))
        return Lots(
            smallest=np.where(self.frozen, free.smallest, self.smallest),
            multiple=np.where(self.frozen, free.multiple, self.multiple),
            largest=np.where(self.frozen, free.largest, self.largest),
            zero=self.zero | self.frozen,
            frozen=free.frozen,
            on_hand=self.on_hand,
        )

    def capped(self, largest: Floats) -> Lots:
        """The same lots under a further maximum."""
        return replace(self, largest=np.minimum(self.largest, largest))

    def down(self, units: Floats) -> Floats:
        """(V,) the largest allowed quantity that is not above `units`, or the least allowed."""
        steps = np.floor((np.minimum(units, self.most) - self.smallest) / self.multiple + 1e-9)
        return np.where(steps >= 0, self.smallest + steps * self.multiple, self.least)

    def up(self, units: Floats) -> Floats:
        """(V,) the next allowed quantity after `units`; inf where there is none."""
        following = np.where(units < self.smallest, self.smallest, units + self.multiple)
        return np.where(following <= self.most, following, np.inf)

    def before(self, units: Floats) -> Floats:
        """(V,) the next allowed quantity below `units`; the same where there is none."""
        lower = np.where(units > self.smallest, units - self.multiple, self.least)
        return np.minimum(lower, units)


def lots_of(variants: NDArray[np.object_], table: pd.DataFrame) -> Lots:
    """Allowed quantities from the lots table.

    Args:
        variants: (V,) ids, ascending; rows of other variants are left out.
        table: the lots table; variants without a row can be made in any whole quantity.

    Raises:
        BadResources: a duplicate variant, a negative or fractional number, a multiple of zero,
            or a minimum above the maximum; names the row and the column.
    """
    _refuse_bad(table)
    rows = table.set_index("variant_id").reindex(pd.Index(variants))
    minimum = _column(rows, "minimum", 0.0)
    multiple = _column(rows, "multiple", 1.0)
    maximum = _column(rows, "maximum", np.inf)
    whole = multiple * np.ceil(np.maximum(minimum, 1.0) / multiple)
    capped = np.where(np.isinf(maximum), np.inf, multiple * np.floor(maximum / multiple))
    loose = Lots(
        smallest=whole,
        multiple=multiple,
        largest=capped,
        zero=np.ones(len(variants), dtype=bool),
        frozen=np.zeros(len(variants), dtype=bool),
        on_hand=_column(rows, "on_hand", 0.0),
    )
    return loose.hold(_column(rows, "frozen", np.nan))


def _column(rows: pd.DataFrame, name: str, otherwise: float) -> Floats:
    if name not in rows:
        return np.full(len(rows), otherwise)
    values = rows[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(values), otherwise, values)


def _refuse_bad(table: pd.DataFrame) -> None:
    _refuse(table, table["variant_id"].duplicated(), "variant_id", "has a second row for variant")
    least = {"minimum": 0, "multiple": 1, "maximum": 0, "on_hand": 0, "frozen": 0}
    for name, smallest in least.items():
        if name in table:
            values = table[name].astype("Float64")
            _refuse(table, values < smallest, name, f"is below {smallest}:")
            _refuse(table, (values % 1 != 0), name, "is no whole number:")
    if {"minimum", "maximum"} <= set(table.columns):
        above = table["minimum"].astype("Float64") > table["maximum"].astype("Float64")
        _refuse(table, above, "minimum", "lies above the maximum of its row:")


def _refuse(table: pd.DataFrame, wrong: pd.Series, column: str, what: str) -> None:
    faults = np.flatnonzero(wrong.fillna(value=False).to_numpy(dtype=bool))
    if len(faults):
        row = int(faults[0])
        raise BadResources(
            f"'{column}' {what} {table[column].iloc[row]}.",
            where=f"lots, row {row + 1}, column {column}, "
            f"variant '{table['variant_id'].iloc[row]}'",
            fix="Correct the lots table and import it again.",
        )
