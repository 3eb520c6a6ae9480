"""How much plans weigh their bad tail, and on how many scenarios."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

FEWEST: Final = 100
"""Scenarios that are drawn however many variants there are."""

MOST: Final = 10_000


class RiskSettings(BaseModel):
    """How much a plan weighs its bad tail."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Of the tail's mean against the mean of all; 0 plans for the mean alone."""

    level: Annotated[float, Field(ge=0, le=0.99)] = 0.9
    """The tail is the worst 1 - level of the scenarios."""

    of: Literal["profit", "cost"] = "profit"
    """What is bad: little profit, or a high cost of shortage and leftover."""

    scenarios: Annotated[int, Field(ge=FEWEST, le=MOST)] = 5000
    """Draws of the demand that a risk-averse plan is made on; fewer for very many variants."""
