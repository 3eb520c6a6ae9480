"""The catalogue: what a variant is, which style it belongs to and when it is on sale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import VARIANTS

_EVER = np.datetime64("0001-01-01", "D")
_NEVER = np.datetime64("9999-12-31", "D")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Variants in ascending order of their ids; every array has one entry a variant.

    Attributes:
        variants: (V,) str, variant ids, ascending.
        styles: (V,) str, style ids.
        titles: (V,) str, names for people; empty where there is none.
        introduced_at: (V,) datetime64[D], first day on sale; the year 1 where not known.
        discontinued_at: (V,) datetime64[D], first day no longer on sale; the year 9999 if none.
        prices: (V,) float64, money; NaN where not known.
        attributes: by column name (colour, size, ...), (V,) str; empty where there is none.
    """

    variants: NDArray[np.object_]
    styles: NDArray[np.object_]
    titles: NDArray[np.object_]
    introduced_at: NDArray[np.datetime64]
    discontinued_at: NDArray[np.datetime64]
    prices: NDArray[np.float64]
    attributes: Mapping[str, NDArray[np.object_]]

    @classmethod
    def of(cls, ids: Iterable[str], table: pd.DataFrame | None = None) -> Self:
        """The catalogue of the table's variants and of `ids`, which may lack in the table.

        Args:
            ids: variants that occur in orders or events; one without a row is a style of its own.
            table: the table variants, or None where there is none.
        """
        named = pd.DataFrame(index=pd.Index(sorted(set(ids)), dtype=object))
        if table is not None:
            rows = table.set_index(table["variant_id"].astype(object))
            named = rows.reindex(pd.Index(sorted({*ids, *rows.index}), dtype=object))
        names = named.index.to_numpy(dtype=object)
        return cls(
            variants=names,
            styles=_texts(named, "style_id", names),
            titles=_texts(named, "title", np.full(len(names), "", dtype=object)),
            introduced_at=_days(named, "introduced_at", _EVER),
            discontinued_at=_days(named, "discontinued_at", _NEVER),
            prices=_numbers(named, "price"),
            attributes={
                str(name): _as_text(named[name])
                for name in named.columns
                if name not in VARIANTS.names
            },
        )

    def __len__(self) -> int:
        return len(self.variants)

    def position(self, variant_id: str) -> int | None:
        """Where the variant stands, or None where nobody knows it."""
        found = int(np.searchsorted(self.variants, variant_id))
        known = found < len(self.variants) and self.variants[found] == variant_id
        return found if known else None

    def on_sale(self, as_of: np.datetime64) -> NDArray[np.bool_]:
        """(V,) bool: introduced on that day or before, and not discontinued by then."""
        day = as_of.astype("datetime64[D]")
        on_sale: NDArray[np.bool_] = (self.introduced_at <= day) & (day < self.discontinued_at)
        return on_sale

    def unchanged(self, day: np.datetime64) -> tuple[np.datetime64, np.datetime64]:
        """The first day of the span around `day` with the same variants on sale, and of the next.

        O(V).
        """
        changes = np.concatenate([self.introduced_at, self.discontinued_at, [_EVER, _NEVER]])
        first: np.datetime64 = changes[changes <= day].max()
        after: np.datetime64 = changes[changes > day].min()
        return first, after

    def label(self, position: int) -> str:
        """What a sentence calls the variant: its title, or its id where it has none."""
        return str(self.titles[position] or self.variants[position])

    def to_json(self) -> dict[str, Any]:
        """Columns of texts; `from_json` reads them back."""
        return {
            "variant_id": self.variants.tolist(),
            "style_id": self.styles.tolist(),
            "title": self.titles.tolist(),
            "introduced_at": self.introduced_at.astype(str).tolist(),
            "discontinued_at": self.discontinued_at.astype(str).tolist(),
            "price": [None if np.isnan(price) else price for price in self.prices.tolist()],
            "attributes": {name: values.tolist() for name, values in self.attributes.items()},
        }

    @classmethod
    def from_json(cls, columns: dict[str, Any]) -> Self:
        """The catalogue that `to_json` wrote."""
        return cls(
            variants=np.array(columns["variant_id"], dtype=object),
            styles=np.array(columns["style_id"], dtype=object),
            titles=np.array(columns["title"], dtype=object),
            introduced_at=np.array(columns["introduced_at"], dtype="datetime64[D]"),
            discontinued_at=np.array(columns["discontinued_at"], dtype="datetime64[D]"),
            prices=np.array(columns["price"], dtype=np.float64),
            attributes={
                name: np.array(values, dtype=object)
                for name, values in columns["attributes"].items()
            },
        )


def _numbers(table: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """(V,) float64: a column, NaN where it has no value."""
    if column not in table:
        return np.full(len(table), np.nan)
    return table[column].to_numpy(dtype=np.float64, na_value=np.nan)


def _as_text(column: pd.Series[Any]) -> NDArray[np.object_]:
    """(V,) str: a column of any kind as text, empty where it has no value."""
    return np.where(column.isna().to_numpy(), "", column.astype(str).to_numpy(dtype=object))


def _texts(table: pd.DataFrame, column: str, missing: NDArray[np.object_]) -> NDArray[np.object_]:
    """(V,) str: a column, with `missing` where it has no value."""
    if column not in table:
        return missing
    values = table[column].to_numpy(dtype=object)
    return np.where(table[column].isna().to_numpy(), missing, values)


def _days(table: pd.DataFrame, column: str, missing: np.datetime64) -> NDArray[np.datetime64]:
    """(V,) datetime64[D]: a column, with `missing` where it has no value."""
    if column not in table:
        return np.full(len(table), missing)
    values = pd.to_datetime(table[column]).to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(values), missing, values)
