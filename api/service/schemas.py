"""What requests and answers look like; every request field is bounded, and no extra one passes."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from recsys.lists.reasons import Kind
from recsys.lists.recommendation import Fallback

MOST_EVENTS: Final = 1000
MOST_K: Final = 100
MOST_RESOURCES: Final = 200
MOST_ROWS: Final = 1000
MOST_PAST: Final = 728
"""Past periods that a forecast keeps at most: two years of days."""

MOST_AMOUNT: Final = 1e12
EARLIEST: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # the shop's local time has no zone
LATEST: Final = datetime(2200, 1, 1)  # noqa: DTZ001  # likewise

Id = Annotated[
    str,
    Field(
        min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["SH001-WHI-M-WO"]
    ),
]
"""An external id: any text on one line."""

EventKind = Literal["view", "click", "cart", "rating", "search", "order"]


class Request(BaseModel):
    """A request's body: strict types, no unknown field, no infinite number."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def _example(**body: Any) -> ConfigDict:
    """A whole body that a reader of the documentation can send as it stands."""
    return ConfigDict(json_schema_extra={"examples": [body]})


class Answer(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _moment(value: object) -> datetime:
    """A time of ISO 8601; a bare number would be read as seconds since 1970."""
    if not isinstance(value, str | datetime):
        raise ValueError("must be a text in ISO 8601")  # noqa: TRY004  # pydantic takes ValueErrors
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a time in ISO 8601, such as 2025-12-28T10:30:00") from None
    if not EARLIEST <= moment.replace(tzinfo=None) < LATEST:
        raise ValueError("must lie between 1970 and 2200")
    return moment


def _day(value: object) -> date:
    """A day of ISO 8601."""
    with suppress(ValueError):
        value = date.fromisoformat(value) if isinstance(value, str) else value
    if (
        isinstance(value, datetime)
        or not isinstance(value, date)
        or not EARLIEST.date() <= value < LATEST.date()
    ):
        raise ValueError("must be a day in ISO 8601 between 1970 and 2200, such as 2025-12-28")
    return value


Moment = Annotated[datetime, BeforeValidator(_moment), Field(examples=["2025-12-28T10:30:00"])]
Day = Annotated[date, BeforeValidator(_day), Field(examples=["2025-12-29"])]


class Event(Request):
    """One thing that a customer did."""

    event_id: Id = Field(description="Made by the client; sending it again changes nothing.")
    customer_id: Id
    variant_id: Id
    kind: EventKind
    value: float | None = Field(
        default=None,
        ge=-1e6,
        le=1e6,
        description="Units of an order, a rating's value, a view's seconds.",
    )
    at: Moment = Field(
        description="When: the shop's local time, or any time with its offset from UTC."
    )


class Events(Request):
    """A batch of events; all of it is stored, or nothing."""

    model_config = _example(
        events=[
            {
                "event_id": "9f1c",
                "customer_id": "10242",
                "variant_id": "SH001-WHI-M-WO",
                "kind": "cart",
                "at": "2025-12-28T10:30:00",
            }
        ]
    )

    events: list[Event] = Field(min_length=1, max_length=MOST_EVENTS)


class PlanRequest(Request):
    """What to plan for."""

    model_config = _example(horizon=4, capacity={"sewing": 400})

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


class Reason(Answer):
    """One purchase or neighbour behind a recommendation."""

    kind: Kind = Field(
        description="The customer's own taking; a variant it goes with; another variant of the "
        "same style; a value of an attribute that the customer usually takes; customers alike; "
        "what everybody takes; hardly tried by anybody; promoted by a boost of the shop's; "
        "preferred by a bonus from outside; higher than without the plan's bonuses."
    )
    variant_id: str | None = Field(description="The variant that carried it, if one did.")
    title: str = Field(description="Its name for people; may be empty.")
    share: float = Field(
        description="Its part of all that spoke for the variant, 0 to 1; together 1 at most."
    )
    sentence: str = Field(examples=["You bought it twice, last on 3 November 2025."])
    attribute: str | None = Field(description="The attribute whose value carried it, if one did.")
    value: str | None = Field(description="That value.")


class Recommendation(Answer):
    """One variant, and why it stands where it stands."""

    rank: int = Field(description="From 1.")
    variant_id: str
    style_id: str
    title: str = Field(description="Its name for people; may be empty.")
    score: float = Field(
        description="Of its place: higher is better, comparable within this list only."
    )
    reasons: list[Reason] = Field(description="Why it stands here, the weightiest first.")


class Note(Answer):
    """What to know of a list as a whole."""

    code: str = Field(description="Stable; `empty.…` names the rule that left nothing to show.")
    text: str = Field(examples=["The rule 'max_price' left none of the 57 variants that remained."])


class Recommendations(Answer):
    """A ranked list; shorter than k where the rules leave fewer variants."""

    customer_id: str | None = Field(description="For whom; null for a basket or a variant.")
    model: str = Field(description="The model that made the list.", examples=["atelier"])
    model_id: str = Field(description="The saved version that made the list.")
    fallback: Fallback | None = Field(
        description="What stood in for the model where it knows nothing; else null."
    )
    as_of: str = Field(description="Up to when everything was known, the shop's local time.")
    recommendations: list[Recommendation]
    notes: list[Note] = Field(
        description="Why the list is empty; boosts that ended; ids that nobody knows."
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


class DemandPeriod(Answer):
    """One period to come."""

    start: str = Field(description="Its first day.")
    mean: float = Field(description="Units expected.")


class DemandPart(Answer):
    """What one kind of influence adds to a variant's expected units."""

    part: str = Field(
        description="level, trend, season, price, promotion, holiday, weather, market, "
        "preference or style."
    )
    units: float = Field(description="Over the horizon; all parts sum to the mean.")
    share: float = Field(description="Of the mean.")
    text: str = Field(examples=["promotions and events to come add 3.0 units, 25 % of the …"])


class PastPeriod(Answer):
    """One period of the past."""

    start: str = Field(description="Its first day.")
    units: float


class Learned(Answer):
    """A term or a market factor, and what the method learned of it."""

    term: str
    kind: str
    meaning: str
    effect: float = Field(description="What one typical size of it changes, in `unit`.")
    unit: str


class RestoredUnits(Answer):
    """What demand restored behind stock-outs added to the sales that a forecast stands on."""

    method: str = Field(examples=["choice"])
    sold: float = Field(description="Units sold, over all of the past.")
    missed: float = Field(description="Units wanted while out of stock, as estimated.")
    moved: float = Field(description="Units sold that stood in for a sibling out of stock.")
    short: float = Field(description="Share of variants' periods that were not wholly in stock.")
    market_share: float = Field(description="The choice model's; 0 where nobody substitutes.")
    fits: int = Field(description="Times that the choice model was fitted.")
    unconverged: int = Field(description="Of these, those stopped before they had converged.")


class ForecastHeader(Answer):
    """What a forecast is."""

    forecast_id: str
    method: str = Field(examples=["atelier"])
    origin: str = Field(description="The first day to come; it stands on what lay before.")
    period: Literal["week", "day"]
    horizon: int = Field(description="Periods.")
    restored: RestoredUnits | None = Field(
        description="Null where sales were taken for demand: no stock table, or no stock-out."
    )


class VariantDemand(ForecastHeader):
    """One variant's past, the distribution of its demand and what drives it."""

    variant_id: str
    style_id: str
    title: str = Field(description="Its name for people; may be empty.")
    mean: float = Field(description="Units expected over the horizon.")
    quantiles: dict[str, float] = Field(
        description="q05 to q95: units that demand over the horizon stays below with 5 % to 95 %."
    )
    periods: list[DemandPeriod]
    parts: list[DemandPart] | None = Field(
        description="The level, then the largest first; null where the method does not say."
    )
    past: list[PastPeriod] = Field(description="The latest last.")
    learned: list[Learned] = Field(description="The largest effect of each kind first.")


class DemandRow(Answer):
    """One variant of a list of demand."""

    variant_id: str
    style_id: str
    title: str
    mean: float
    quantiles: dict[str, float]


class DemandList(ForecastHeader):
    """Variants of a forecast, the largest demand first."""

    total: int = Field(description="Variants of the forecast.")
    variants: list[DemandRow]


class Stored(Answer):
    """What became of a batch of events."""

    received: int
    stored: int = Field(description="Those not stored before.")


class Health(Answer):
    """That the process answers."""

    status: Literal["ok"]


class Readiness(Answer):
    """What the service can do now."""

    status: Literal["ready"]
    model_id: str = Field(description="The saved version that serves now.")
    plan_id: str | None = Field(description="The latest plan; null where none was made yet.")
