"""What a planner makes today (`production.plans.habit`), as a policy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from production.plans.habit import habit
from production.plans.policies.situation import Situation


def last_4_weeks(situation: Situation) -> NDArray[np.float64]:
    """(V,) whole units: the last weeks' mix, scaled down where capacity is short."""
    return habit(situation.task, situation.recent)
