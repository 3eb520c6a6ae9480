"""What changes against the last plan, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from data.workspace import Workspace
from production.plans.diff import CAUSES, PlanDiff, diff
from production.plans.plan import Plan
from production.plans.releases import in_force, list_releases
from production.plans.saved import Heading, load_plan
from production.report.kept_plans import KeptPlans

TOLD: Final = 1000
"""Lines whose causes are told in words too, the largest changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstLast:
    """The plan beside the last one.

    Attributes:
        last: the last plan.
        released: whether it is the one in force.
        diff: what moved, split over causes.
        lines: the variants of either plan, the largest change first: variant_id, style_id,
            title, status, before, after, change, one column a cause, and why (of the TOLD largest
            changes).
    """

    last: Plan
    released: bool
    diff: PlanDiff
    lines: pd.DataFrame

    @property
    def causes(self) -> tuple[tuple[str, int], ...]:
        """Units that each cause added in all, where it moved anything; the most first."""
        moved = {cause for cause in CAUSES if self.lines[cause].any()}
        totals = {cause: units for cause, units in self.diff.totals().items() if cause in moved}
        return tuple(sorted(totals.items(), key=lambda one: -abs(one[1])))

    @property
    def raised(self) -> int:
        """Units more of the variants that rise."""
        return int(self.lines["change"].clip(lower=0).sum())

    @property
    def lowered(self) -> int:
        """Units less of those that fall."""
        return int(-self.lines["change"].clip(upper=0).sum())

    def most(self, count: int, *, more: bool) -> pd.DataFrame:
        """The lines that rise (or fall) most."""
        rows = self.lines[self.lines["change"] > 0 if more else self.lines["change"] < 0]
        return rows.head(count)

    def styles(self) -> pd.DataFrame:
        """By style_id: before and after (units)."""
        return self.diff.lines.groupby("style_id")[["before", "after"]].sum()


def against_last(
    workspace: Workspace,
    plan: Plan,
    titles: pd.Series,
    against: str | None,
    others: KeptPlans,
) -> AgainstLast | None:
    """The plan beside the last one; None where there is none to compare it with.

    Args:
        workspace: where plans are kept.
        plan: the plan, with what it was made from.
        titles: by variant id.
        against: the id of the plan to compare with. Without it that is the plan of the latest day
            before this one's: the one in force, where one of that day is. Damaged ones are
            passed over.
        others: the kept plans.

    Raises:
        UnknownPlan: no plan has the id that is asked for.
        BareInputs: the plan that is asked for was kept without what it was made from.
        PlanRefused, RecordsRefused: its files, or the record of releases, are damaged.
    """
    if plan.inputs is None:
        return None
    released = {one.plan_id for one in in_force(list_releases(workspace))}
    if against is None:
        last = _before(plan, others, released)
    else:
        last = load_plan(workspace, against, inputs=True)
    if last is None:
        return None
    found_diff = diff(last, plan)
    return AgainstLast(
        last=last,
        released=last.plan_id in released,
        diff=found_diff,
        lines=_lines(found_diff, titles),
    )


def _lines(found: PlanDiff, titles: pd.Series) -> pd.DataFrame:
    """The lines of either plan, see AgainstLast."""
    order = np.lexsort((found.lines["variant_id"], -found.lines["change"].abs()))
    rows = found.lines.iloc[order].reset_index(drop=True)
    moved = rows["variant_id"][rows["change"] != 0].head(TOLD)
    rows["why"] = ""
    rows.loc[moved.index, "why"] = [_because(found.why(name)) for name in moved]
    rows["title"] = rows["variant_id"].map(titles).fillna("")
    names = ["variant_id", "style_id", "title", "status", "before", "after", "change"]
    return rows[[*names, *CAUSES, "why"]]


def _because(sentence: str) -> str:
    """The causes in a sentence of `production.plans.moved`; what moved is in columns of its own."""
    return sentence.partition("units: ")[2].removesuffix(".") or sentence


def _before(plan: Plan, others: KeptPlans, released: set[str]) -> Plan | None:
    """The plan of the latest day before this one's that can be read with its inputs, or None.

    Of several the one in force, else the last by id.
    """

    def rank(one: Heading) -> tuple[np.datetime64, bool, str]:
        return one.as_of, one.plan_id in released, one.plan_id

    earlier = (
        one
        for one in others.headings
        if one.plan_id != plan.plan_id and one.as_of < plan.as_of and one.comparable
    )
    for one in sorted(earlier, key=rank, reverse=True):
        last = others.load(one.plan_id, inputs=True)
        if last is not None:
            return last
    return None
