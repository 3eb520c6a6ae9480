"""What forecasts of demand look like."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from api.service.schemas import Answer

MOST_PAST: Final = 728
"""Past periods that a forecast keeps at most: two years of days."""


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
