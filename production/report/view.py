"""What the report shows, computed once for every form it is rendered in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import VARIANTS
from data.workspace import Workspace
from production.demand.history import DemandPanel
from production.demand.mix.known import mix_at
from production.demand.mix.settings import MixSettings
from production.demand.reading import read_panel
from production.plans.plan import Effect, Plan, PlanResource
from production.report.customers import Customers, customers_of
from production.report.why import Why, why_of

COLUMNS: Final = (
    "style_id",
    "variant_id",
    "title",
    "share",
    "share_low",
    "share_high",
    "plan_share",
    "mean",
    "p10",
    "p50",
    "p90",
    "quantity",
    "planner_quantity",
    "recent_units",
    "on_hand",
    "stockout_probability",
    "expected_shortage",
    "expected_leftover",
    "short_of",
    "reason_code",
    "reason",
)
"""Columns of a report's variants: the plan's, and

    title                   the variant's name; empty where the catalogue has none
    share, share_low, …     its share of its style's coming demand, and the share's interval
    plan_share              its share of its style's planned units and stock
"""

FAN_WINDOWS: Final = 8
"""Past windows, each as long as the horizon, that a fan starts with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The information gap that a decision is expected to leave.

    Attributes:
        shortage, leftover, demand: units.
        cost: money that shortage and leftover cost.
        value: money; demand at its price.
    """

    shortage: float
    leftover: float
    demand: float
    cost: float
    value: float

    @property
    def units(self) -> float:
        """(shortage + leftover) / demand."""
        return (self.shortage + self.leftover) / self.demand if self.demand else 0.0

    @property
    def money(self) -> float:
        """Money lost for each of demand: cost / value."""
        return self.cost / self.value if self.value else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """A variant's past, and the distribution of what comes.

    Attributes:
        variant_id: which.
        title: its name.
        past: units of the past windows, each as long as the horizon, the latest last.
        p10, p50, p90: units of the coming one.
        quantity: units planned.
        on_hand: units in stock.
        short_of: the resource that kept the plan lower; empty where none did.
    """

    variant_id: str
    title: str
    past: tuple[float, ...]
    p10: float
    p50: float
    p90: float
    quantity: float
    on_hand: float
    short_of: str


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
        variants: one planned variant a row, see COLUMNS; the largest styles first, and within
            a style the largest expected demand first.
        fans: the variants of the largest expected demand.
        planned: the gap that the plan is expected to leave.
        today: the gap that last weeks' mix under the same capacity is expected to leave.
        why: what drove the forecast; None where it is not kept or its method does not say.
        customers: who wants it; None where no customer groups are kept.
    """

    plan: Plan
    variants: pd.DataFrame
    fans: tuple[Fan, ...]
    planned: Gap
    today: Gap
    why: Why | None = None
    customers: Customers | None = None

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

    def styles(self, count: int, *, several: bool) -> tuple[Style, ...]:
        """The largest styles; with `several`, those of two variants or more."""
        groups = self.variants.groupby("style_id", sort=False)
        found: list[Style] = []
        for style_id, rows in groups:
            if len(found) == count:
                break
            if len(rows) > 1 or not several:
                title = _beginning(rows["title"].to_list())
                found.append(Style(style_id=str(style_id), title=title, variants=rows))
        return tuple(found)


def _beginning(names: list[str]) -> str:
    """What all names begin with, up to the end of a word."""
    common = os.path.commonprefix(names)  # noqa: RUF071  # names, not paths
    if any(name != common for name in names):
        common = common.rpartition(" ")[0]
    return common.rstrip(" ,;:-/")


