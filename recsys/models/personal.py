"""Personal frequency with recency: customers take again what they took often and lately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings

TIE_BREAK: Final = np.float32(1e-3)
"""Most that popularity adds to a score: less than one line of two years ago, so it only orders
the variants that the customer never took."""


class PersonalSettings(Settings):
    """Hyperparameters of personal frequency."""

    recency_days: Annotated[PositiveFloat, Search(10, 2000)] = 200.0
    """e-folding time of a line's weight, in days."""


class Personal(Model):
    """Score: sum over the customer's own lines of a variant of exp(-age / recency_days).

    To that comes at most `TIE_BREAK` of popularity, so that what the customer never took is in
    an order that means something.
    """

    name: ClassVar[str] = "personal"
    settings: PersonalSettings

    def __init__(self, settings: PersonalSettings | None = None) -> None:
        self.settings = settings or PersonalSettings()
        self._popularity: NDArray[np.float32] = np.zeros(0, dtype=np.float32)  # (V,) in [0, 1]

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(PersonalSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Learn the order of what a customer never took; O(lines)."""
        counts = np.bincount(
            interactions.variant,
            weights=interactions.recency(self.settings.recency_days),
            minlength=interactions.shape[1],
        )
        self._popularity = (counts / counts.max()).astype(np.float32)
        return self

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """O(lines + customers * variants)."""
        scores = np.tile(TIE_BREAK * self._popularity, (histories.shape[0], 1))
        np.add.at(
            scores,
            (histories.customer, histories.variant),
            histories.recency(self.settings.recency_days),
        )
        return scores

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The customer's own lines of the variant carry it alone."""
        recent = history.recent(self.settings.recency_days)  # (1, V)
        return np.where(variants[:, None] == recent.indices, recent.data, np.float32(0))

    def similar(self, variant: int) -> NDArray[np.float32]:
        """All others alike: personal frequency knows no likeness."""
        likeness = np.zeros_like(self._popularity)
        likeness[variant] = -np.inf
        return likeness

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {"popularity": self._popularity}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self._popularity = state["popularity"].astype(np.float32, copy=False)
        return self
