"""Rolling origins: the past Mondays that forecasts and plans are judged from."""

from __future__ import annotations

import numpy as np

from data.errors import OutsideData
from production.demand.history import DemandPanel
from production.demand.periods import length, word


def past_origins(
    panel: DemandPanel, *, horizon: int, origins: int, step: int
) -> list[np.datetime64]:
    """The origins, ascending; the last one's horizon ends with the last complete period.

    Raises:
        OutsideData: there are not so many periods.
    """
    room = len(panel.periods) - horizon - 1
    most = 0 if room < 0 or step < 1 else room // step + 1
    if not 1 <= origins <= most:
        raise OutsideData(
            f"{origins} origins at steps of {step} {word(panel.per_week)}s do not fit into the "
            f"{len(panel.periods)} complete {word(panel.per_week)}s of orders.",
            where="origins",
            fix=f"Ask for 1 to {most} origins, or a shorter step." if most else
            "Import more orders, or ask for a shorter horizon and a step of at least 1.",
        )  # fmt: skip
    period = length(panel.per_week)
    last = panel.end - horizon * period
    return [last - place * step * period for place in range(origins)][::-1]
