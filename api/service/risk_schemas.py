"""What the service answers of a plan's risk."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from api.service.schemas import Answer

FEWEST_SCENARIOS: Final = 100
MOST_SCENARIOS: Final = 10_000
MOST_LEVEL: Final = 0.99


class Distribution(Answer):
    """A figure over the scenarios."""

    mean: float
    sd: float = Field(description="Standard deviation.")
    p5: float
    p10: float
    p50: float
    p90: float
    p95: float


class Tail(Answer):
    """The mean of a figure over its worst scenarios."""

    mean: float
    error: float = Field(description="Its standard error.")


class TailVariant(Answer):
    """What a variant has to do with the scenarios of least profit."""

    variant_id: str
    style_id: str
    lost: float = Field(
        description="Money: its mean profit less that in these scenarios; over all variants they "
        "sum to the mean profit less the tail's."
    )
    short: float = Field(description="Units short, their mean in these scenarios.")
    left: float = Field(description="Units left over, likewise.")


class PlanRiskAnswer(Answer):
    """What a plan may come to."""

    plan_id: str
    scenarios: int
    seed: int = Field(description="What the scenarios were drawn with.")
    level: float = Field(description="The tails are the worst 1 - level of the scenarios.")
    profit: Distribution = Field(
        description="Price of what is sold, less cost of what is made, and salvage of what is left."
    )
    cost: Distribution = Field(description="Of shortage and leftover, money.")
    units_short: Distribution
    units_left: Distribution = Field(description="Stock included.")
    fill_rate: Distribution = Field(description="Units sold / units of demand.")
    variants_out: Distribution = Field(description="Variants whose demand exceeds what there is.")
    tail_profit: Tail
    tail_cost: Tail
    worst: list[TailVariant] = Field(description="Those that lose most, the largest loss first.")
