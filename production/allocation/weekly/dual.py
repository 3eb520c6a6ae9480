"""The dual of a plan by week: a price for every resource in every week.

With prices on what is begun, each variant alone finds its best supply (`targets`); what it then
begins is the rise of its supply, a lead time earlier. The dual is concave and piecewise quadratic
as that of one period is, and climbed by the same steps (`production.allocation.ascent`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from production.allocation.ascent import Point
from production.allocation.weekly.targets import Newsvendors
from production.allocation.weekly.task import WeeklyTask

Floats = NDArray[np.float64]

BLOCK: Final = 4096
"""Variants that are looked at at once."""

PULL: Final = 0.01
"""Share of a unit's costs that it costs to be an average demand away from the plan at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyDual:
    """A weekly task's dual; its prices (R x H,) run over the weeks of one resource after another.

    Attributes:
        task: whose; lots count by their bounds over all weeks, and set-ups are not charged.
        sellers: its variants with their demand.
        capacity: (R x H,) of each resource and week.
        ceiling: (R x H,) prices at which nothing is worth a unit, or more is bought.
    """

    task: WeeklyTask
    sellers: Newsvendors
    capacity: Floats
    ceiling: Floats

    @classmethod
    def of(cls, task: WeeklyTask) -> Self:
        """The dual of a task."""
        lots, weeks = task.lots, np.arange(task.weeks)
        low = np.repeat(lots.on_hand[:, None], task.weeks, axis=1)
        low[:, -1] += np.where(task.open.any(axis=1), lots.least, 0.0)
        most = np.where(task.open.any(axis=1), np.maximum(lots.most, lots.least), 0.0)
        worth = np.where(task.open.any(axis=1), task.underage.sum(axis=1), 0.0)
        ceiling = np.repeat(
            (worth.max(initial=0.0) / task.resources.smallest_usage)[:, None], task.weeks, axis=1
        )
        return cls(
            task=task,
            sellers=Newsvendors(
                levels=task.curves[0].levels,
                values=np.stack([curves.values for curves in task.curves], axis=1),
                under=task.underage,
                over=task.overage,
                low=low,
                high=lots.on_hand + most,
                fixed=weeks < task.lead[:, None],
                toward=np.zeros(task.underage.shape),
                pull=np.zeros(task.underage.shape),
            ),
            capacity=task.capacity.ravel(),
            ceiling=np.minimum(ceiling, task.dearest).ravel(),
        )

    @property
    def worth(self) -> float:
        """Money that all demand is worth."""
        return float(self.task.underage[:, -1] @ self.task.curves[-1].mean())

    def toward(self, supply: Floats) -> WeeklyDual:
        """The dual of the same task with supply pulled gently towards (V, H) units."""
        size = np.maximum(self.task.curves[-1].mean(), 1.0)[:, None]
        pull = PULL * (self.task.underage + self.task.overage) / size
        return replace(self, sellers=replace(self.sellers, toward=supply, pull=pull))

    def at(self, prices: Floats) -> Point:
        """Value, gradient and curvature at some prices (R x H,); O(V (H K + R^2 H^2))."""
        task, weeks = self.task, self.task.weeks
        count, resources = task.resources.usage.shape
        supply, begun = np.empty((count, weeks)), np.empty((count, weeks))
        curvature = np.zeros((resources, weeks, resources, weeks))
        charge = task.resources.usage @ prices.reshape(resources, weeks)  # (V, H), by week begun
        for start in range(0, count, BLOCK):
            rows = np.arange(start, min(start + BLOCK, count))
            supply[rows], begun[rows], falls = self._block(rows, charge[rows])
            usage = task.resources.usage[rows]
            for week in range(weeks):
                for other in range(week, weeks):
                    part = (usage * falls[:, week, other][:, None]).T @ usage
                    curvature[:, week, :, other] += part
                    if other > week:
                        curvature[:, other, :, week] += part.T
        used = (task.resources.usage.T @ begun).ravel()
        value = float(task.costs(supply).sum() + self.sellers.pulled(supply).sum())
        value += float((charge * begun).sum() - prices @ self.capacity)
        square = resources * weeks
        return Point(prices, value, used - self.capacity, curvature.reshape(square, square), begun)

    def _block(self, rows: NDArray[np.intp], charge: Floats) -> tuple[Floats, Floats, Floats]:
        """Best supply (N, H), what is begun for it (N, H), and how that falls (N, H, H)."""
        lead, weeks = self.task.lead[rows], self.task.weeks
        # (N, H) the charge on what comes in in a week: that of the week in which it was begun
        begun_in = np.arange(weeks) - lead[:, None]
        arriving = np.take_along_axis(charge, np.clip(begun_in, 0, None), axis=1)
        on_supply = arriving - np.column_stack((arriving[:, 1:], np.zeros(len(rows))))
        sellers = self.sellers.take(rows)
        supply, fall, pool = sellers.best(on_supply)
        stock = self.task.lots.on_hand[rows, None]
        rises = np.diff(supply, axis=1, prepend=stock)
        falls = np.where(pool[:, :, None] == pool[:, None, :], fall[:, :, None], 0.0)  # (N, H, H)
        falls[:, 1:] -= falls[:, :-1].copy()
        falls[:, :, 1:] -= falls[:, :, :-1].copy()
        comes = np.arange(weeks) + lead[:, None]
        inside = comes < weeks
        comes = np.minimum(comes, weeks - 1)
        begun = np.where(inside, np.take_along_axis(rises, comes, axis=1), 0.0)
        shifted = np.take_along_axis(falls, comes[:, :, None], axis=1)
        shifted = np.take_along_axis(shifted, comes[:, None, :], axis=2)
        return supply, begun, np.where(inside[:, :, None] & inside[:, None, :], shifted, 0.0)
