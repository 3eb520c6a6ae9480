"""The best whole lots over the weeks at some prices: a bound that knows that units are whole.

On the multiples of a variant's lot the weeks' costs stay convex, and the best supply that never
falls lies, week by week, at the multiple below the best real supply or at the next: the sets of
weeks in which supply reaches a level are nested in the level (the threshold sets of an isotonic
regression), and the average of a cost's slope over one step lies between the slopes at its ends.
So two candidates a week suffice, and a walk over the weeks finds the best. Smallest lots and
set-ups are left out, which keeps the bound a bound.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from production.allocation.weekly.task import WeeklyTask

Floats = NDArray[np.float64]


def whole_bound(task: WeeklyTask, begun: Floats, prices: Floats) -> float:
    """Money that no plan of whole multiples costs less than.

    Args:
        task: what is decided on.
        begun: (V, H) each variant's best units at these prices, whole or not.
        prices: (R, H) money a unit of each resource in each week.
    """
    supply = task.supply(begun)
    stock, multiple = task.lots.on_hand[:, None], task.lots.multiple[:, None]
    below = stock + np.floor((supply - stock) / multiple + 1e-9) * multiple
    charge = _on_supply(task, task.resources.usage @ prices)
    most = np.maximum(task.lots.most, task.lots.least)
    fixed = np.arange(task.weeks) < task.lead[:, None]
    best = np.full((len(supply), 2), np.inf)
    best[:, 0] = 0.0
    before = np.repeat(stock, 2, axis=1)
    costs = [task.costs(below + step * multiple) for step in (0, 1)]
    held = ~task.lots.zero
    for week in range(task.weeks):
        units = below[:, [week]] + np.array([0.0, 1.0]) * multiple
        paid = np.column_stack([cost[:, week] for cost in costs])
        paid = paid + charge[:, [week]] * (units - stock)
        beyond = units > stock + most[:, None] + 1e-9
        beyond[:, 1] |= fixed[:, week] | (held if week == task.weeks - 1 else False)
        paid = np.where(beyond, np.inf, paid)
        reached = before[:, None, :] <= units[:, :, None] + 1e-9
        best = paid + np.where(reached, best[:, None, :], np.inf).min(axis=2)
        before = units
    return float(best.min(axis=1).sum() - (prices * task.capacity).sum())


def _on_supply(task: WeeklyTask, charge: Floats) -> Floats:
    """(V, H) what a unit of supply in each week pays, of what a unit begun in each week pays."""
    comes = np.arange(task.weeks) - task.lead[:, None]
    arriving = np.where(comes < 0, 0.0, np.take_along_axis(charge, np.maximum(comes, 0), axis=1))
    charged: Floats = arriving - np.column_stack((arriving[:, 1:], np.zeros(len(arriving))))
    return charged
