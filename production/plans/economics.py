"""What a missing and a left-over unit cost: underage and overage from the catalogue.

A unit short loses its margin (price - unit cost) and what the customer's goodwill is worth, where
the catalogue says; a unit left over loses what it cost beyond its salvage value (unit cost -
salvage). With the defaults for what the catalogue does not say, 60 % and 20 % of the price, the two
stand 3:1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Floats = NDArray[np.float64]
Share = Annotated[float, Field(ge=0, le=1)]


class EconomicsSettings(BaseModel):
    """What is assumed of money that the catalogue does not state."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit_cost_share: Share = 0.4
    """Unit cost as a share of the price, where the catalogue has none."""

    salvage_share: Share = 0.2
    """Salvage value as a share of the price, where the catalogue has none."""

    waiting_share: Share = 0.25
    """What it costs that a unit is waited for a week, as a share of what it costs to miss it."""

    holding_share: Share = 0.005
    """What it costs to hold a unit for a week, as a share of its unit cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Economics:
    """Money a unit, for V variants.

    Attributes:
        price: (V,) selling price.
        unit_cost: (V,) what making a unit costs.
        salvage: (V,) what a unit left over still brings.
        goodwill: (V,) what a missing unit costs beyond its margin.
        assumptions: sentences on what was not in the data, with counts.
    """

    price: Floats
    unit_cost: Floats
    salvage: Floats
    goodwill: Floats
    assumptions: tuple[str, ...] = ()

    @property
    def underage(self) -> Floats:
        """(V,) cost of a unit short, never negative."""
        return np.maximum(self.price - self.unit_cost, 0.0) + self.goodwill

    @property
    def overage(self) -> Floats:
        """(V,) cost of a unit left over, never negative."""
        return np.maximum(self.unit_cost - self.salvage, 0.0)

    def take(self, rows: NDArray[np.integer]) -> Economics:
        """The money of some variants."""
        return replace(
            self,
            price=self.price[rows],
            unit_cost=self.unit_cost[rows],
            salvage=self.salvage[rows],
            goodwill=self.goodwill[rows],
        )


def economics(
    variants: NDArray[np.object_],
    catalogue: pd.DataFrame,
    paid: pd.Series,
    settings: EconomicsSettings | None = None,
) -> Economics:
    """Prices and costs of variants; what the catalogue lacks is assumed, and said.

    Args:
        variants: (V,) ids.
        catalogue: the variants table.
        paid: mean price paid by variant id, for variants without a list price.
        settings: the defaults.
    """
    settings = settings or EconomicsSettings()
    rows = catalogue.drop_duplicates("variant_id").set_index("variant_id").reindex(variants)
    notes: list[str] = []
    price = _price(rows, paid, notes)
    cost = _or_share(rows, "unit_cost", price, settings.unit_cost_share, notes)
    salvage = _or_share(rows, "salvage_value", price, settings.salvage_share, notes)
    if count := int((cost > price).sum()):
        notes.append(f"{count:,} variants cost more than they sell for: a missing one is no loss.")
    if count := int((salvage > cost).sum()):
        notes.append(f"{count:,} variants salvage more than they cost: a left-over one is no loss.")
    return Economics(
        price=price,
        unit_cost=cost,
        salvage=salvage,
        goodwill=np.nan_to_num(_numbers(rows, "goodwill_cost")),
        assumptions=tuple(notes),
    )


def _numbers(rows: pd.DataFrame, column: str) -> Floats:
    if column not in rows:
        return np.full(len(rows), np.nan)
    return rows[column].to_numpy(dtype=np.float64, na_value=np.nan)


def _price(rows: pd.DataFrame, paid: pd.Series, notes: list[str]) -> Floats:
    """List price, else the mean price paid, else the median of the others, else 1."""
    price = _numbers(rows, "price")
    listed = price > 0
    price = np.where(listed, price, paid.reindex(rows.index).to_numpy(dtype=np.float64))
    found = price > 0
    if count := int((found & ~listed).sum()):
        notes.append(f"{count:,} variants have no list price: the mean price paid stands in.")
    if count := int((~found).sum()):
        middle = float(np.median(price[found])) if found.any() else 1.0
        notes.append(f"{count:,} variants have no price at all: {middle:.2f} is assumed.")
        price = np.where(found, price, middle)
    return price


def _or_share(
    rows: pd.DataFrame, column: str, price: Floats, share: float, notes: list[str]
) -> Floats:
    known = _numbers(rows, column)
    missing = np.isnan(known)
    if count := int(missing.sum()):
        name = column.replace("_", " ")
        notes.append(f"{count:,} variants have no {name}: {share:.0%} of the price is assumed.")
    return np.where(missing, share * price, known)
