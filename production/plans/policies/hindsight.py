"""What would have been made had demand been known: the cost that no policy can go below."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.allocate import allocate
from production.allocation.quantiles import DemandCurves
from production.allocation.task import Task

Floats = NDArray[np.float64]

CERTAIN: Final = np.array((0.0, 1e-9, 1.0))
"""Levels of a distribution that is one value: its inverse has to begin at none."""


def hindsight(task: Task, demand: Floats) -> Floats:
    """(V,) whole units of least cost against a known demand, under the same limits.

    Args:
        task: what is decided on; its own demand does not matter.
        demand: (V,) units that came.
    """
    values = np.column_stack((np.zeros(len(demand)), demand, demand))
    curves = DemandCurves(CERTAIN, np.asfortranarray(values))
    return allocate(replace(task, curves=curves)).quantity
