"""Quantities learned straight from features, at the fractiles that capacity leaves.

Under shadow prices λ a unit of variant v is worth c_u - a'λ, so its best quantity is the quantile
of its demand at (c_u - a'λ) / (c_u + c_o). The method `newsvendor` learns at the usual levels
first; the allocation on them finds the prices. Then the fractiles that these leave are learned
themselves, and the allocation on both keeps lots and resources and is certified.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.allocate import allocate
from production.allocation.task import Task
from production.demand.forecast import LEVELS
from production.demand.forecasters.newsvendor import Newsvendor, learned_quantities
from production.plans.policies.situation import Situation

MOST_FRACTILES: Final = 3
"""Fractiles learned beside LEVELS: where variants' differ, quantiles of them."""

NEAR: Final = 0.01
"""A fractile so near to a level that is learned already says nothing new."""

Floats = NDArray[np.float64]


def newsvendor(situation: Situation) -> Floats:
    """(V,) whole units, learned at the capacity-adjusted fractiles."""
    learned = situation.forecast(Newsvendor.name).quantiles
    first = allocate(situation.expecting(LEVELS, learned))
    extra = fractiles_at(first.task, first.shadow_prices)
    if not len(extra):
        return first.quantity
    more = learned_quantities(situation.history, extra.tolist())
    levels = np.append(LEVELS, extra)
    order = np.argsort(levels)
    quantiles = np.sort(np.hstack((learned, more))[:, order], axis=1)
    return allocate(situation.expecting(levels[order], quantiles)).quantity


def fractiles_at(task: Task, prices: Floats) -> Floats:
    """(K,) up to MOST_FRACTILES fractiles that prices leave variants, ascending; none of LEVELS.

    Args:
        task: what is decided on.
        prices: (R,) shadow prices.
    """
    both = task.underage + task.overage
    worth = task.underage - task.resources.usage @ prices
    wanted = np.divide(worth, both, out=np.zeros_like(worth), where=both > 0)
    inside = wanted[(wanted > LEVELS[0]) & (wanted < LEVELS[-1])]
    if not len(inside):
        return np.zeros(0)
    shares = (np.arange(MOST_FRACTILES) + 0.5) / MOST_FRACTILES
    middle = np.unique(np.round(np.quantile(inside, shares, method="nearest"), 2))
    away = np.abs(middle[:, None] - np.array(LEVELS)).min(axis=1)
    found: Floats = middle[away > NEAR]
    return found
