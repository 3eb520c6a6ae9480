"""What a question about a plan changes: capacities, and some variants' demand, prices and costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.nearest import hint
from production.allocation.resources import Resources
from production.allocation.task import Task
from production.errors import BadChange
from production.plans.economics import Economics
from production.plans.inputs import PlanInputs

Floats = NDArray[np.float64]

MOST: Final = 1e12

OWN_COLUMNS: Final = ("variant_id", "style_id")
"""Columns that a group may go by beside the catalogue's attributes."""


@dataclass(frozen=True, slots=True)
class To:
    """What a number becomes.

    Attributes:
        factor: so many times what it is.
        amount: or this, whatever it is.
    """

    factor: float = 1.0
    amount: float | None = None

    def of(self, values: Floats) -> Floats:
        """The numbers that those become."""
        if self.amount is None:
            return values * self.factor
        return np.full_like(values, self.amount)

    def refuse(self, what: str) -> None:
        """Refuse what is no number that can be."""
        given = self.factor if self.amount is None else self.amount
        if not 0 <= given <= MOST:  # NaN is not either
            raise BadChange(
                f"{what} cannot become {given:g}.",
                where=what,
                fix="Give a finite number that is not negative.",
            )


SAME: Final = To()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of a group of variants.

    Attributes:
        column: "variant_id", "style_id" or an attribute of the catalogue, such as "size"; empty
            for all variants.
        values: the values of the column that make the group.
        demand: demand, so many times what is expected.
        price: of a unit.
        unit_cost: of a unit.
    """

    column: str = ""
    values: tuple[str, ...] = ()
    demand: float = 1.0
    price: To = SAME
    unit_cost: To = SAME

    @property
    def name(self) -> str:
        """What to call the group."""
        return f"{self.column}={','.join(self.values)}" if self.column else "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All that is different.

    Attributes:
        capacity: over the whole horizon, by resource; "units" limits all units together.
        groups: of variants; where groups meet, each is applied in turn.
    """

    capacity: Mapping[str, To] = field(default_factory=dict)
    groups: Sequence[Change] = ()


def changed(task: Task, inputs: PlanInputs, changes: Changes) -> tuple[Task, Economics]:
    """A plan's task and money under some changes; what does not change stays the same object."""
    money, factors = inputs.money, np.ones(len(task.variants))
    for one in changes.groups:
        rows = _rows(inputs, one)
        To(one.demand).refuse(f"The demand of {one.name}")
        factors[rows] *= one.demand
        money = _money(money, one, rows)
    if money is not inputs.money:
        task = replace(task, underage=money.underage, overage=money.overage)
    if (factors != 1.0).any():
        task = replace(task, curves=task.curves.scaled(factors))
    if changes.capacity:
        asked = _capacity(task.resources, changes.capacity)
        task = replace(task, resources=task.resources.override(asked))
    return task, money


def _capacity(resources: Resources, changes: Mapping[str, To]) -> dict[str, float]:
    """The capacities that are asked for, by resource id."""
    known = dict(zip(resources.ids, resources.capacity.tolist(), strict=True))
    asked: dict[str, float] = {}
    for name, to in changes.items():
        to.refuse(f"The capacity of '{name[:80]}'")
        if to.amount is None and name not in known:
            raise BadChange(
                f"The plan is not limited by '{name[:80]}', so there is nothing to take a part of.",
                where=f"capacity of {name[:80]}",
                fix=f"Give an amount, or use one of: {', '.join(known) or 'none'}.",
            )
        asked[name] = known[name] * to.factor if to.amount is None else to.amount
    return asked


def _money(money: Economics, change: Change, rows: NDArray[np.intp]) -> Economics:
    """Prices and costs under a change of some variants'."""
    change.price.refuse(f"The price of {change.name}")
    change.unit_cost.refuse(f"The unit cost of {change.name}")
    if change.price == change.unit_cost == SAME:
        return money
    price, unit_cost = money.price.copy(), money.unit_cost.copy()
    price[rows] = change.price.of(price[rows])
    unit_cost[rows] = change.unit_cost.of(unit_cost[rows])
    return replace(money, price=price, unit_cost=unit_cost)


def _rows(inputs: PlanInputs, change: Change) -> NDArray[np.intp]:
    """The group's variants."""
    if not change.column:
        return np.arange(len(inputs.variants))
    columns = dict(zip(OWN_COLUMNS, (inputs.variants, inputs.styles), strict=True))
    columns |= {name: of for name, of in inputs.attributes.items() if name not in columns}
    if change.column not in columns:
        raise BadChange(
            f"The plan's variants have no attribute '{change.column[:80]}'.",
            where=change.name[:200],
            fix=f"{hint(change.column[:80], columns)}Use one of: {', '.join(columns)}.",
        )
    held = columns[change.column]
    named = pd.Index(change.values, dtype=object)
    missing = named[~named.isin(held)]
    if len(missing) or not len(named):
        name = missing[0][:80] if len(missing) else ""
        raise BadChange(
            f"No variant of the plan has the {change.column} '{name}'.",
            where=change.name[:200],
            fix="Name a value that one of the plan's lines has.",
        )
    return np.flatnonzero(pd.Index(held).isin(named))
