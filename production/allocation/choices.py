"""The quantities that could still be in a better plan than the one known.

At any prices, cost = bound + sum of regrets + prices x unused capacity, where a variant's regret
is how much worse a quantity is for it than its best one at these prices. So a quantity whose
regret exceeds the distance between a known plan and the bound cannot be in a better plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.lattice import Priced
from production.allocation.task import Task

Floats = NDArray[np.float64]

LOOKED_AT: Final = 400_000
"""Most quantities, over all variants, that are looked at."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Quantities that may still be chosen, by variant and then by units.

    Attributes:
        rows: (N,) the variant of each.
        units: (N,) how many.
        use: (N, R) what it takes.
        regret: (N,) money that it costs more than the variant's best at the prices.
        whole: whether every plan better than the known one is made of these.
    """

    rows: NDArray[np.intp]
    units: Floats
    use: Floats
    regret: Floats
    whole: bool

    def keep(self, mask: NDArray[np.bool_], *, whole: bool) -> Choices:
        """Some of them."""
        return Choices(self.rows[mask], self.units[mask], self.use[mask], self.regret[mask], whole)


def choices_of(task: Task, quantity: Floats, best: Priced, distance: float) -> Choices:
    """The quantities whose regret is at most the distance; each variant has one at least.

    Where lots are many, only those nearest each variant's best are looked at; the answer says
    whether one beyond them could matter.

    Args:
        task: what is decided on.
        quantity: (V,) a plan that keeps everything.
        best: the dual over allowed quantities.
        distance: money by which the plan's cost exceeds the bound.
    """
    lots = task.lots
    rows, step, cut = _steps(task, np.maximum(quantity, best.quantity), best.quantity)
    units = np.where(step < 0, 0.0, lots.smallest[rows] + step * lots.multiple[rows])
    looked = task.take(rows)
    use = looked.resources.usage * units[:, None]
    if task.resources.opens:
        use += looked.resources.setup * (units > 0)[:, None]
    value = looked.cost(units) + use @ best.prices
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    least = np.minimum.reduceat(value, starts)
    regret = value - np.repeat(least, np.diff(starts, append=len(rows)))
    # a hair more than the distance, so that rounding cannot exclude the plan itself
    worthy = (regret <= distance * (1 + 1e-9)) | (units == quantity[rows])
    found = Choices(rows, units, use, regret, whole=not (worthy & cut).any())
    return found.keep(worthy, whole=found.whole)


def _steps(
    task: Task, reached: Floats, centre: Floats
) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.bool_]]:
    """(N,) variant and lot (-1 for none) of each quantity looked at, and where more lie beyond.

    Beyond the first allowed quantity that is no less than what is wanted for nothing, each costs
    more and uses more, so none is better.
    """
    lots = task.lots
    free = task.target(np.zeros(len(task.resources.ids)))
    highest = np.maximum(np.maximum(free + lots.multiple, lots.smallest), reached)
    highest = np.minimum(highest, lots.most)
    most = np.floor((highest - lots.smallest) / lots.multiple + 1e-9)
    top = np.where(lots.most > 0, most, -1).astype(np.int64)
    top = np.where(lots.zero, top, np.maximum(top, 0))
    middle = np.where(centre > 0, np.rint((centre - lots.smallest) / lots.multiple), -1)
    reach = max(2, LOOKED_AT // (2 * len(lots)) - 1)
    low = np.maximum(middle.astype(np.int64) - reach, 0)
    high = np.minimum(middle.astype(np.int64) + reach, top)
    count = np.maximum(high - low + 1, 0)
    rows = np.repeat(np.arange(len(lots)), count)
    step = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count) + low[rows]
    cut = (step == low[rows]) & (low > 0)[rows]
    cut |= (step == high[rows]) & (high < top)[rows]
    none = np.flatnonzero(lots.zero)
    rows, step = np.concatenate((rows, none)), np.concatenate((step, np.full(len(none), -1)))
    cut = np.concatenate((cut, np.zeros(len(none), dtype=bool)))
    order = np.lexsort((step, rows))
    return rows[order], step[order], cut[order]
