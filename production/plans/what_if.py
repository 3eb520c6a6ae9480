"""What if a capacity, a cost, a price, a promotion or demand were different: a plan made again.

The plan's own task is changed and solved again from the prices of the answer that there is, and
nothing is learned or read anew. Demand does not answer to a price by itself: a promotion says both,
how demand grows and how the price falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from production.allocation.allocate import Allocation, allocate
from production.errors import BadChange
from production.plans.changes import Changes, changed
from production.plans.comparison import quantities, records, resource_table
from production.plans.economics import Economics
from production.plans.inputs import PlanInputs
from production.plans.plan import Plan, PlanResource


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """A plan beside what it would become.

    Attributes:
        base: the answer as it is.
        answer: the answer under the changes.
        kept_cost: money; what the quantities as they are would cost under the changes, whether
            the resources would suffice for them or not.
        lines: one variant a row, by id: variant_id, style_id, before, after and change (units),
            shortage and leftover before and after (units expected).
        resources: by id, see `comparison.resource_table`.
        profits: money, before and after; what is expected to be sold less what it costs, as
            `profit_of` counts it.
        notes: what to know of the comparison.
    """

    base: Allocation
    answer: Allocation
    kept_cost: float
    profits: tuple[float, float]
    lines: pd.DataFrame
    resources: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def moved(self) -> pd.DataFrame:
        """Lines with another quantity, the largest change first."""
        rows = self.lines[self.lines["change"] != 0]
        return rows.iloc[np.argsort(-rows["change"].abs().to_numpy(), kind="stable")]

    @property
    def styles(self) -> pd.DataFrame:
        """One style a row: style_id, before, after and change; those that move, largest first."""
        sums = self.lines.groupby("style_id", sort=True)[["before", "after", "change"]].sum()
        rows = sums[sums["change"] != 0].reset_index()
        return rows.iloc[np.argsort(-rows["change"].abs().to_numpy(), kind="stable")]

    def to_json(self, most: int | None = None) -> dict[str, Any]:
        """The comparison for programs, with the lines that moved."""
        before, after = (gap_of(one) for one in (self.base, self.answer))
        profit_before, profit_after = self.profits
        moved, styles = self.moved, self.styles
        return {
            "units_before": float(self.base.quantity.sum()),
            "units_after": float(self.answer.quantity.sum()),
            "profit_before": profit_before,
            "profit_after": profit_after,
            "gap_before": before,
            "gap_after": after,
            "cost_before": self.base.expected_cost,
            "cost_kept": self.kept_cost,
            "cost_after": self.answer.expected_cost,
            "bound": self.answer.bound,
            "gap": self.answer.gap,
            "status": self.answer.status,
            "moved": len(moved),
            "moved_styles": len(styles),
            "notes": list(self.notes),
            "resources": records(self.resources),
            "styles": records(styles if most is None else styles.head(most)),
            "lines": records(moved if most is None else moved.head(most)),
        }


def what_if(
    inputs: PlanInputs,
    changes: Changes,
    base: Allocation | None = None,
    *,
    notes: Sequence[str] = (),
) -> WhatIf:
    """What the plan would be under some changes; what is held stays held.

    Args:
        inputs: what the plan was made from.
        changes: what is different.
        base: the allocation of `inputs.task`, where the caller has it; it is found first without.
        notes: what the answer says of that allocation, see `notes_on`.

    Raises:
        BadChange: a group that has no variant, a number that cannot be, or nothing that differs.
        BadResources: a resource that there is not.
        Infeasible: what is held takes more than there would be; names the resource.
    """
    base = allocate(inputs.task) if base is None else base
    task, money = changed(base.task, inputs, changes)
    if task is base.task:
        raise BadChange("Nothing is changed.", where="changes", fix="Say what is different.")
    alike = task.resources.ids == base.task.resources.ids
    answer = allocate(task, base=base if alike else None)
    before, after = base.quantity.astype(np.int64), answer.quantity.astype(np.int64)
    return WhatIf(
        base=base,
        answer=answer,
        kept_cost=float(task.cost(base.quantity).sum()),
        lines=pd.DataFrame(
            {
                "variant_id": pd.Series(task.variants, dtype=object),
                "style_id": pd.Series(inputs.styles, dtype=object),
                "before": before,
                "after": after,
                "change": after - before,
                "shortage_before": base.expected_shortage,
                "shortage_after": answer.expected_shortage,
                "leftover_before": base.expected_leftover,
                "leftover_after": answer.expected_leftover,
            }
        ),
        resources=resource_table(_resources(base), _resources(answer)),
        profits=(profit_of(base, inputs.money), profit_of(answer, money)),
        notes=tuple(notes),
    )


def notes_on(plan: Plan, base: Allocation) -> tuple[str, ...]:
    """What to know of a what-if: what cannot move, and where it begins with another answer.

    Args:
        plan: the plan, with what it was made from.
        base: the allocation of that.
    """
    return (*_held_on(plan), *_begun_elsewhere(plan, base))


def _held_on(plan: Plan) -> tuple[str, ...]:
    """How many variants no change moves, for they are released or overridden."""
    held = 0 if plan.inputs is None else int(np.count_nonzero(plan.inputs.held_by != ""))
    if not held:
        return ()
    return (
        f"{held:,} of {len(plan.lines):,} variants are held by what was released or overridden: "
        "they do not move.",
    )


def _begun_elsewhere(plan: Plan, base: Allocation) -> tuple[str, ...]:
    """Where the answer that a what-if begins with is not the plan as it was kept."""
    made = ways_made(plan)
    away = np.abs(base.quantity - quantities(plan.lines, base.task.variants))
    if not made and not away.any():
        return ()
    told = "it makes as many of each variant as the plan"
    if away.any():
        variants = int(np.count_nonzero(away))
        some = "one variant" if variants == 1 else f"{variants:,} variants"
        told = f"it makes other quantities of {some} than the plan, {away.sum():,.0f} units in all"
    if not made:
        return (f"The plan is solved again to compare with: {told}.",)
    return (
        f"The plan was made {' and '.join(made)}; a what-if looks at its horizon as a whole and "
        f"weighs the mean alone. What it compares with is that answer: {told}.",
    )


def ways_made(plan: Plan) -> list[str]:
    """How a plan was made otherwise than for its horizon as a whole and the mean alone."""
    ways = {
        "by week": plan.schedule is not None,
        "by region": plan.regions is not None,
        "with weight on its worst scenarios": plan.aversion is not None,
    }
    return [way for way, so in ways.items() if so]


def profit_of(answer: Allocation, money: Economics) -> float:
    """Expected price of what is sold, and salvage of what is left, less what all of it costs.

    Stock counts at its unit cost like what is made; lost goodwill, and what is bought of a
    resource above its capacity, are costs.
    """
    short, left = answer.expected_shortage, answer.expected_leftover
    sold = answer.task.curves.mean() - short
    earned = (money.price - money.unit_cost) @ sold - money.goodwill @ short
    lost = (money.unit_cost - money.salvage) @ left
    bought = answer.bought > 0
    extra = answer.bought[bought] @ answer.task.resources.dearest[bought]
    return float(earned - lost - extra)


def gap_of(answer: Allocation) -> float:
    """The information gap in units: (shortage + leftover) / demand."""
    demand = float(answer.task.curves.mean().sum())
    wrong = float(answer.expected_shortage.sum() + answer.expected_leftover.sum())
    return wrong / demand if demand else 0.0


def _resources(answer: Allocation) -> list[PlanResource]:
    shared = answer.task.resources
    return [
        PlanResource(resource_id=name, unit=unit, capacity=there, used=used, shadow_price=price)
        for name, unit, there, used, price in zip(
            shared.ids,
            shared.units,
            shared.capacity.tolist(),
            answer.used.tolist(),
            answer.shadow_prices.tolist(),
            strict=True,
        )
    ]
