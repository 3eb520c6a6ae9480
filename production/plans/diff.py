"""What moved from one plan to another, and why: demand, costs, lots, capacity or an override.

The first plan's inputs are replaced by the second's one group at a time, in the order of CAUSES,
and the plan is made again after each. What a replacement moves is that cause's part, so a line's
parts sum to its change exactly, in whole units. Like any split of a change over causes that act
together, the parts depend on the order, which therefore never varies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.allocation.allocate import allocate
from production.allocation.task import Task
from production.errors import BareInputs, Infeasible, NotForecast
from production.plans.comparison import quantities, records, resource_table, states
from production.plans.inputs import PlanInputs
from production.plans.moved import why_moved
from production.plans.plan import Plan
from production.plans.union import over_all

Ints = NDArray[np.int64]

CAUSES: Final = ("demand", "costs", "lots", "capacity", "override", "other")
"""In the order in which inputs are replaced.

    demand      what is expected to be wanted; all of a new or a dropped variant
    costs       what a missing and a left-over unit cost
    lots        minimum, multiple, maximum, stock, and what the table of lots freezes
    capacity    how much there is of the resources, and what a unit takes of them
    override    what planners set, and what is held because it was released
    other       nothing that the plans were made from: another version of the program
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDiff:
    """Two plans compared.

    Attributes:
        before: the first plan's id.
        after: the second's.
        lines: one variant of either a row, by id: variant_id, style_id, status (both, new or
            dropped), before, after and change (units), one column a cause (units, summing to the
            change), what they rest on before and after (`comparison.states`), and reason, the
            second plan's.
        resources: by id, see `comparison.resource_table`.
        cost_before: money, the first plan's expected cost.
        cost_after: the second's.
        notes: what to know of the comparison.
    """

    before: str
    after: str
    lines: pd.DataFrame
    resources: pd.DataFrame
    cost_before: float
    cost_after: float
    notes: tuple[str, ...]

    @property
    def moved(self) -> pd.DataFrame:
        """Lines with another quantity, the largest change first."""
        rows = self.lines[self.lines["change"] != 0]
        order = np.lexsort((rows["variant_id"], -rows["change"].abs()))
        return rows.iloc[order]

    def why(self, variant_id: str) -> str:
        """A sentence on one variant.

        Raises:
            NotForecast: neither plan has it.
        """
        place = int(np.searchsorted(self.lines["variant_id"], variant_id))
        if place == len(self.lines) or self.lines["variant_id"].iloc[place] != variant_id:
            raise NotForecast(
                f"Neither plan has a variant '{variant_id[:80]}'.",
                where="variant id",
                fix="Ask for one of the plans' lines.",
            )
        return why_moved(self.lines.iloc[place], self.resources, CAUSES)

    def totals(self) -> dict[str, int]:
        """Units that each cause added, over all variants."""
        return {cause: int(self.lines[cause].sum()) for cause in CAUSES}

    def header(self) -> dict[str, Any]:
        """Everything but the lines, for JSON."""
        return {
            "before": self.before,
            "after": self.after,
            "units_before": int(self.lines["before"].sum()),
            "units_after": int(self.lines["after"].sum()),
            "moved": int((self.lines["change"] != 0).sum()),
            "causes": self.totals(),
            "cost_before": self.cost_before,
            "cost_after": self.cost_after,
            "resources": records(self.resources),
            "notes": list(self.notes),
        }

    def to_json(self, most: int | None = None) -> dict[str, Any]:
        """The comparison for programs: the header, and the lines that moved, each with its why."""
        shown = self.moved if most is None else self.moved.head(most)
        told = [self.why(name) for name in shown["variant_id"]]
        return {**self.header(), "lines": records(shown.assign(why=told))}


