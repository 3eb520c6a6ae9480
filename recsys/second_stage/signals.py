"""Signals: the first stages, whose scores the second stage weighs against each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, headed
from recsys.models.als import Als
from recsys.models.blend import Blend
from recsys.models.popularity import Popularity, PopularitySettings
from recsys.models.tifu_knn import TifuKnn
from recsys.models.up_cf import UpCf

NAMES: Final = ("blend", "tifu_knn", "up_cf", "als", "popularity")
"""The signals, in the order of their features."""


class Signals:
    """The fitted first stages; the blend is also what stands where the second stage does not."""

    def __init__(self, blend: Blend) -> None:
        self.blend = blend
        self.als = Als()
        self._others: dict[str, Model] = {
            "tifu_knn": TifuKnn(),
            "up_cf": UpCf(),
            "popularity": Popularity(PopularitySettings(recency_days=15.0)),
        }

    @property
    def parts(self) -> dict[str, Model]:
        """Every first stage by name."""
        return {"blend": self.blend, "als": self.als, **self._others}

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:
        """Fit each on the same interactions."""
        for model in self.parts.values():
            model.fit(interactions, catalogue, run)
        return self

    def score(self, histories: Interactions) -> dict[str, NDArray[np.float32]]:
        """By name, (U, V) float32 of every signal but ALS, which `of_pairs` scores."""
        return {name: self.parts[name].score(histories) for name in NAMES if name != "als"}

    def of_pairs(
        self, histories: Interactions, row: NDArray[np.integer], variant: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """(M,) float32: ALS's score of pairs alone, to five decimals.

        A customer's factor is solved for in another precision alone than in a batch; so rounded,
        both fall on the same side of a tree's threshold.

        Args:
            histories: the customers' lines.
            row: (M,) whose.
            variant: (M,) of which variant.
        """
        customers = self.als.vectors(histories)  # (U, F)
        scores: NDArray[np.float32] = np.einsum(
            "mf,mf->m", customers[row], self.als.variant_vectors()[variant]
        )
        return scores.round(5)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Every part's state, each name headed by its part's."""
        return {
            f"{name}.{key}": array
            for name, model in self.parts.items()
            for key, array in model.state().items()
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Take up the state of `state`."""
        for name, model in self.parts.items():
            model.restore(headed(state, f"{name}."))
        return self
