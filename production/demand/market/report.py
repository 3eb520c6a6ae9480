"""What became of every market factor: the report of what was used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import pandas as pd

Source = Literal["calendar", "known", "scenario", "forecast", "left out"]
"""Where a factor's future values come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorUse:
    """One factor of one forecast.

    Attributes:
        name: the market table's column, `column=value` of a text, a score, or a calendar term.
        kind: the part of a forecast that it speaks of (`production.demand.forecast.PARTS`).
        filled: periods before the origin that had no value and were given one.
        fill: how they were; empty where none was missing.
        future: where the values after the origin come from.
        given: periods of the horizon that the source says itself; the others are forecast.
        rule: how they are forecast; empty where none is.
        scores: the scores that stand for it, where it does not enter itself.
        chosen: whether a method sees it.
        reason: why, or why not.
        chance: that a factor without effect would move so closely with demand; None untested.
        effect: % that demand changes where the factor stands one standard deviation above
            lately, mean over groups; None where the method does not say.
    """

    name: str
    kind: str
    filled: int = 0
    fill: str = ""
    future: Source = "calendar"
    given: int = 0
    rule: str = ""
    scores: tuple[str, ...] = ()
    chosen: bool = True
    reason: str = ""
    chance: float | None = None
    effect: float | None = None

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "scores": list(self.scores)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> FactorUse:
        """What `to_json` gave; TypeError where it is something else."""
        return cls(**{**found, "scores": tuple(found["scores"])})


def with_effects(
    factors: Sequence[FactorUse], effects: pd.DataFrame | None
) -> tuple[FactorUse, ...]:
    """The report with what a method learned of each factor.

    Args:
        factors: the report.
        effects: a forecast's `effects`; rows of kind `regressor` say % by group.
    """
    if effects is None or "kind" not in effects:
        return tuple(factors)
    learned = effects[effects["kind"] == "regressor"].groupby("term")["effect"].mean()
    return tuple(
        replace(factor, effect=float(learned[factor.name])) if factor.name in learned.index
        else factor
        for factor in factors
    )  # fmt: skip
