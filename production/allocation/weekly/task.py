"""What a plan by week decides on: units to begin of every variant in every week.

What is begun in week t of a variant with a lead time of L weeks can be sold from week t + L on, and
what is not sold is carried over. With D(t) the demand from the first week to the end of week t and
S(t) the stock at the start and all that has come in by then,

    min  sum_i sum_t E[cu_it (D_i(t) - S_i(t))+ + co_it (S_i(t) - D_i(t))+]

where before the last week cu is what it costs that a unit is waited for a week and co what it costs
to hold one for a week; in the last week they are the costs of a unit lost and of one left over.
Demand that finds no stock waits, so that S and D alone say what is owed (the backlog form of the
multi-period newsvendor: Zipkin, Foundations of Inventory Management, 2000, section 9.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from production.allocation.lots import Lots
from production.allocation.quantiles import DemandCurves
from production.allocation.resources import Resources
from production.allocation.task import Task

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class WeeklyTask:
    """V variants that share R resources in each of H weeks.

    Attributes:
        variants: (V,) ids, ascending.
        curves: H of them: demand from the first week to the end of each.
        underage: (V, H) money a unit that is owed at the end of each week; positive with `overage`.
        overage: (V, H) money a unit in stock at the end of each week.
        lots: what may be begun in one week (smallest, multiple), in all weeks together (least,
            largest, frozen), and the stock at the start.
        lead: (V,) whole weeks from begun to sold; from H on nothing comes in time.
        resources: what is limited, and what a unit takes; `capacity` is over all weeks.
        capacity: (R, H) how much there is in each week.
        dearest: (R, H) money for a unit above the capacity; inf where none can be had.
    """

    variants: NDArray[np.object_]
    curves: tuple[DemandCurves, ...]
    underage: Floats
    overage: Floats
    lots: Lots
    lead: NDArray[np.int64]
    resources: Resources
    capacity: Floats
    dearest: Floats

    @property
    def weeks(self) -> int:
        """How many weeks are planned."""
        return len(self.curves)

    @property
    def open(self) -> NDArray[np.bool_]:
        """(V, H) the weeks in which a unit can be begun that still comes in."""
        return np.arange(self.weeks) + self.lead[:, None] < self.weeks

    def supply(self, begun: Floats) -> Floats:
        """(V, H) units that have come in by each week, with stock, of (V, H) units begun."""
        arrived = np.zeros_like(begun)
        for lead in np.unique(self.lead[self.lead < self.weeks]):
            rows = self.lead == lead
            arrived[rows, lead:] = begun[rows, : self.weeks - lead]
        return self.lots.on_hand[:, None] + np.cumsum(arrived, axis=1)

    def costs(self, supply: Floats) -> Floats:
        """(V, H) expected cost at the end of each week."""
        costs = np.empty_like(supply)
        for week, curves in enumerate(self.curves):
            short = curves.shortage(supply[:, week])
            left = np.maximum(supply[:, week] - curves.mean() + short, 0.0)
            costs[:, week] = self.underage[:, week] * short + self.overage[:, week] * left
        return costs

    def used(self, begun: Floats) -> Floats:
        """(R, H) what (V, H) units begun take of each resource in each week."""
        used: Floats = self.resources.usage.T @ begun
        if self.resources.opens:
            used += self.resources.setup.T @ (begun > 0)
        return used

    def at_the_end(self) -> Task:
        """The same decision as if all could be begun at once and only the end counted."""
        none = self.lead >= self.weeks
        return Task(
            variants=self.variants,
            curves=self.curves[-1],
            underage=self.underage[:, -1],
            overage=self.overage[:, -1],
            lots=self.lots.capped(np.where(none, 0.0, np.inf)),
            resources=self.resources,
        )
