"""The dual of an allocation's relaxation, prepared for many evaluations.

With prices m >= 0 on the resources the variants come apart: each makes what a newsvendor would
whose unit costs a_i m more, s_i(m) = F_i^-1(clip((cu_i - a_i m) / (cu_i + co_i), 0, 1)), within
its bounds. Because the inverse distributions are piecewise linear, s is continuous and piecewise
linear in m, and the dual once differentiable and piecewise quadratic: value, gradient (use less
capacity) and generalised Hessian come out of one pass over the usage matrix.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from production.allocation.ascent import Point
from production.allocation.quantiles import BLOCK
from production.allocation.task import Task

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dual:
    """A task's dual.

    Attributes:
        task: whose; lots count by their bounds alone, and set-ups are not charged.
        capacity: (R,) of each resource.
        ceiling: (R,) prices at which no variant that takes the resource is worth a unit, or more
            of it is bought.
        low: (V,) least units in stock after making.
        high: (V,) most.
        chance_low: (V,) probability that demand is at most `low`.
        chance_high: (V,) the same of `high`.
    """

    task: Task
    capacity: Floats
    ceiling: Floats
    low: Floats
    high: Floats
    chance_low: Floats
    chance_high: Floats

    @classmethod
    def of(cls, task: Task) -> Self:
        """The dual of a task; O(V K)."""
        lots, curves = task.lots, task.curves
        low = lots.least + lots.on_hand
        high = np.maximum(lots.most, lots.least) + lots.on_hand
        # no more than demand can be is ever wanted, so an open maximum ends there
        top = np.minimum(high, np.maximum(curves.highest(), low))
        return cls(
            task=task,
            capacity=task.resources.capacity,
            ceiling=np.minimum(
                task.underage.max(initial=0.0) / task.resources.smallest_usage,
                task.resources.dearest,
            ),
            low=low,
            high=high,
            chance_low=curves.below(low),
            chance_high=curves.below(top),
        )

    @property
    def worth(self) -> float:
        """Money that all demand is worth."""
        return float(self.task.underage @ self.task.curves.mean())

    def under(self, capacity: Floats) -> Dual:
        """The same dual under other capacities (R,), without preparing anything again."""
        return replace(self, capacity=capacity)

    def at(self, prices: Floats) -> Point:
        """Value, gradient and curvature at some prices (R,); O(V (log K + R^2))."""
        count, resources = self.task.resources.usage.shape
        excess, curvature = -self.capacity, np.zeros((resources, resources))
        quantity = np.empty(count)
        value = -float(prices @ self.capacity)
        for start in range(0, count, BLOCK):
            rows = slice(start, min(start + BLOCK, count))
            usage = self.task.resources.usage[rows]
            quantity[rows], weight, part = self._block(rows, usage @ prices)
            value += part
            excess = excess + quantity[rows] @ usage
            curvature += (usage * weight[:, None]).T @ usage
        return Point(prices, value, excess, curvature, quantity)

    def _block(self, rows: slice, charge: Floats) -> tuple[Floats, Floats, float]:
        """Best units of some variants, how fast they fall with the charge, and their dual value.

        With p the probability that demand is at most s, and I the integral of the inverse up to
        p, expected cost plus charge is cu mean - (cu + co) I + s ((cu + co) p - cu + charge).
        """
        curves, under = self.task.curves, self.task.underage[rows]
        both = under + self.task.overage[rows]
        asked = (under - charge) / np.where(both > 0, both, 1.0)
        chance = np.clip(asked, self.chance_low[rows], self.chance_high[rows])
        left = np.searchsorted(curves.levels[1:-1], chance, side="right")
        place = np.arange(rows.start, rows.stop)
        below, above = curves.values[place, left], curves.values[place, left + 1]
        steep = (above - below) / np.diff(curves.levels)[left]
        along = chance - curves.levels[left]
        demand = below + steep * along
        area = curves.areas[place, left] + along * (below + demand) / 2
        stock = np.clip(demand, self.low[rows], self.high[rows])
        marginal = both * chance - under + charge
        value = under * curves.areas[rows, -1] - both * area + stock * marginal
        on_hand = self.task.lots.on_hand[rows]
        weight = np.where(chance == asked, steep / np.where(both > 0, both, 1.0), 0.0)
        return stock - on_hand, weight, float(value.sum() - charge @ on_hand)
