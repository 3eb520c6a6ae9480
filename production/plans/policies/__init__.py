"""Policies: ways from what is known at an origin to quantities, one a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.nearest import hint
from production.errors import UnknownPolicy
from production.plans.policies.last_4_weeks import last_4_weeks
from production.plans.policies.newsvendor import newsvendor
from production.plans.policies.predict_then_optimise import predict_then_optimise
from production.plans.policies.sample_average import sample_average
from production.plans.policies.situation import Situation

Policy = Callable[[Situation], NDArray[np.float64]]

PLAN: Final = "atelier"
PLANNER: Final = "planner"
NEWSVENDOR: Final = "newsvendor"
SAMPLE_AVERAGE: Final = "sample_average"
HINDSIGHT: Final = "hindsight"
"""The one that knows what came; not in DECIDING, whose policies are not told."""

DECIDING: Final[dict[str, Policy]] = {
    PLAN: predict_then_optimise,
    NEWSVENDOR: newsvendor,
    SAMPLE_AVERAGE: sample_average,
    PLANNER: last_4_weeks,
}

ALL: Final = (*DECIDING, HINDSIGHT)


def checked(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once, in the order of ALL.

    Raises:
        UnknownPolicy: there is none of a name; names the nearest.
    """
    for name in names:
        if name not in ALL:
            raise UnknownPolicy(
                f"There is no policy '{name}'.",
                where="policies",
                fix=f"{hint(name, ALL)}Choose among {', '.join(ALL)}.",
            )
    return tuple(name for name in ALL if name in names)
