"""What an allocation decides on: variants with uncertain demand, lots and shared resources."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.lots import Lots
from production.allocation.quantiles import DemandCurves
from production.allocation.resources import Resources

Floats = NDArray[np.float64]

# A resource counts as kept when it is exceeded by no more than this share of its capacity,
# which is the rounding of a sum over a million variants.
ROUNDING: Final = 1e-12


@dataclass(frozen=True, kw_only=True)
class Task:
    """What an allocation decides on: V variants that share R resources.

    Attributes:
        variants: (V,) ids, ascending.
        curves: their demand over the horizon.
        underage: (V,) money a unit short, never negative.
        overage: (V,) money a unit left over, never negative.
        lots: the quantities allowed, and stock.
        resources: what is limited.
    """

    variants: NDArray[np.object_]
    curves: DemandCurves
    underage: Floats
    overage: Floats
    lots: Lots
    resources: Resources

    def take(self, rows: NDArray[np.integer]) -> Task:
        """The same task for some variants; one may be taken more than once."""
        return Task(
            variants=self.variants[rows],
            curves=self.curves.take(rows),
            underage=self.underage[rows],
            overage=self.overage[rows],
            lots=self.lots.take(rows),
            resources=self.resources.take(rows),
        )

    def cost(self, quantity: Floats) -> Floats:
        """(V,) expected cost of making that much of each."""
        position = quantity + self.lots.on_hand
        short = self.curves.shortage(position)
        left = np.maximum(position - self.curves.mean() + short, 0.0)
        return self.underage * short + self.overage * left

    @cached_property
    def idle(self) -> Floats:
        """(V,) expected cost of making none."""
        return self.cost(np.zeros(len(self.variants)))

    def target(self, prices: Floats) -> Floats:
        """(V,) best quantities when resources cost `prices` (R,); bounds kept, lots relaxed."""
        worth = self.underage - self.resources.usage @ prices
        both = self.underage + self.overage
        fractile = np.clip(worth / np.where(both > 0, both, 1.0), 0.0, 1.0)
        wanted = self.curves.inverse(fractile) - self.lots.on_hand
        return np.clip(wanted, self.lots.least, np.maximum(self.lots.most, self.lots.least))
