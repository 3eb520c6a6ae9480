"""What the report shows, computed once for every form it is rendered in."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.workspace import Workspace
from production.demand.mix.settings import MixSettings
from production.demand.reading import read_panel
from production.demand.settings import DemandSettings
from production.plans.plan import Effect, Plan, PlanResource
from production.plans.saved import list_plans, load_plan
from production.report.bottleneck import Bottleneck, bottleneck_of
from production.report.capacity import CapacityPrice, capacity_price_of
from production.report.come_and_go import NEW, STOP, come_and_go
from production.report.customers import Customers, customers_of
from production.report.fans import Fan, fans_of, past_windows
from production.report.gap import Gap, habit_gap, planned_gap
from production.report.kept_plans import KeptPlans
from production.report.last_plan import AgainstLast, against_last
from production.report.live import LiveMix
from production.report.options import options_of
from production.report.over_time import gap_over_time
from production.report.returns import Returns, returns_of
from production.report.service import Service, service_of
from production.report.variants import variant_rows
from production.report.why import Why, why_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One style with its variants.

    Attributes:
        style_id: which.
        title: what its variants' names begin with; empty where that is nothing.
        variants: its rows of the report's variants, the largest expected demand first.
    """

    style_id: str
    title: str
    variants: pd.DataFrame

    @classmethod
    def of(cls, style_id: str, rows: pd.DataFrame) -> Style:
        """The style of some rows of a report's variants."""
        return cls(style_id=style_id, title=beginning(rows["title"].to_list()), variants=rows)

    def total(self, column: str) -> float:
        """The sum of a column over the variants."""
        return float(self.variants[column].sum())

    @property
    def largest_share(self) -> float:
        """Where the largest of its shares, intervals included, ends; positive."""
        ends = self.variants[["share", "share_high", "plan_share"]].to_numpy(dtype=np.float64)
        return float(ends.max())


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that the report shows.

    Attributes:
        plan: the plan that it is about.
        variants: one planned variant a row, see `variants.COLUMNS`; the largest styles first, and
            within a style the largest expected demand first.
        past: (V, W) units of the variants' past windows, each as long as the horizon, the latest
            last.
        fans: the variants of the largest expected demand.
        planned: the gap that the plan is expected to leave.
        today: the gap that last weeks' mix under the same capacity is expected to leave.
        service: nominal, capacity-adjusted and expected.
        over_time: the information gap of past weeks and of these, see `over_time.COLUMNS`.
        coming_going: new variants and those to stop, see `come_and_go.COLUMNS`.
        last: what changes against the last plan; None where there is none to compare with.
        bottleneck: who earns what of the tightest resource; None where nothing is short.
        capacity: the plan under more and less of it; likewise.
        why: what drove the forecast; None where it is not kept or its method does not say.
        options: demand for options, hours and materials, see `options.COLUMNS`; None where no style
            with attach rates is planned, or the forecast is not kept.
        customers: who wants it; None where neither customer groups nor regions are known.
        returns: what came back in the year before the plan; None where nothing did.
        live: orders since the plan was made against it; None where they were not asked for.
        notes: what the report had to leave out.
    """

    plan: Plan
    variants: pd.DataFrame
    past: NDArray[np.float64]
    fans: tuple[Fan, ...]
    planned: Gap
    today: Gap
    service: Service
    over_time: pd.DataFrame
    coming_going: pd.DataFrame
    last: AgainstLast | None = None
    bottleneck: Bottleneck | None = None
    capacity: CapacityPrice | None = None
    why: Why | None = None
    options: pd.DataFrame | None = None
    customers: Customers | None = None
    returns: Returns | None = None
    live: LiveMix | None = None
    notes: tuple[str, ...] = ()

    @property
    def binding(self) -> tuple[PlanResource, ...]:
        """The resources that one more unit of would earn something, the fullest first."""
        short = [resource for resource in self.plan.resources if resource.shadow_price > 0]
        return tuple(
            sorted(short, key=lambda r: (-r.used / max(r.capacity, 1e-300), r.resource_id))
        )

    def effects(self, kind: str, count: int) -> tuple[Effect, ...]:
        """The largest effects of a kind."""
        return tuple(effect for effect in self.plan.effects if effect.kind == kind)[:count]

    @property
    def moved(self) -> float:
        """Units that the plan makes of other variants than last weeks' mix would."""
        change = self.variants["quantity"] - self.variants["planner_quantity"]
        return float(change.clip(lower=0).sum())

    def changes(self, count: int, *, more: bool) -> pd.DataFrame:
        """The variants whose quantity rises (or falls) most against last weeks' mix."""
        change = self.variants["quantity"] - self.variants["planner_quantity"]
        change = change if more else -change
        order = change[change > 0].sort_values(ascending=False, kind="stable").index[:count]
        return self.variants.loc[order].assign(change=change[order])

    @property
    def new(self) -> pd.DataFrame:
        """The rows of new variants."""
        return self.coming_going[self.coming_going["what"] == NEW]

    @property
    def stop(self) -> pd.DataFrame:
        """The rows of variants to stop."""
        return self.coming_going[self.coming_going["what"] == STOP]

    def styles(self, count: int | None, *, several: bool) -> tuple[Style, ...]:
        """The largest styles, or all; with `several`, those of two variants or more."""
        groups = self.variants.groupby("style_id", sort=False)
        found: list[Style] = []
        for style_id, rows in groups:
            if len(found) == count:
                break
            if len(rows) > 1 or not several:
                found.append(Style.of(str(style_id), rows))
        return tuple(found)


