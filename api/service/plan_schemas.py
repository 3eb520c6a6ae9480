"""What to plan for, and the plan that is made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.service.schemas import MOST_AMOUNT, MOST_RESOURCES, Answer, Day, Id, Request, example


class PlanRequest(Request):
    """What to plan for."""

    model_config = example(horizon=4, capacity={"sewing": 400})

    horizon: int | None = Field(default=None, ge=1, le=26, description="Weeks to plan for.")
    as_of: Day | None = Field(default=None, description="Know only what lies before this day.")
    capacity: dict[Id, Annotated[float, Field(ge=0, le=MOST_AMOUNT)]] = Field(
        default={},
        max_length=MOST_RESOURCES,
        description="Capacity over the whole horizon by resource, in place of the workspace's own; "
        "'units' limits the units of all variants together.",
        examples=[{"units": 1200}],
    )
    weekly: bool | None = Field(
        default=None,
        description="Plan weeks; without it, where lead times or uneven capacities ask for it.",
    )
    overtime: bool = Field(
        default=True, description="Buy more of a resource where it has a price and pays."
    )
    risk_weight: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="How much the mean profit of the worst scenarios weighs against the mean of "
        "all; without it as the settings say, 0 by default.",
    )
    risk_level: float | None = Field(
        default=None, ge=0, le=0.99, description="The worst are 1 - level of the scenarios."
    )


class OpenAnswer(BaseModel):
    """Part of a plan: as the production room states it, further fields included."""

    model_config = ConfigDict(extra="allow", frozen=True)


class PlanResource(OpenAnswer):
    """One resource over the plan's horizon."""

    resource_id: str
    unit: str
    capacity: float
    used: float
    shadow_price: float = Field(description="Money that one more unit of it would earn.")
    extra_unit_cost: float | None = Field(
        default=None, description="Money that one more unit of it costs, where it can be had."
    )
    bought: float = Field(
        default=0.0, description="Units above the capacity that the plan buys; part of `used`."
    )


class PlanLine(OpenAnswer):
    """What to make of one variant, and why so much."""

    variant_id: str
    style_id: str
    quantity: int = Field(description="Units to make.")
    wanted: int = Field(description="Units that would be made if no resource were limited.")
    on_hand: int
    recent_units: float = Field(description="Units sold in as many weeks before the plan.")
    mean: float
    p10: float
    p50: float
    p90: float
    expected_shortage: float
    expected_leftover: float
    stockout_probability: float
    price: float | None
    unit_cost: float = Field(description="What making one costs.")
    underage_cost: float
    overage_cost: float
    resource_cost: float = Field(
        description="What a unit takes of the resources, at their shadow prices, money."
    )
    reason_code: str
    reason: str


class Effect(OpenAnswer):
    """One term of the demand regression that the plan rests on."""

    term: str
    kind: str
    group: str = Field(description="The variants that it is learned for; empty for all.")
    meaning: str
    effect: float = Field(description="What one typical size of it changes, in `unit`.")
    unit: str


class Aversion(Answer):
    """How a risk-averse plan weighs its bad tail, and what that did on the scenarios it is of."""

    weight: float = Field(description="Of the tail's mean against the mean of all, 0 to 1.")
    level: float = Field(description="The tail is the worst 1 - level of the scenarios.")
    of: Literal["profit", "cost"] = Field(description="What the tail is of.")
    scenarios: int
    seed: int
    tail: float = Field(description="Money: the mean profit or cost of the plan in its tail.")
    neutral_tail: float = Field(
        description="Money: that of the plan for the mean alone in its own tail."
    )
    extra_cost: float = Field(description="Money that it is expected to cost more than that one.")
    gap: float = Field(
        description="How far it may be from the best such plan, a share of its expected cost."
    )


class PlanAnswer(OpenAnswer):
    """A plan; with `schedule`, `resource_weeks` and `regions` where those are planned."""

    plan_id: str
    as_of: str = Field(description="The first day of the horizon, a Monday.")
    horizon: int = Field(description="Weeks.")
    method: str
    units: float
    resources: list[PlanResource]
    expected_cost: float
    bound: float = Field(description="No plan under these assumptions costs less.")
    gap: float
    status: str
    assumptions: list[str]
    effects: list[Effect]
    aversion: Aversion | None = Field(
        default=None, description="Null where the plan is made for the mean alone."
    )
    lines: list[PlanLine]
