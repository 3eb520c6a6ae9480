"""The plan as `atelier plan` makes it: forecast demand as a distribution, then allocate on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from production.allocation.allocate import allocate
from production.plans.policies.situation import Situation


def predict_then_optimise(situation: Situation) -> NDArray[np.float64]:
    """(V,) whole units of least expected cost under the default forecast."""
    return allocate(situation.task).quantity
