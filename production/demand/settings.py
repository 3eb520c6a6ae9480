"""How demand is read from a workspace."""

from __future__ import annotations

from pydantic import Field

from production.demand.censoring.panel import Restore
from production.demand.market.settings import MarketSettings
from production.demand.periods import Period


class DemandSettings(MarketSettings):
    """How demand is read from a workspace, market factors included."""

    period: Period = "week"
    """What orders are summed by and forecast by."""

    group_by: str = "category"
    """Attribute of the catalogue whose values respond to the market each in their own way."""

    preferences: bool = True
    """Whether expected units from preferences are learned and offered to the methods."""

    restore: Restore = "choice"
    """How demand lost to stock-outs is restored, where there is a stock table."""

    market_share: float | None = Field(default=None, ge=0, le=0.95)
    """Of the customers of a style in full stock, the share that buys (the rest leave): the more,
    the more take a sibling of what is out. Without it, it is found in the past."""

    @property
    def per_week(self) -> int:
        """Periods a week."""
        return 7 if self.period == "day" else 1
