"""Rolling origins: the past Mondays that forecasts and plans are judged from."""

from __future__ import annotations

import numpy as np

from data.errors import OutsideData
from production.demand.history import DemandPanel
from production.demand.regressors import WEEK


def past_origins(
    panel: DemandPanel, *, horizon: int, origins: int, step: int
) -> list[np.datetime64]:
    """The origins, ascending; the last one's horizon ends with the last complete week.

    Raises:
        OutsideData: there are not so many weeks.
    """
    room = len(panel.weeks) - horizon - 1
    most = 0 if room < 0 or step < 1 else room // step + 1
    if not 1 <= origins <= most:
        raise OutsideData(
            f"{origins} origins at steps of {step} weeks do not fit into the "
            f"{len(panel.weeks)} complete weeks of orders.",
            where="origins",
            fix=f"Ask for 1 to {most} origins, or a shorter step." if most else
            "Import more weeks of orders, or ask for a shorter horizon and a step of at least 1.",
        )  # fmt: skip
    last = panel.end - horizon * WEEK
    return [last - place * step * WEEK for place in range(origins)][::-1]
