"""The plan: what to make of each variant over a horizon, with what it rests on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

LINE_COLUMNS: Final = (
    "variant_id",
    "style_id",
    "quantity",
    "wanted",
    "on_hand",
    "recent_units",
    "mean",
    "p10",
    "p50",
    "p90",
    "expected_shortage",
    "expected_leftover",
    "stockout_probability",
    "price",
    "underage_cost",
    "overage_cost",
    "resource_cost",
    "planner_quantity",
    "planner_shortage",
    "planner_leftover",
    "short_of",
    "reason_code",
    "reason",
)
"""Columns of a plan's lines.

    quantity, wanted        units to make; units that would be made if no resource were limited
    on_hand                 units in stock at the start
    recent_units            units sold in as many weeks before the plan as it has
    mean, p10, p50, p90     units of demand over the horizon
    expected_shortage, …    units
    stockout_probability    that demand exceeds quantity and stock
    price, *_cost           money a unit
    resource_cost           what a unit takes of the resources, at their shadow prices, money
    planner_*               what the last weeks' mix under the same capacity would make, and
                            what it would leave short and over (production.plans.habit)
    short_of                the resource that kept it below `wanted`; empty where none did
    reason_code, reason     why the quantity is what it is (production.allocation.unmet)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResource:
    """One resource in a plan.

    Attributes:
        resource_id: which.
        unit: what one of it is; may be empty.
        capacity: how much there is over the horizon.
        used: how much the plan takes.
        shadow_price: money that one more unit would earn.
        extra_unit_cost: money that one more unit costs; None where none can be had. The plan
            buys none: where it costs less than the shadow price, buying some would pay.
    """

    resource_id: str
    unit: str
    capacity: float
    used: float
    shadow_price: float
    extra_unit_cost: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one term of the demand method does.

    Attributes:
        term: its name.
        kind: "term" (of the variant's own history) or "regressor" (of the market).
        group: the variants that it is learned for; empty for all.
        meaning: what it is, in words.
        effect: what one typical size of it changes, in `unit`.
        unit: "units a week" or "%" of demand.
    """

    term: str
    kind: str
    group: str
    meaning: str
    effect: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Units to make per variant, frozen and comparable.

    Attributes:
        plan_id: made from the content, so that equal plans have equal ids.
        as_of: a Monday; the first day of the horizon, up to which everything was known.
        horizon: weeks.
        method: the demand method that it was made from.
        lines: one variant a row, by variant id; see LINE_COLUMNS.
        resources: by resource id; empty where nothing was limited.
        expected_cost: money; what shortage and leftover are expected to cost.
        bound: money; no plan under these assumptions costs less.
        gap: (expected cost - bound) / expected cost.
        status: "optimal" or "within gap".
        assumptions: sentences on what was not in the data.
        effects: what the demand method learned, the largest first; empty where it has no terms.
        forecast_id: the forecast that it was made from (`production.demand.saved`).
    """

    plan_id: str
    as_of: np.datetime64
    horizon: int
    method: str
    lines: pd.DataFrame
    resources: tuple[PlanResource, ...]
    expected_cost: float
    bound: float
    gap: float
    status: str
    assumptions: tuple[str, ...]
    effects: tuple[Effect, ...] = ()
    forecast_id: str = ""

    def header(self) -> dict[str, Any]:
        """Everything but the lines, for JSON."""
        return {
            "plan_id": self.plan_id,
            "as_of": str(self.as_of),
            "horizon": self.horizon,
            "method": self.method,
            "units": float(self.lines["quantity"].sum()),
            "resources": [asdict(resource) for resource in self.resources],
            "expected_cost": self.expected_cost,
            "bound": self.bound,
            "gap": self.gap,
            "status": self.status,
            "assumptions": list(self.assumptions),
            "effects": [asdict(effect) for effect in self.effects],
            "forecast_id": self.forecast_id,
        }

    def to_json(self) -> dict[str, Any]:
        """The plan for programs: the header, and one object a line."""
        return {**self.header(), "lines": self.lines.to_dict(orient="records")}


def identified(plan: Plan) -> Plan:
    """The plan under the id that its content makes."""
    header = plan.header() | {"plan_id": ""}
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    digest.update(plan.lines.to_csv(index=False, float_format="%.10g").encode())
    name = f"{plan.as_of}-{plan.horizon}w-{digest.hexdigest()[:12]}"
    return replace(plan, plan_id=name)
