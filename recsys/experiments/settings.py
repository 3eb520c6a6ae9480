"""An experiment as the settings name it: its arms, their weights, and what differs in each."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from recsys.exploration.settings import Share
from recsys.lists.rules import MOST_WEIGHT


class ArmSettings(BaseModel):
    """An arm; what is left out is as without an experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
    """Of the customers, beside the other arms' weights."""

    plan_bonus: Annotated[float, Field(ge=0, le=MOST_WEIGHT)] | None = None
    """Weight of the latest plan's bonuses."""

    explore: Share | None = None
    """Share of a list's places that explore."""

    model: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Id of the saved model that makes the lists; None for the current one."""


def _weight_alone(value: Any) -> Any:
    """A number stands for an arm's weight."""
    return {"weight": value} if isinstance(value, int | float) else value


class ExperimentSettings(BaseModel):
    """An experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arms: Annotated[
        dict[str, Annotated[ArmSettings, BeforeValidator(_weight_alone)]],
        Field(min_length=2, max_length=20),
    ]
    """By name."""

    control: str = "control"
    """The arm that the others are compared to."""

    running: bool = True
    """Whether customers are split now; one that is over is still reported."""

    @model_validator(mode="after")
    def _control_is_an_arm(self) -> ExperimentSettings:
        if self.control not in self.arms or not self.arms[self.control].weight > 0:
            raise ValueError(f"the control '{self.control}' is no arm with a weight")
        return self

    @property
    def weights(self) -> dict[str, float]:
        """By arm."""
        return {name: arm.weight for name, arm in self.arms.items()}
