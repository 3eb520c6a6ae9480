"""What must be made in all, spread over the weeks: released quantities and lower bounds.

Their sums over the weeks are whole and fixed, so they cannot be rounded down like the rest. They go
where the relaxed plan has them, and units move to weeks with room where that asks too much.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from production.allocation.task import ROUNDING
from production.allocation.weekly.task import WeeklyTask
from production.errors import Infeasible

Floats = NDArray[np.float64]


def spread_held(task: WeeklyTask, begun: Floats) -> Floats:
    """(V, H) units of what must be made, none of all else, every resource kept in every week.

    Args:
        task: what is decided on.
        begun: (V, H) the relaxed plan.

    Raises:
        Infeasible: it fits into no weeks; names the resource and week, the variants that take most
            of it, and the smallest capacity that would do.
    """
    held = ~task.lots.zero & task.open.any(axis=1)
    spread = np.zeros_like(begun)
    if not held.any():
        return spread
    spread[held] = _in_weeks(task, begun, held)
    # where more can be had it is bought for what must be made
    limit = np.where(np.isinf(task.dearest), task.capacity * (1 + ROUNDING), np.inf)
    rows = np.flatnonzero(held)
    for _ in range(task.weeks * len(rows)):
        excess = task.used(spread) - limit
        if not (excess > 0).any():
            return spread
        resource, week = (int(place) for place in np.unravel_index(excess.argmax(), excess.shape))
        if not _relieve(task, spread, rows, resource, week):
            raise _no_room(task, spread, resource, week)
    raise _no_room(task, spread, resource, week)


def _in_weeks(task: WeeklyTask, begun: Floats, held: NDArray[np.bool_]) -> Floats:
    """What must be made, over the weeks as the relaxed plan has it, in whole units."""
    weight = np.where(task.open[held], begun[held] + 1e-9, 0.0)
    part = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    sums = np.floor(part * task.lots.least[held, None] + 0.5)
    return np.diff(sums, axis=1, prepend=0.0)


def _relieve(
    task: WeeklyTask, units: Floats, rows: NDArray[np.intp], resource: int, week: int
) -> bool:
    """Move units of one variant out of a week, in place; whether any could be."""
    usage = task.resources.usage
    over = task.used(units)[resource, week] - task.capacity[resource, week]
    slack = np.maximum(task.capacity - task.used(units), 0.0)
    taken = usage[rows, resource] * units[rows, week]
    for row in rows[np.argsort(-taken, kind="stable")][: int((taken > 0).sum())]:
        takes = usage[row] > 0
        room = np.floor((slack[takes] / usage[row, takes, None]).min(axis=0) + 1e-9)
        room[week] = 0.0
        room[~task.open[row]] = 0.0
        target = int(room.argmax())
        moved = min(np.ceil(over / usage[row, resource]), units[row, week], room[target])
        if moved >= 1:
            units[row, week] -= moved
            units[row, target] += moved
            return True
    return False


def _no_room(task: WeeklyTask, units: Floats, resource: int, week: int) -> Infeasible:
    name = task.resources.ids[resource]
    needed, there = task.used(units)[resource, week], task.capacity[resource, week]
    taken = task.resources.usage[:, resource] * units[:, week]
    first = np.argsort(-taken, kind="stable")[:5]
    culprits = ", ".join(f"'{task.variants[i]}' ({taken[i]:g})" for i in first if taken[i] > 0)
    return Infeasible(
        f"What must be made takes {needed:.15g} of '{name}' in week {week + 1}, there is "
        f"{there:.15g}, and no other week has room. Most of it goes to {culprits}.",
        where=f"resource '{name}', week {week + 1}",
        fix=f"Give that week a capacity of at least {needed:.15g}, or lower what must be made.",
    )