def diff(before: Plan, after: Plan) -> PlanDiff:
    """What moved from one plan to another, and why.

    Takes up to four allocations of as many variants as either plan has.

    Args:
        before: a plan with its inputs.
        after: another one.

    Raises:
        BareInputs: a plan was kept without what it was made from.
    """
    first, second = over_all(inputs_kept(before), inputs_kept(after))
    held = quantities(before.lines, first.variants)
    final = quantities(after.lines, first.variants)
    parts, notes = _parts(first, second, held, final)
    if (before.as_of, before.horizon) != (after.as_of, after.horizon):
        notes.insert(
            0,
            f"The plans are for other weeks: {before.horizon} from {before.as_of}, then "
            f"{after.horizon} from {after.as_of}.",
        )
    if before.aversion or after.aversion:
        notes.append(
            "Causes are told apart for the mean alone: what weight on the worst scenarios moved is "
            "with the last of them."
        )
    if before.tables() or after.tables():
        notes.append(
            "Causes are told apart over the horizon as a whole: what weeks or regions moved is "
            "with the last of them."
        )
    reasons = after.lines.set_index("variant_id")["reason"].reindex(first.variants).fillna("")
    variants = pd.Index(first.variants)
    new = ~variants.isin(before.lines["variant_id"])
    dropped = ~variants.isin(after.lines["variant_id"])
    lines = pd.DataFrame(
        {
            "variant_id": first.variants,
            "style_id": second.styles,
            "status": np.select([new, dropped], ["new", "dropped"], "both"),
            "before": held,
            "after": final,
            "change": final - held,
            **parts,
            **{f"{name}_before": values for name, values in states(first).items()},
            **{f"{name}_after": values for name, values in states(second).items()},
            "reason": reasons.to_numpy(dtype=object),
        }
    )
    return PlanDiff(
        before=before.plan_id,
        after=after.plan_id,
        lines=lines,
        resources=resource_table(before.resources, after.resources),
        cost_before=before.expected_cost,
        cost_after=after.expected_cost,
        notes=tuple(notes),
    )


def inputs_kept(plan: Plan) -> PlanInputs:
    """What a plan was made from.

    Raises:
        BareInputs: it was kept without.
    """
    if plan.inputs is None:
        raise BareInputs(
            f"The plan '{plan.plan_id}' was kept without what it was made from, as plans were by "
            "earlier versions.",
            where="plan id",
            fix="Make a plan anew with 'atelier plan' ('--as-of' for a past week) and use that.",
        )
    return plan.inputs


def _parts(
    first: PlanInputs, second: PlanInputs, before: Ints, after: Ints
) -> tuple[dict[str, Ints], list[str]]:
    """(V,) units that each cause adds, and what could not be told apart."""
    parts = {cause: np.zeros(len(before), dtype=np.int64) for cause in CAUSES}
    notes: list[str] = []
    changed = _changed(first, second)
    now, quantity = first, before
    for place, cause in enumerate(changed):
        now = _with(now, second, cause)
        if place == len(changed) - 1:
            following = after
        else:
            try:
                following = allocate(now.task).quantity.astype(np.int64)
            except Infeasible as error:
                notes.append(
                    f"What {cause} moved is told with {changed[place + 1]}: no plan keeps the new "
                    f"{cause} with the rest as it was. {error.what}"
                )
                continue
        parts[cause] = following - quantity
        quantity = following
    if not changed:
        parts["other"] = after - before
    return parts, notes


def _with(now: PlanInputs, then: PlanInputs, cause: str) -> PlanInputs:
    """Some inputs with one group from other ones."""
    task, other = now.free, then.free
    if cause == "override":
        return replace(now, held=then.held, held_by=then.held_by)
    groups: dict[str, Task] = {
        "demand": replace(task, curves=other.curves),
        "costs": replace(task, underage=other.underage, overage=other.overage),
        "lots": replace(task, lots=other.lots),
        "capacity": replace(task, resources=other.resources),
    }
    return replace(now, free=groups[cause])


def _changed(first: PlanInputs, second: PlanInputs) -> list[str]:
    """The causes whose inputs differ, in their order."""
    one, two = first.free, second.free
    lots = ("smallest", "multiple", "largest", "zero", "frozen", "on_hand")
    shared, others = one.resources, two.resources
    same = {
        "demand": np.array_equal(one.curves.values, two.curves.values),
        "costs": np.array_equal(one.underage, two.underage)
        and np.array_equal(one.overage, two.overage),
        "lots": all(np.array_equal(getattr(one.lots, n), getattr(two.lots, n)) for n in lots),
        "capacity": shared.ids == others.ids
        and np.array_equal(shared.capacity, others.capacity)
        and np.array_equal(shared.usage, others.usage)
        and np.array_equal(shared.setup, others.setup)
        and np.array_equal(shared.dearest, others.dearest),
        "override": np.array_equal(first.held, second.held, equal_nan=True),
    }
    return [cause for cause, alike in same.items() if not alike]
