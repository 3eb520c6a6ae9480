"""The method of Teunter, Syntetos and Babai for intermittent demand that may end.

Like Croston's, but what is smoothed beside the size of sales is the probability of a sale, and
that in every period, so a variant that no longer sells fades (Teunter, Syntetos and Babai 2011,
"Intermittent demand: linking forecasting to inventory obsolescence", EJOR 214).
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from production.demand.forecast import DemandHistory
from production.demand.forecasters.conformal import ConformalForecaster
from production.demand.forecasters.sale_sizes import sale_sizes
from production.demand.periods import paced

ALPHA: Final = 0.1
"""Weight of the newest sale in the size."""

BETA: Final = 0.1
"""Weight of the newest week in the probability of a sale."""


class TSB(ConformalForecaster):
    """Probability of a sale times its size."""

    name: ClassVar[str] = "tsb"
    weeks_needed = 4

    def rates(self, history: DemandHistory) -> NDArray[np.float64]:
        """See `ConformalForecaster.rates`."""
        per_week = history.per_week
        return history.horizon * faded(history.units, paced(ALPHA, per_week), paced(BETA, per_week))


def faded(units: NDArray[np.float64], alpha: float, beta: float) -> NDArray[np.float64]:
    """(V, T + 1) demand a period, from the periods before each; 0 before a first sale.

    The probability's start is corrected: it is the weighted share of periods with a sale since
    the first one, the newest weighing `beta`.

    >>> faded(np.array([[0.0, 6.0, 0.0]]), 0.5, 0.5).round(3)
    array([[0., 0., 6., 2.]])
    """
    count, span = units.shape
    result = np.zeros((count, span + 1))
    sizes = sale_sizes(units, alpha)
    share, weight = np.zeros(count), np.zeros(count)
    started = np.zeros(count, dtype=bool)
    for period in range(span):
        sold = units[:, period] > 0
        started |= sold
        share = np.where(started, (1 - beta) * share + beta * sold, 0.0)
        weight = np.where(started, (1 - beta) * weight + beta, 0.0)
        chance = np.divide(share, weight, out=np.zeros(count), where=weight > 0)
        result[:, period + 1] = sizes[:, period] * chance
    return result
