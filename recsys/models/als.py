"""Implicit ALS: latent factors by alternating least squares on confidences.

Yifan Hu, Yehuda Koren, Chris Volinsky, "Collaborative Filtering for Implicit Feedback Datasets",
ICDM 2008, as the library `implicit` fits it. A customer is scored by solving for their factor
again from their history (fold-in), so one who was unknown at the fit is scored like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings, put_last


class AlsSettings(Settings):
    """Hyperparameters of implicit ALS."""

    factors: Annotated[PositiveInt, Search(16, 256)] = 64
    """Length of a customer's and a variant's factor."""

    alpha: Annotated[NonNegativeFloat, Search(0.5, 100)] = 4.0
    """Confidence that a recent line adds: c = 1 + alpha * recency."""

    regularization: Annotated[PositiveFloat, Search(0.1, 300)] = 10.0
    """lambda: the more, the shorter the factors."""

    iterations: PositiveInt = 10
    """Alternations of the fit."""

    recency_days: Annotated[PositiveFloat, Search(10, 1000)] = 90.0
    """e-folding time of a line's weight, in days."""


class Als(Model):
    """Score: a customer's factor, solved from their history, times a variant's factor.

    A fit takes O(iterations * (lines * factors^2 + (customers + variants) * factors^3)); a score
    the same for one alternation over the customers scored, and one matrix product.
    """

    name: ClassVar[str] = "als"
    settings: AlsSettings

    def __init__(self, settings: AlsSettings | None = None) -> None:
        self.settings = settings or AlsSettings()
        self._factors: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)  # (V, F)
        self._known: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # (V,) anybody took it
        self._gram: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)  # (F, F) Y'Y

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(AlsSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Alternate; BLAS is held to one thread, since its threads and implicit's clash."""
        self._known = np.bincount(interactions.variant, minlength=interactions.shape[1]) > 0
        with threadpool_limits(1, user_api="blas"):
            solver = self._solver(run)
            # what nobody took has no factor, and its place in the catalogue moves no other's
            solver.fit(self._confidences(interactions)[:, self._known], show_progress=False)
            learned = np.asarray(solver.item_factors, dtype=np.float32)
            self._gram = learned.T @ learned
        self._factors = np.zeros((len(self._known), learned.shape[1]), dtype=np.float32)
        self._factors[self._known] = learned
        return self

    def _solver(self, run: Run) -> AlternatingLeastSquares:
        return AlternatingLeastSquares(
            factors=self.settings.factors,
            regularization=self.settings.regularization,
            iterations=self.settings.iterations,
            random_state=run.seed,
            num_threads=run.threads or 1,
        )

    def _confidences(self, interactions: Interactions) -> sparse.csr_matrix[np.float32]:
        """(U, V) float32: 1 + alpha * recency where the customer took the variant."""
        confidences = interactions.recent(self.settings.recency_days)
        confidences.data = 1 + np.float32(self.settings.alpha) * confidences.data
        return confidences

    @property
    def known(self) -> NDArray[np.bool_]:
        """(V,) bool: the variants that anybody took before the fit."""
        return self._known

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """Fold-in and one product; equal to one-by-one but for float32 rounding of the product."""
        scores: NDArray[np.float32] = self.vectors(histories) @ self._factors.T
        put_last(scores, self._known)
        return scores

    def vectors(self, histories: Interactions) -> NDArray[np.float32]:
        """(U, F) float32: each customer's factor, (Y'Y + Y'(C - I)Y + lambda I)^-1 Y'C 1."""
        if histories.shape[0] == 1:  # a request: looking for BLAS's threads would take longest
            system, held, confidences = self._system(histories)
            return np.linalg.solve(system, held.T @ confidences).astype(np.float32)[None]
        with threadpool_limits(1, user_api="blas"):
            solver = self._solver(Run())
            solver.item_factors = self._factors
            solver._YtY = self._gram  # else implicit multiplies it anew each time
            factors = solver.recalculate_user(
                np.arange(histories.shape[0]), self._confidences(histories)
            )
        return np.asarray(factors, dtype=np.float32)

    def variant_vectors(self) -> NDArray[np.float32]:
        """(V, F) float32: the variants' factors; zeros for one that nobody took."""
        return self._factors

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """Section 5 of the paper: y_v' W y_j c_j for each variant j of the history."""
        system, held, confidences = self._system(history)
        scored = self._factors[variants].astype(np.float64)  # (M, F)
        shares = scored @ np.linalg.solve(system, held.T) * confidences  # (M, n)
        shown: NDArray[np.float32] = (shares * self._known[variants, None]).astype(np.float32)
        return shown

    def _system(
        self, history: Interactions
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
        """One customer's Y'CY + lambda I (F, F); the factors held (n, F); their confidences."""
        confidences = self._confidences(history)
        held = self._factors[confidences.indices].astype(np.float64)
        system = self._gram + held.T @ ((confidences.data - 1.0)[:, None] * held)
        system[np.diag_indices_from(system)] += self.settings.regularization
        return system, held, confidences.data

    def similar(self, variant: int) -> NDArray[np.float32]:
        """Cosine of the factors."""
        lengths = np.linalg.norm(self._factors, axis=1)
        lengths[lengths == 0] = 1
        directions = self._factors / lengths[:, None]
        likeness: NDArray[np.float32] = directions @ directions[variant]
        likeness[variant] = -np.inf
        return likeness

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {"factors": self._factors, "gram": self._gram, "known": self._known}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self._factors = state["factors"].astype(np.float32, copy=False)
        self._gram = state["gram"].astype(np.float32, copy=False)
        self._known = state["known"].astype(bool, copy=False)
        return self
