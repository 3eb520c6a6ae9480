"""Recent popularity: what everybody takes, the newer the more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Settings


class PopularitySettings(Settings):
    """Hyperparameters of recent popularity."""

    recency_days: PositiveFloat = 30.0
    """e-folding time of a line's weight, in days."""


class Popularity(Model):
    """Score of a variant: sum over all lines of exp(-age / recency_days), the same for everyone.

    Lines are counted, not units, so that one wholesale order does not outweigh a hundred shops.
    """

    name: ClassVar[str] = "popularity"
    settings: PopularitySettings

    def __init__(self, settings: PopularitySettings | None = None) -> None:
        self.settings = settings or PopularitySettings()
        self._popularity: NDArray[np.float32] = np.zeros(0, dtype=np.float32)  # (V,)

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(PopularitySettings.model_validate(settings or {}))

    @property
    def popularity(self) -> NDArray[np.float32]:
        """(V,) float32: decayed number of lines of each variant."""
        return self._popularity

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Count decayed lines; O(lines)."""
        recency = interactions.recency(self.settings.recency_days)
        self._popularity = np.bincount(
            interactions.variant, weights=recency, minlength=interactions.shape[1]
        ).astype(np.float32)
        return self

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """The same popularity for every customer."""
        return np.tile(self._popularity, (histories.shape[0], 1))

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """Zero: no line of the customer's own carries popularity."""
        return np.zeros((len(variants), len(history.held())), dtype=np.float32)

    def similar(self, variant: int) -> NDArray[np.float32]:
        """All others alike: popularity knows no likeness."""
        likeness = np.zeros_like(self._popularity)
        likeness[variant] = -np.inf
        return likeness

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {"popularity": self._popularity}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self._popularity = state["popularity"].astype(np.float32)
        return self
