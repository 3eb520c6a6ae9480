"""The feature-based newsvendor: quantities learned straight from features, at any fractile.

What costs least of all functions of the features x is the one that minimises

    Σ c_u (d - q(x))⁺ + c_o (q(x) - d)⁺

over past decisions, which is quantile regression at c_u / (c_u + c_o) (Ban and Rudin 2019, "The
big data newsvendor", eq. 3); a shadow price λ of a shared resource of which a unit takes a makes
it (c_u - a λ) / (c_u + c_o). Two such regressions are averaged, because they fail differently: the
linear one on the demand terms (`forecasters.linear`), and gradient boosting on logarithms relative
to a variant's size (`forecasters.boosting`), with more rows and trees than there and from several
seeds. Equal weights: no weights that a few past origins could teach did better.

Nothing is corrected afterwards, in contrast to the default method: each quantile is what was
learned at its fractile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from production.demand.features import terms
from production.demand.forecast import LEVELS, DemandHistory, Forecast, Forecaster
from production.demand.forecasters.boosting import columns, learned_trees, start_of
from production.demand.forecasters.linear import (
    MEAN_WEIGHTS,
    past_rows,
    quantile_slopes,
    rows_at,
    training_origins,
)
from production.demand.forecasters.trees import predicted
from production.demand.market.response import learn_response

MOST_ROWS: Final = 40_000
TREES: Final = 100
SEEDS: Final = (1, 2)
SETTINGS: Final[dict[str, Any]] = {
    "num_leaves": 8, "learning_rate": 0.1, "min_data_in_leaf": 60,
    "feature_fraction": 0.4, "bagging_fraction": 0.6, "bagging_freq": 1,
}  # fmt: skip

Floats = NDArray[np.float64]


class Newsvendor(Forecaster):
    """Quantities that cost least in the past, a fractile at a time."""

    name: ClassVar[str] = "newsvendor"

    def forecast(self, history: DemandHistory) -> Forecast:
        """The learned quantities at LEVELS as a distribution; see `Forecaster`."""
        quantiles = learned_quantities(history, LEVELS)
        mean = quantiles @ MEAN_WEIGHTS
        factor = learn_response(history).factors()[history.group[history.active], -1]
        weekly = mean[:, None] * factor / factor.sum(axis=1, keepdims=True)
        return Forecast(
            method=self.name,
            origin=history.origin,
            variants=history.variants[history.active],
            weekly=weekly,
            mean=weekly.sum(axis=1),
            quantiles=quantiles,
        )


def learned_quantities(history: DemandHistory, fractiles: Sequence[float]) -> Floats:
    """(active variants, K) units over the horizon at each fractile, ascending along a row.

    A fractile costs a convex minimisation over up to 100,000 rows and SEEDS fits of TREES trees
    over MOST_ROWS.

    Args:
        history: what is known.
        fractiles: (K,) strictly between 0 and 1, ascending.

    Raises:
        TooLittleHistory: there are too few past horizons to learn from.
    """
    both = (_by_regression(history, fractiles) + _by_trees(history, fractiles)) / 2
    return np.sort(both, axis=1)


def _by_regression(history: DemandHistory, fractiles: Sequence[float]) -> Floats:
    """(active variants, K) linear quantile regression."""
    origins = training_origins(history)
    known, factors = terms(history), learn_response(history).factors()
    rows = past_rows(history, known, factors, origins)
    slopes, _ = quantile_slopes(rows, known, fractiles)
    now = rows_at(history, known, factors, len(history.periods))
    return np.maximum(now.total() @ slopes.T, 0.0)


def _by_trees(history: DemandHistory, fractiles: Sequence[float]) -> Floats:
    """(active variants, K) boosting, the mean of its seeds."""
    known, factors = terms(history), learn_response(history).factors()
    trees = learned_trees(history, known, factors, MOST_ROWS)
    now = columns(history, known, len(history.periods), history.active)
    base = now.size * factors[history.group[history.active], -1].sum(axis=1)
    total = np.zeros((len(base), len(fractiles)))
    for place, fractile in enumerate(fractiles):
        for seed in SEEDS:
            grown = trees.quantile(fractile, {**SETTINGS, "seed": seed}, TREES)
            units = np.exp(predicted(grown, now.values)) * base - start_of(now.size)
            total[:, place] += np.maximum(units, 0.0)
    return total / len(SEEDS)
