"""What is limited and what a unit takes of it: resources and usage as arrays, checked.

What a unit takes is read by `production.allocation.usage`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.allocation.usage import amounts, refuse_numbers, refuse_usage
from production.errors import BadResources

Floats = NDArray[np.float64]

UNITS: Final = "units"
"""The resource of which every unit of every variant takes one; known in each workspace."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """R resources shared by V variants over the horizon.

    Attributes:
        ids: (R,) resource ids, ascending.
        units: (R,) what one of each is.
        capacity: (R,) how much there is over the whole horizon, never negative.
        usage: (V, R) what one unit takes.
        setup: (V, R) what making any at all takes.
        extra_cost: (R,) money for a unit above the capacity, inf where none can be had; None where
            none of any resource can.
    """

    ids: tuple[str, ...]
    units: tuple[str, ...]
    capacity: Floats
    usage: Floats
    setup: Floats
    extra_cost: Floats | None = None

    @classmethod
    def none(cls, variants: int) -> Self:
        """Nothing is limited."""
        empty = np.zeros((variants, 0))
        return cls(ids=(), units=(), capacity=np.zeros(0), usage=empty, setup=empty)

    @property
    def dearest(self) -> Floats:
        """(R,) the price from which a unit is bought rather than forgone; inf where none can be."""
        return np.full(len(self.ids), np.inf) if self.extra_cost is None else self.extra_cost

    def widened(self, extra: Floats) -> Resources:
        """The same with (R,) units more of each."""
        return replace(self, capacity=self.capacity + extra)

    def less(self, taken: pd.DataFrame) -> Resources:
        """The same, less what is taken of each already (a row a resource); never below nothing."""
        gone = taken.sum(axis=1).reindex(list(self.ids)).fillna(0.0).to_numpy(dtype=np.float64)
        return replace(self, capacity=np.maximum(self.capacity - gone, 0.0)) if gone.any() else self

    @cached_property
    def opens(self) -> bool:
        """Whether any variant needs a set-up."""
        return bool(self.setup.any())

    @cached_property
    def smallest_usage(self) -> Floats:
        """(R,) the least that a unit of any variant that takes some takes; inf where none does."""
        if not len(self.usage):
            return np.full(len(self.ids), np.inf)
        least: Floats = np.where(self.usage > 0, self.usage, np.inf).min(axis=0)
        return least

    def used(self, quantity: Floats) -> Floats:
        """(R,) what a quantity of each variant takes in all."""
        used: Floats = quantity @ self.usage
        return used + (quantity > 0) @ self.setup if self.opens else used

    def without_setups(self) -> Resources:
        """The same, where making any at all takes nothing."""
        return replace(self, setup=np.zeros_like(self.setup))

    def take(self, rows: NDArray[np.integer]) -> Resources:
        """The same resources, for some variants."""
        return replace(self, usage=self.usage[rows], setup=self.setup[rows])

    def with_total_units(self, capacity: float) -> Resources:
        """The same, and a limit on the units of all variants together."""
        count = len(self.usage)
        return Resources(
            ids=(*self.ids, UNITS),
            units=(*self.units, "units"),
            capacity=np.append(self.capacity, capacity),
            usage=np.column_stack((self.usage, np.ones(count))),
            setup=np.column_stack((self.setup, np.zeros(count))),
            extra_cost=None if self.extra_cost is None else np.append(self.extra_cost, np.inf),
        )

    def override(self, capacity: Mapping[str, float]) -> Resources:
        """The same with other capacities over the whole horizon.

        Args:
            capacity: by resource id; "units" limits all units together where no resource is
                called so.

        Raises:
            BadResources: an unknown resource, or a capacity that is negative or not finite.
        """
        changed = self
        for name, amount in sorted(capacity.items()):
            _refuse_capacity(name, amount)
            if name not in changed.ids:
                changed = _add(changed, name, amount)
            else:
                values = changed.capacity.copy()
                values[changed.ids.index(name)] = amount
                changed = replace(changed, capacity=values)
        return changed


def resources_of(
    variants: NDArray[np.object_],
    styles: NDArray[np.object_],
    weeks: NDArray[np.datetime64],
    resources: pd.DataFrame,
    usage: pd.DataFrame,
    *,
    regions: NDArray[np.object_] | None = None,
) -> Resources:
    """The resources and usage tables as arrays for the variants of a plan.

    Args:
        variants: (V,) ids, ascending.
        styles: (V,) the style of each.
        weeks: (H,) Mondays of the horizon.
        resources: the resources table; capacity is a week's.
        usage: the usage table.
        regions: (V,) where the units of each row go; without it, rows of usage that name a region
            are left out.

    Raises:
        BadResources: a negative or missing capacity, a week without capacity, a second row for
            the same key, a negative amount, usage of an unknown resource; names row and column.
    """
    by_week = capacity_by_week(weeks, resources)
    ids = tuple(by_week.index)
    refuse_usage(usage, ids)
    unit = pd.Series(index=ids, dtype=object)
    if "unit" in resources:
        unit = resources.groupby("resource_id")["unit"].first().reindex(ids)
    return Resources(
        ids=ids,
        units=tuple("" if pd.isna(name) else str(name) for name in unit),
        capacity=by_week.to_numpy().sum(axis=1),
        usage=amounts(usage, "amount", ids, variants=variants, styles=styles, regions=regions),
        setup=amounts(
            usage, "setup_amount", ids, variants=variants, styles=styles, regions=regions
        ),
        extra_cost=_extra_cost(resources, ids),
    )


def capacity_by_week(
    weeks: NDArray[np.datetime64], resources: pd.DataFrame, *, gaps: bool = False
) -> pd.DataFrame:
    """Capacity of each resource (ids, ascending) in each week: that week's row, else any week's.

    Args:
        weeks: (W,) Mondays.
        resources: the resources table.
        gaps: leave a week without capacity NaN, in place of refusing it.

    Raises:
        BadResources: as of `resources_of`.
    """
    refuse_numbers(resources, "resources", "capacity")
    ids = sorted(resources["resource_id"].unique())
    rows = [_of_weeks(resources, name, weeks, gaps=gaps) for name in ids]
    return pd.DataFrame(rows, index=pd.Index(ids, dtype=object), columns=list(range(len(weeks))))


def _extra_cost(resources: pd.DataFrame, ids: tuple[str, ...]) -> Floats | None:
    """(R,) the least that a unit more costs; None where none can be had of any."""
    if "extra_unit_cost" not in resources or not resources["extra_unit_cost"].notna().any():
        return None
    refuse_numbers(resources, "resources", "extra_unit_cost", missing=True)
    least = resources.groupby("resource_id")["extra_unit_cost"].min().reindex(ids)
    return least.fillna(np.inf).to_numpy(dtype=np.float64)


def _of_weeks(
    resources: pd.DataFrame, name: str, weeks: NDArray[np.datetime64], *, gaps: bool
) -> Floats:
    """(H,) capacity of one resource: each week's own row, else the row of any week."""
    rows = resources[resources["resource_id"] == name]
    period = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[s]")
    if "period" in rows:
        day = pd.to_datetime(rows["period"]).dt.normalize()
        period = day - pd.to_timedelta(day.dt.day_of_week, unit="D")  # any day stands for its week
    if period.duplicated().any():
        raise BadResources(
            f"Resource '{name}' has two capacities for the same week.",
            where="resources, column period",
            fix="Keep one row for each resource and week.",
        )
    usual = rows.loc[period.isna(), "capacity"]
    dated = pd.Series(rows["capacity"].to_numpy(), index=pd.DatetimeIndex(period))
    found = dated.reindex(pd.DatetimeIndex(weeks)).to_numpy(dtype=np.float64)
    if len(usual):
        found = np.where(np.isnan(found), float(usual.iloc[0]), found)
    if np.isnan(found).any() and not gaps:
        week = weeks[int(np.argmax(np.isnan(found)))]
        raise BadResources(
            f"Resource '{name}' has no capacity for the week of {week.astype('datetime64[D]')}.",
            where="resources, column period",
            fix="Add a row for that week, or one without a period that holds for any week.",
        )
    return found


def _refuse_capacity(name: str, amount: float) -> None:
    if not np.isfinite(amount) or amount < 0:
        raise BadResources(
            f"The capacity of '{name}' must be a number that is not negative, and is {amount:g}.",
            where=f"capacity of {name}",
            fix="Give how much there is over the whole horizon.",
        )


def _add(resources: Resources, name: str, amount: float) -> Resources:
    if name != UNITS:
        raise BadResources(
            f"There is no resource '{name}'.",
            where=f"capacity of {name}",
            fix=f"Use one of: {', '.join((*resources.ids, UNITS))}.",
        )
    return resources.with_total_units(amount)
