"""What an allocation says of each variant, however it was found: as a whole, by week, by region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.allocation.allocate import Allocation, gap_of
from production.allocation.unmet import Reason

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Units to make of V variants under R resources, and what is expected of them.

    Attributes:
        quantity, wanted, expected_shortage, expected_leftover, stockout_probability: (V,), as of
            `production.allocation.allocate.Allocation`.
        reasons: (V,) why each quantity is what it is.
        capacity, used, shadow_prices, bought: (R,) over the horizon; the price is that of the
            dearest week where weeks are planned.
        expected_cost, bound, status: as of `Allocation`.
        schedule: what to begin of each variant in each week, and what comes of it; None where
            weeks are not planned.
        resource_weeks: each resource in each week; None likewise.
        regions: what goes to each region; None where regions are not planned.
    """

    quantity: Floats
    wanted: Floats
    expected_shortage: Floats
    expected_leftover: Floats
    stockout_probability: Floats
    reasons: tuple[Reason, ...]
    capacity: Floats
    used: Floats
    shadow_prices: Floats
    bought: Floats
    expected_cost: float
    bound: float
    status: str
    schedule: pd.DataFrame | None = None
    resource_weeks: pd.DataFrame | None = None
    regions: pd.DataFrame | None = None

    @property
    def gap(self) -> float:
        """How much the plan may cost above the best one, as a share of its cost."""
        return gap_of(self.expected_cost, self.bound)


def answered(found: Allocation) -> Answer:
    """The answer that an allocation over the whole horizon gives."""
    return Answer(
        quantity=found.quantity,
        wanted=found.wanted,
        expected_shortage=found.expected_shortage,
        expected_leftover=found.expected_leftover,
        stockout_probability=found.stockout_probability,
        reasons=found.reasons,
        capacity=found.task.resources.capacity,
        used=found.used,
        shadow_prices=found.shadow_prices,
        bought=found.bought,
        expected_cost=found.expected_cost,
        bound=found.bound,
        status=found.status,
    )