def beginning(names: list[str]) -> str:
    """What all names begin with, up to the end of a word."""
    common = os.path.commonprefix(names)  # noqa: RUF071  # names, not paths
    if any(name != common for name in names):
        common = common.rpartition(" ")[0]
    return common.rstrip(" ,;:-/")


def build_report(
    workspace: Workspace,
    plan: Plan,
    *,
    fans: int = 6,
    settings: MixSettings | None = None,
    demand: DemandSettings | None = None,
    against: str | None = None,
) -> Report:
    """What to show of a plan.

    Args:
        workspace: the one that the plan was made from.
        plan: the plan; what it was made from is read where it is kept.
        fans: how many variants to show with their past.
        settings: how the mix is learned.
        demand: how demand is read, as when the plan was made; by week, whatever it says.
        against: the id of the plan to compare it with; the last one before it without.

    Raises:
        UnknownPlan: no plan has the id that is asked for.
        PlanRefused, RecordsRefused: the files of the plan, of the one to compare it with, or of
            the releases are damaged. Others are left out, and notes say so.
    """
    plan, others = _with_inputs(workspace, plan), KeptPlans(workspace)
    # plans and their reports are by week, also where forecasts are wanted by day
    read = (demand or DemandSettings()).model_copy(update={"period": "week"})
    panel = read_panel(workspace, read)
    rows = variant_rows(workspace, plan, panel, plan.inputs, settings)
    past = past_windows(rows, plan, panel)
    over_time = gap_over_time(plan, panel, others)
    last = against_last(workspace, plan, rows.set_index("variant_id")["title"], against, others)
    return Report(
        plan=plan,
        variants=rows,
        past=past,
        fans=fans_of(rows, past, fans),
        planned=planned_gap(plan.lines),
        today=habit_gap(plan.lines),
        service=service_of(rows),
        over_time=over_time,
        coming_going=come_and_go(workspace, plan, panel, rows),
        last=last,
        bottleneck=bottleneck_of(plan, plan.inputs, rows),
        capacity=capacity_price_of(plan, plan.inputs),
        why=why_of(workspace, plan),
        options=options_of(workspace, plan, panel),
        customers=customers_of(workspace, plan),
        returns=returns_of(workspace, plan, rows),
        notes=others.notes(),
    )


def _with_inputs(workspace: Workspace, plan: Plan) -> Plan:
    """The plan with what it was made from, where that is kept."""
    if plan.inputs is not None or plan.plan_id not in list_plans(workspace):
        return plan
    return replace(plan, inputs=load_plan(workspace, plan.plan_id, inputs=True).inputs)
