"""The plan: what to make of each variant over a horizon, with what it rests on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from production.plans.inputs import PlanInputs

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
    "unit_cost",
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
    price, *_cost           money a unit; underage is margin and lost goodwill
    resource_cost           what a unit takes of the resources, at their shadow prices, money
    planner_*               what the last weeks' mix under the same capacity would make, and
                            what it would leave short and over (production.plans.habit)
    short_of                the resource that kept it below `wanted`; empty where none did
    reason_code, reason     why the quantity is what it is (production.allocation.unmet)
"""


TABLES: Final = {
    "schedule": (
        "variant_id",
        "week",
        "begin",
        "comes_in",
        "mean",
        "expected_stock",
        "expected_waiting",
    ),
    "resource_weeks": ("resource_id", "week", "capacity", "used", "shadow_price", "bought"),
    "regions": (
        "variant_id",
        "region",
        "quantity",
        "wanted",
        "on_hand",
        "mean",
        "expected_shortage",
        "expected_leftover",
        "stockout_probability",
        "short_of",
    ),
}
"""Columns of what a plan says beyond its lines, where weeks or regions are planned.

    schedule        of each variant and week (its Monday): units to begin, units that come in, units
                    of demand, and units expected in stock and owed at its end
    resource_weeks  of each resource and week: as of PlanResource
    regions         of each variant and region: as of the lines
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResource:
    """One resource in a plan.

    Attributes:
        resource_id: which.
        unit: what one of it is; may be empty.
        capacity: how much there is over the horizon.
        used: how much the plan takes.
        shadow_price: money that one more unit would earn; in a plan by week, one in the week
            where it earns most.
        extra_unit_cost: money that one more unit costs; None where none can be had.
        bought: units above the capacity that the plan buys, part of `used`.
    """

    resource_id: str
    unit: str
    capacity: float
    used: float
    shadow_price: float
    extra_unit_cost: float | None = None
    bought: float = 0.0


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
class PlanAversion:
    """How a risk-averse plan weighs its bad tail, and what that did on the scenarios it is made on.

    Attributes:
        weight: of the tail's mean against the mean of all scenarios, 0 to 1.
        level: the tail is the worst 1 - level of the scenarios.
        of: "profit" or "cost", of which the tail is.
        scenarios: how many draws of the demand.
        seed: what they were drawn with.
        tail: money; the mean profit or cost of the plan in its tail.
        neutral_tail: money; that of the plan for the mean alone in its own tail.
        extra_cost: money that the plan is expected to cost more than that one.
        gap: how far mean and tail, weighed together, can be from the best, as a share of the
            plan's expected cost.
    """

    weight: float
    level: float
    of: str
    scenarios: int
    seed: int
    tail: float
    neutral_tail: float
    extra_cost: float
    gap: float

    def __str__(self) -> str:
        share = f"worst {1 - self.level:.0%} of {self.scenarios:,} drawn scenarios"
        return (
            f"Risk-averse: the mean {self.of} of the {share} weighs {self.weight:.0%}. "
            f"It is {self.tail:,.0f}, and {self.neutral_tail:,.0f} of the plan for the mean "
            f"alone, which is expected to earn {self.extra_cost:,.0f} more. "
            f"Certified within {self.gap:.2%} of the expected cost."
        )


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
        schedule, resource_weeks, regions: see TABLES; None where they were not planned.
        inputs: what it was made from; None where they were not read, or not kept.
        aversion: how it weighs the bad tail; None where it is made for the mean alone.
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
    schedule: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    resource_weeks: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    regions: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    inputs: PlanInputs | None = field(default=None, repr=False, compare=False)
    aversion: PlanAversion | None = None

    def header(self) -> dict[str, Any]:
        """Everything but the lines, for JSON."""
        averse = {} if self.aversion is None else {"aversion": asdict(self.aversion)}
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
            **averse,
        }

    def tables(self) -> dict[str, pd.DataFrame]:
        """Those of TABLES that it has, by name."""
        found = {name: getattr(self, name) for name in TABLES}
        return {name: table for name, table in found.items() if table is not None}

    def to_json(self) -> dict[str, Any]:
        """The plan for programs: the header, and one object a line and a row of its tables."""
        tables = {"lines": self.lines, **self.tables()}
        return self.header() | {name: one.to_dict(orient="records") for name, one in tables.items()}


def identified(plan: Plan) -> Plan:
    """The plan under the id that its content makes."""
    header = plan.header() | {"plan_id": ""}
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    digest.update(plan.lines.to_csv(index=False, float_format="%.10g").encode())
    for table in plan.tables().values():
        digest.update(table.to_csv(index=False, float_format="%.10g").encode())
    if plan.inputs is not None:
        digest.update(plan.inputs.digest().encode())
    name = f"{plan.as_of}-{plan.horizon}w-{digest.hexdigest()[:12]}"
    return replace(plan, plan_id=name)
