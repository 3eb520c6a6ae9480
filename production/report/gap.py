"""The information gap of a decision: what it is expected to leave short and over."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The information gap that a decision is expected to leave.

    Attributes:
        shortage, leftover, demand: units.
        lost: money; margin of the units short.
        left: money; what the units left over cost beyond their salvage value.
        value: money; demand at its price.
    """

    shortage: float
    leftover: float
    demand: float
    lost: float
    left: float
    value: float

    @property
    def cost(self) -> float:
        """Money that shortage and leftover cost."""
        return self.lost + self.left

    @property
    def units(self) -> float:
        """(shortage + leftover) / demand."""
        return (self.shortage + self.leftover) / self.demand if self.demand else 0.0

    @property
    def money(self) -> float:
        """Money lost for each of demand: cost / value."""
        return self.cost / self.value if self.value else 0.0

    @property
    def served(self) -> float:
        """Share of the demanded units that are there to be sold."""
        return max(1.0 - self.shortage / self.demand, 0.0) if self.demand else 1.0


def planned_gap(lines: pd.DataFrame) -> Gap:
    """What a plan's lines leave."""
    return _gap(lines, "expected")


def habit_gap(lines: pd.DataFrame) -> Gap:
    """What the last weeks' mix leaves under the same capacity."""
    return _gap(lines, "planner")


def _gap(lines: pd.DataFrame, which: str) -> Gap:
    short, over = lines[f"{which}_shortage"], lines[f"{which}_leftover"]
    return Gap(
        shortage=float(short.sum()),
        leftover=float(over.sum()),
        demand=float(lines["mean"].sum()),
        lost=float((lines["underage_cost"] * short).sum()),
        left=float((lines["overage_cost"] * over).sum()),
        value=float((lines["price"] * lines["mean"]).sum()),
    )
