"""The report's rows: every planned variant with its mix, demand, plan, risk, money and service."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import VARIANTS
from data.workspace import Workspace
from production.demand.history import DemandPanel
from production.demand.mix.known import mix_at
from production.demand.mix.settings import MixSettings
from production.plans.inputs import PlanInputs
from production.plans.plan import Plan

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
    "cover_weeks",
    "stockout_probability",
    "expected_shortage",
    "expected_leftover",
    "lost_money",
    "leftover_money",
    "nominal_service",
    "capacity_service",
    "expected_service",
    "short_of",
    "reason_code",
    "reason",
)
"""Columns of a report's variants: the plan's, and

    title                   the variant's name; empty where the catalogue has none
    share, share_low, …     its share of its style's coming demand, and the share's interval
    plan_share              its share of its style's planned units and stock
    cover_weeks             weeks of expected demand that plan and stock cover; missing where
                            none is expected
    lost_money              money; margin that shortage is expected to lose
    leftover_money          money; what leftover is expected to cost
    *_service               probability that all demand is met: nominal where nothing is limited,
                            capacity where a unit also pays for the resources that it takes, and
                            expected with plan and stock as they are, lots included
"""

Floats = NDArray[np.float64]


def variant_rows(
    workspace: Workspace,
    plan: Plan,
    panel: DemandPanel,
    inputs: PlanInputs | None,
    settings: MixSettings | None,
) -> pd.DataFrame:
    """One planned variant a row, see COLUMNS; the largest styles first, and within a style the
    largest expected demand first.
    """  # noqa: D205  # one sentence
    lines = plan.lines
    style = np.unique(lines["style_id"].to_numpy(dtype=object), return_inverse=True)[1]
    mix = mix_at(
        panel.at(plan.as_of, horizon=plan.horizon),
        lines["variant_id"].to_numpy(dtype=object),
        catalogue=workspace.read(VARIANTS) if workspace.has(VARIANTS) else None,
        settings=settings,
    )
    mean = lines["mean"].to_numpy(dtype=np.float64)
    supply = (lines["quantity"] + lines["on_hand"]).to_numpy(dtype=np.float64)
    supplied = np.bincount(style, weights=supply)[style]
    rows = lines.assign(
        title=_titles(workspace, lines["variant_id"]),
        share=mix.share,
        share_low=mix.low,
        share_high=mix.high,
        plan_share=np.divide(supply, supplied, out=np.zeros(len(supply)), where=supplied > 0),
        cover_weeks=np.divide(
            plan.horizon * supply, mean, out=np.full(len(supply), np.nan), where=mean > 0
        ),
        lost_money=lines["underage_cost"] * lines["expected_shortage"],
        leftover_money=lines["overage_cost"] * lines["expected_leftover"],
        expected_service=1.0 - lines["stockout_probability"],
        style_size=np.bincount(style, weights=mean)[style],
        **_fractiles(plan, inputs),
    )
    order = ["style_size", "style_id", "mean", "variant_id"]
    rows = rows.sort_values(order, ascending=[False, True, False, True], kind="stable")
    return rows[list(COLUMNS)].reset_index(drop=True)


def _fractiles(plan: Plan, inputs: PlanInputs | None) -> dict[str, Floats]:
    """(V,) critical fractiles: underage over both costs, and the same less the resources' price.

    Without what the plan was made from, or resources that are priced, both are the same.
    """
    short = plan.lines["underage_cost"].to_numpy(dtype=np.float64)
    both = short + plan.lines["overage_cost"].to_numpy(dtype=np.float64)
    worth = short
    if inputs is not None and plan.resources:
        price = {one.resource_id: one.shadow_price for one in plan.resources}
        prices = np.array([price[name] for name in inputs.free.resources.ids])
        worth = short - inputs.free.resources.usage @ prices
    whole = np.where(both > 0, both, 1.0)
    return {
        "nominal_service": short / whole,
        "capacity_service": np.clip(worth / whole, 0.0, 1.0),
    }


def _titles(workspace: Workspace, variants: pd.Series) -> list[str]:
    if not workspace.has(VARIANTS):
        return [""] * len(variants)
    catalogue = workspace.read(VARIANTS).drop_duplicates("variant_id").set_index("variant_id")
    if "title" not in catalogue:
        return [""] * len(variants)
    found = catalogue["title"].reindex(variants)
    return ["" if pd.isna(title) else str(title) for title in found]
