"""How much of a list explores."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

MOST_SHARE: Final = 0.5
"""Of a list's places; beyond, the list would hardly be the model's."""

Share = Annotated[float, Field(ge=0, le=MOST_SHARE, allow_inf_nan=False)]


class ExploreSettings(BaseModel):
    """How much of a list explores, and among what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: Share = 0.0
    """Of a list's places, rounded down, that explore; 0 for none."""

    first: bool = False
    """Whether the first place may explore too."""

    candidates: Annotated[int, Field(ge=1, le=10)] = 3
    """For each place of a list, so many variants ranked below it are candidates."""

    uniform: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Chance that a list's explored variants are drawn evenly: it keeps every propensity above 0,
    at the price of some lists that try what has long been known not to please."""

    responses: Annotated[
        tuple[Literal["view", "click", "cart", "rating", "search", "order"], ...],
        Field(min_length=1),
    ] = ("click", "cart", "order")
    """The kinds of events that count as a response to a list."""

    window_days: Annotated[int, Field(ge=1, le=90)] = 7
    """How long after a list a response to it counts."""

    @property
    def window(self) -> np.timedelta64:
        """How long after a list a response to it counts."""
        return np.timedelta64(self.window_days, "D")
