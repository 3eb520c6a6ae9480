"""Trees: gradient-boosted trees that say how likely a candidate is bought (LightGBM).

Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017. They are
kept as LightGBM's own text, which holds numbers alone and runs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from recsys.boosting import grown
from recsys.model import Run, Settings


class TreesSettings(Settings):
    """Hyperparameters of the trees."""

    trees: PositiveInt = 200
    """How many are summed."""

    leaves: PositiveInt = 24
    """Most leaves of one."""

    learning_rate: PositiveFloat = 0.08
    """What each adds of what it found."""

    least_in_leaf: PositiveInt = 100
    """Examples that a leaf stands on."""

    feature_share: PositiveFloat = 0.4
    """Share of the features that a tree may look at."""

    regularization: NonNegativeFloat = 5.0
    """lambda of the leaves' values."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Fitted trees."""

    booster: lightgbm.Booster

    @classmethod
    def grow(
        cls,
        features: NDArray[np.float32],
        taken: NDArray[np.bool_],
        weight: NDArray[np.float32],
        settings: TreesSettings,
        run: Run,
    ) -> Trees:
        """Fit by log loss; deterministic for a seed on any number of threads.

        Args:
            features: (N, F) float32; NaN where a feature has no value.
            taken: (N,) bool, whether the customer bought it in the horizon.
            weight: (N,) float32, what an example counts.
            settings: hyperparameters.
            run: seed and threads.
        """
        options = {
            "objective": "binary",
            "learning_rate": settings.learning_rate,
            "num_leaves": max(settings.leaves, 2),
            "min_data_in_leaf": settings.least_in_leaf,
            "feature_fraction": min(settings.feature_share, 1.0),
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": settings.regularization,
            "max_bin": 63,
            "seed": run.seed,
            "num_threads": run.threads or 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbose": -1,
        }
        data = lightgbm.Dataset(
            features, taken.astype(np.float32), weight=weight, params={"verbose": -1}
        )
        return cls(grown("second_stage", options, data, settings.trees))

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N,) float32: log odds of being bought."""
        if not len(features):
            return np.zeros(0, dtype=np.float32)
        found = self.booster.predict(features, raw_score=True, num_threads=1)
        return np.asarray(found, dtype=np.float32)

    def gains(self) -> NDArray[np.float64]:
        """(F,) float64: what each feature took off the loss, as a share of all."""
        gains = self.booster.feature_importance("gain").astype(np.float64)
        shares: NDArray[np.float64] = gains / max(gains.sum(), 1e-12)
        return shares

    def state(self) -> NDArray[np.uint8]:
        """LightGBM's text, in UTF-8."""
        return np.frombuffer(self.booster.model_to_string().encode(), dtype=np.uint8)

    @classmethod
    def restore(cls, state: NDArray[np.generic]) -> Trees:
        """The trees of `state`."""
        text = state.astype(np.uint8).tobytes().decode()
        return cls(lightgbm.Booster(model_str=text))
