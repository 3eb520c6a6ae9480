"""What a policy decides from: an origin's task, and the past that lay before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.allocation.quantiles import DemandCurves
from production.allocation.task import Task
from production.demand.forecast import DemandHistory, Forecast

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A decision at an origin. Nothing in it was known later than that.

    Attributes:
        task: V variants with the default forecast's demand, costs, lots and resources.
        recent: (V,) units that sold lately, in as many weeks as the decision is for.
        history: what was known at the origin; its active variants are those of the task.
        forecast: what the demand method of a name says at the origin.
    """

    task: Task
    recent: Floats
    history: DemandHistory
    forecast: Callable[[str], Forecast]

    def expecting(self, levels: Sequence[float] | Floats, quantiles: Floats) -> Task:
        """The task with another distribution of demand.

        Args:
            levels: (K,) strictly between 0 and 1, ascending.
            quantiles: (active variants, K) units, in the order of the history.
        """
        known = pd.Index(self.history.variants[self.history.active])
        place = known.get_indexer(pd.Index(self.task.variants))
        # the last line is that of a variant that the history does not know: no demand
        padded = np.vstack((quantiles, np.zeros((1, quantiles.shape[1]))))
        curves = DemandCurves.from_quantiles(levels, padded[place], self.task.variants)
        return replace(self.task, curves=curves)
