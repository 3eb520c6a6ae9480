"""What a planner makes today: the last weeks' mix again, scaled down to the same capacity.

This is what every plan is measured against, so it is given the same demand to look at, the same
resources, lots and stock, and whole units.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from production.allocation.task import Task
from production.allocation.whole_units import close_until_kept, fitting

Floats = NDArray[np.float64]


def habit(task: Task, recent: Floats) -> Floats:
    """(V,) units: recent sales less stock, scaled down where capacity is short, in allowed lots.

    Lots are rounded down, and what is left of the resources goes to the largest remainders of
    at least half a lot: first of the scaled mix, then, until no lot fits, of the whole wish.

    Args:
        task: what the planner decides on.
        recent: (V,) units that sold lately, in as many weeks as the decision is for.
    """
    resources, lots = task.resources, task.lots
    least = lots.least
    wish = np.clip(recent - lots.on_hand, least, np.maximum(lots.most, least))
    base = resources.used(least)
    extra = resources.used(wish) - base
    room = np.maximum(resources.capacity - base, 0.0)
    short = extra > room
    scale = float((room[short] / extra[short]).min()) if short.any() else 1.0
    scaled = least + scale * (wish - least)
    quantity = close_until_kept(task, lots.down(scaled))
    quantity = _largest_remainders(task, quantity, scaled)
    while True:
        fuller = _largest_remainders(task, quantity, wish)
        if (fuller == quantity).all():
            return quantity
        quantity = fuller


def _largest_remainders(task: Task, quantity: Floats, wish: Floats) -> Floats:
    """Add a lot where it brings a variant nearer its wish, the furthest first, while one fits."""
    resources = task.resources
    following = task.lots.up(quantity)
    lot = np.where(np.isfinite(following), following - quantity, np.inf)
    remainder = (wish - quantity) / lot
    rows = np.argsort(-remainder, kind="stable")
    rows = rows[remainder[rows] >= 0.5]
    use = resources.usage[rows] * lot[rows, None]
    use += resources.setup[rows] * (quantity[rows] == 0)[:, None]
    slack = np.maximum(resources.capacity - resources.used(quantity), 0.0)
    added = rows[fitting(use, slack)]
    rounded = quantity.copy()
    rounded[added] = following[added]
    return rounded
