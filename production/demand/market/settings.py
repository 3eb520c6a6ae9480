"""How market factors are prepared: filled, known ahead, made into scores, chosen."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from production.demand.market.components import Scores
from production.demand.market.filling import Fill
from production.demand.market.future import KNOWN_REGRESSORS, Ahead


def known_ahead(settings: MarketSettings) -> tuple[str, ...]:
    """Patterns of columns that are declared known ahead beside those that always are."""
    return tuple(pattern for pattern, rule in settings.ahead.items() if rule == "known")


class MarketSettings(BaseModel):
    """Choices about market factors; patterns are globs on a column's name, the last that fits
    counts.
    """  # noqa: D205  # one sentence

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: str = "GB"
    """ISO code whose public holidays count; empty for none."""

    known_regressors: tuple[str, ...] = KNOWN_REGRESSORS
    """Glob patterns of market columns that are decided ahead, so known for the future."""

    ahead: dict[str, Ahead] = Field(default_factory=dict)
    """What is done about a column's future, by pattern: `known`, `usual`, `last`, `mean` or
    `leave_out`; it overrules `known_regressors`, and `usual` holds for all others."""

    missing: dict[str, Fill] = Field(default_factory=dict)
    """How a column's missing periods are filled, by pattern: `carry` (the default), `mean`,
    `median`, `interpolate` or `drop`, which leaves a column with a gap out."""

    components: dict[str, Annotated[int, Field(ge=1, le=50)] | Scores] = Field(default_factory=dict)
    """How many scores stand for the columns of a pattern: a number, or `auto`."""

    component_share: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Share of a pattern's variance that `auto` scores explain."""

    select: bool = True
    """Whether market columns that do not move with demand are left out."""