def build_report(
    workspace: Workspace, plan: Plan, *, fans: int = 6, settings: MixSettings | None = None
) -> Report:
    """What to show of a plan.

    Args:
        workspace: the one that the plan was made from.
        plan: the plan.
        fans: how many variants to show with their past.
        settings: how the mix is learned.
    """
    panel = read_panel(workspace)
    rows = _variants(workspace, plan, panel, settings)
    lines = plan.lines
    position = lines["quantity"] + lines["on_hand"]
    # shortage - leftover = demand - position, so this is the mean that both were computed from
    demand = (position + lines["expected_shortage"] - lines["expected_leftover"]).clip(lower=0)
    return Report(
        plan=plan,
        variants=rows,
        fans=_fans(rows, plan, panel, fans),
        planned=_gap(lines, demand, "expected_shortage", "expected_leftover"),
        today=_gap(lines, demand, "planner_shortage", "planner_leftover"),
        why=why_of(workspace, plan),
        customers=customers_of(workspace, plan),
    )


def _gap(lines: pd.DataFrame, demand: pd.Series, shortage: str, leftover: str) -> Gap:
    short, left = lines[shortage], lines[leftover]
    return Gap(
        shortage=float(short.sum()),
        leftover=float(left.sum()),
        demand=float(demand.sum()),
        cost=float((lines["underage_cost"] * short + lines["overage_cost"] * left).sum()),
        value=float((lines["price"] * demand).sum()),
    )


def _variants(
    workspace: Workspace, plan: Plan, panel: DemandPanel, settings: MixSettings | None
) -> pd.DataFrame:
    lines = plan.lines
    style = np.unique(lines["style_id"].to_numpy(dtype=object), return_inverse=True)[1]
    mix = mix_at(
        panel.at(plan.as_of, horizon=plan.horizon),
        lines["variant_id"].to_numpy(dtype=object),
        catalogue=workspace.read(VARIANTS) if workspace.has(VARIANTS) else None,
        settings=settings,
    )
    supply = (lines["quantity"] + lines["on_hand"]).to_numpy(dtype=np.float64)
    supplied = np.bincount(style, weights=supply)[style]
    rows = lines.assign(
        title=_titles(workspace, lines["variant_id"]),
        share=mix.share,
        share_low=mix.low,
        share_high=mix.high,
        plan_share=np.divide(supply, supplied, out=np.zeros(len(supply)), where=supplied > 0),
        style_size=np.bincount(style, weights=lines["mean"].to_numpy(dtype=np.float64))[style],
    )
    order = ["style_size", "style_id", "mean", "variant_id"]
    rows = rows.sort_values(order, ascending=[False, True, False, True], kind="stable")
    return rows[list(COLUMNS)].reset_index(drop=True)


def _past(
    weekly: NDArray[np.float64], panel: DemandPanel, lines: pd.DataFrame
) -> NDArray[np.float64]:
    """(V, T) weeks of the plan's variants; zeros for one that never sold."""
    place = pd.Index(panel.variants).get_indexer(pd.Index(lines["variant_id"].astype(object)))
    past: NDArray[np.float64] = np.where(place[:, None] >= 0, weekly[place], 0.0)
    return past


def _titles(workspace: Workspace, variants: pd.Series) -> list[str]:
    if not workspace.has(VARIANTS):
        return [""] * len(variants)
    catalogue = workspace.read(VARIANTS).drop_duplicates("variant_id").set_index("variant_id")
    if "title" not in catalogue:
        return [""] * len(variants)
    found = catalogue["title"].reindex(variants)
    return ["" if pd.isna(title) else str(title) for title in found]


def _fans(rows: pd.DataFrame, plan: Plan, panel: DemandPanel, count: int) -> tuple[Fan, ...]:
    largest = rows.sort_values("mean", ascending=False, kind="stable").head(count)
    week = panel.week(plan.as_of)
    units = _past(panel.units, panel, largest)[:, :week]
    windows = min(FAN_WINDOWS, week // plan.horizon)
    past = units[:, week - windows * plan.horizon :]
    past = past.reshape(len(largest), windows, plan.horizon).sum(axis=2)
    return tuple(
        Fan(
            variant_id=str(row["variant_id"]),
            title=str(row["title"]) or str(row["variant_id"]),
            past=tuple(units),
            p10=row["p10"],
            p50=row["p50"],
            p90=row["p90"],
            quantity=row["quantity"],
            on_hand=row["on_hand"],
            short_of=row["short_of"],
        )
        for row, units in zip(largest.to_dict(orient="records"), past.tolist(), strict=True)
    )
