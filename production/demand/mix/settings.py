"""How the mix forgets, and how much its prior and an order line tell."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class MixSettings(BaseModel):
    """Every number of the mix.

    The defaults are the fastest of the speeds that are chosen from
    (`production.demand.mix.speeds`): the middle of a plateau over 14 weekly origins in the first
    half of Online Retail II (22 March to 21 June 2010); no later week was looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    units_power: Annotated[float, Field(ge=0, le=1)] = 2 / 3
    """A week counts units ** this * order lines ** (1 - this): 1 counts units, 0 order lines.
    Between the two one bulk order does not decide a style's mix."""

    half_life: Annotated[float, Field(gt=0)] = 8.0
    """Weeks after which a count weighs half in the lasting mix."""

    concentration: Annotated[float, Field(gt=0)] = 24.0
    """Counts that the prior is worth, a style."""

    recent_half_life: Annotated[float, Field(gt=0)] = 2.0
    """Weeks after which a count weighs half in the recent mix."""

    recent_concentration: Annotated[float, Field(gt=0)] = 20.0
    """Counts that the lasting mix is worth against the recent one, a style."""

    prior_ridge: Annotated[float, Field(gt=0)] = 0.25
    """Penalty on the prior's squared effects, against the summed log loss of styles of like size:
    the more styles, the less it counts."""

    lines_a_choice: Annotated[float, Field(ge=1)] = 4.0
    """Order lines that tell as much as one independent choice: with 4, intervals of 80 % held
    79 % of the coming shares in styles of 100 lines in 13 weeks or more, and 93 % of all: where a
    style sells a few lines, a share of 0 or 1 is likely and the interval has to reach there."""

    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.8
    """Probability that a variant's coming share lies within its interval."""
