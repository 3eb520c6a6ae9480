"""What is limited and what a unit takes of it: resources and usage as arrays, checked.

Where a variant has a usage row of its own for a resource, that row holds; otherwise its style's
row does. Rows for options belong to custom orders and do not enter a plan of variants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
) -> Resources:
    """The resources and usage tables as arrays for the variants of a plan.

    Args:
        variants: (V,) ids, ascending.
        styles: (V,) the style of each.
        weeks: (H,) Mondays of the horizon.
        resources: the resources table; capacity is a week's.
        usage: the usage table.

    Raises:
        BadResources: a negative or missing capacity, a week without capacity, a second row for
            the same key, a negative amount, usage of an unknown resource; names row and column.
    """
    _refuse_numbers(resources, "resources", "capacity")
    ids = tuple(sorted(resources["resource_id"].unique()))
    _refuse_usage(usage, ids)
    capacity = np.array([_over_horizon(resources, name, weeks) for name in ids])
    unit = pd.Series(index=ids, dtype=object)
    if "unit" in resources:
        unit = resources.groupby("resource_id")["unit"].first().reindex(ids)
    return Resources(
        ids=ids,
        units=tuple("" if pd.isna(name) else str(name) for name in unit),
        capacity=capacity,
        usage=_amounts(usage, "amount", variants, styles, ids),
        setup=_amounts(usage, "setup_amount", variants, styles, ids),
    )


def _over_horizon(resources: pd.DataFrame, name: str, weeks: NDArray[np.datetime64]) -> float:
    """Capacity of one resource: each week's own row, else the row of any week."""
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
    if np.isnan(found).any():
        week = weeks[int(np.argmax(np.isnan(found)))]
        raise BadResources(
            f"Resource '{name}' has no capacity for the week of {week.astype('datetime64[D]')}.",
            where="resources, column period",
            fix="Add a row for that week, or one without a period that holds for any week.",
        )
    return float(found.sum())


def _amounts(
    usage: pd.DataFrame,
    column: str,
    variants: NDArray[np.object_],
    styles: NDArray[np.object_],
    ids: tuple[str, ...],
) -> Floats:
    """(V, R) amounts: the style's row first, the variant's own over it."""
    matrix = np.zeros((len(variants), len(ids)))
    if column not in usage:
        return matrix
    for key, owners in (("style_id", styles), ("variant_id", variants)):
        rows = usage[_states(usage, key) & usage[column].notna()]
        if rows.empty:
            continue
        names, name = np.unique(rows[key].to_numpy(dtype=object), return_inverse=True)
        stated = np.full((len(names) + 1, len(ids)), np.nan)
        stated[name, pd.Index(ids).get_indexer(pd.Index(rows["resource_id"]))] = rows[column]
        # an owner without a row has position -1: the last line, which states nothing
        found = stated[pd.Index(names).get_indexer(pd.Index(owners))]
        matrix = np.where(np.isnan(found), matrix, found)
    return matrix


def _refuse_usage(usage: pd.DataFrame, ids: tuple[str, ...]) -> None:
    for column in ("amount", "setup_amount"):
        if column in usage:
            _refuse_numbers(usage, "usage", column, missing=column == "setup_amount")
    unknown = np.flatnonzero(~usage["resource_id"].isin(ids))
    if len(unknown):
        row = int(unknown[0])
        raise BadResources(
            f"Usage of an unknown resource '{usage['resource_id'].iloc[row]}'.",
            where=f"usage, row {row + 1}, column resource_id",
            fix=f"Add it to the resources table, or use one of: {', '.join(ids) or 'none yet'}.",
        )
    for key in ("variant_id", "style_id"):
        stated = _states(usage, key)
        columns = [name for name in (key, "resource_id") if name in usage]
        twice = np.flatnonzero(usage[stated].duplicated(columns))
        if len(twice):
            row = int(np.flatnonzero(stated)[twice[0]])
            fault = usage.iloc[row]
            raise BadResources(
                f"A second row says what '{fault[key]!s}' takes of '{fault['resource_id']!s}'.",
                where=f"usage, row {row + 1}, column {key}",
                fix="Keep one row for each.",
            )


def _states(usage: pd.DataFrame, key: str) -> NDArray[np.bool_]:
    """(rows,) which rows state a usage by `key`: not for an option, not for one variant alone."""
    if key not in usage:
        return np.zeros(len(usage), dtype=bool)
    mask = usage[key].notna()
    for narrower in ("option", "variant_id"):
        if narrower in usage and narrower != key:
            mask &= usage[narrower].isna()
    return mask.to_numpy(dtype=bool)


def _refuse_numbers(table: pd.DataFrame, name: str, column: str, *, missing: bool = False) -> None:
    values = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.isinf(values) | (values < 0) | (np.isnan(values) & (not missing))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise BadResources(
            f"'{column}' must be a number that is not negative, and is {values[row]:g}.",
            where=f"{name}, row {row + 1}, column {column}, "
            f"resource '{table['resource_id'].iloc[row]}'",
            fix=f"Correct the {name} table and import it again.",
        )


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
