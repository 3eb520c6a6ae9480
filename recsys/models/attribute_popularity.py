"""Attribute popularity: how much variants with such attributes are taken, the same for everyone.

The reference for variants that nobody has taken yet: who ranks launches better than this knows
something of the customer. The logarithm of the decayed number of lines is regressed on the
attributes' features, and the ridge draws what few variants have towards the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg

from recsys.attributes import AttributeShares, encode
from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings

_TOLERANCE: Final = 1e-6
"""Residual of the regression's equations, relative to their right side."""


class AttributePopularitySettings(Settings):
    """Hyperparameters of attribute popularity."""

    recency_days: Annotated[PositiveFloat, Search(7, 180)] = 30.0
    """e-folding time of a line's weight, in days."""

    regularization: Annotated[PositiveFloat, Search(0.1, 30)] = 2.0
    """lambda: the more, the nearer to the mean of all variants."""

    shares: AttributeShares = AttributeShares()
    """What each kind of attribute counts in the likeness of two variants."""


class AttributePopularity(Model):
    """Score of a variant: a + A (A'A + lambda I)^-1 A' (y - a), with y = log(1 + decayed lines).

    The mean a and the regression are over the variants that anybody took; A are the features of
    `recsys.attributes.encode`. The equations are solved by conjugate gradients in O(features).
    """

    name: ClassVar[str] = "attribute_popularity"
    cold: ClassVar[bool] = True
    settings: AttributePopularitySettings

    def __init__(self, settings: AttributePopularitySettings | None = None) -> None:
        self.settings = settings or AttributePopularitySettings()
        self._popularity: NDArray[np.float32] = np.zeros(0, dtype=np.float32)  # (V,)

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(AttributePopularitySettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Count decayed lines and regress them on the attributes."""
        counts = np.bincount(
            interactions.variant,
            weights=interactions.recency(self.settings.recency_days),
            minlength=interactions.shape[1],
        )
        known = np.bincount(interactions.variant, minlength=len(counts)) > 0
        features = encode(catalogue, known=known, shares=self.settings.shares).astype(np.float64)
        taken = np.log1p(counts[known])
        mean = taken.mean()
        dual = _ridge(features[known], taken - mean, self.settings.regularization)  # (K,)
        self._popularity = (mean + features @ (features[known].T @ dual)).astype(np.float32)
        return self

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """The same for every customer."""
        return np.tile(self._popularity, (histories.shape[0], 1))

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """Zero: no line of the customer's own carries it."""
        return np.zeros((len(variants), len(history.held())), dtype=np.float32)

    def similar(self, variant: int) -> NDArray[np.float32]:
        """All others alike, as `Popularity` has it."""
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


def _ridge(
    features: sparse.csr_matrix[np.float64], target: NDArray[np.float64], regularization: float
) -> NDArray[np.float64]:
    """(K,) float64: the x of (A A' + lambda I) x = y."""
    across = features.T.tocsr()
    system = LinearOperator(
        (len(target), len(target)),
        matvec=lambda x: features @ (across @ x) + regularization * x,
        dtype=np.float64,
    )
    solved: NDArray[np.float64] = cg(system, target, rtol=_TOLERANCE)[0]
    return solved
