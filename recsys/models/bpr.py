"""BPR: factors that put what a customer took above what they did not, pair by pair.

Steffen Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009, as the
library `implicit` fits it: x_ui = b_i + w_u y_i, and gradient steps on ln sigma(x_ui - x_uj) for a
taken i and a j that is drawn as often as it is taken.

The fit leaves customers' factors behind. A customer is scored by solving for theirs from the
history: the second-order expansion ln sigma(x) ~ -ln 2 + x/2 - x^2/8 turns the paper's objective
for fixed variants into least squares over all pairs at once, with the recency of each line for its
weight. So one who was unknown at the fit is scored like any other, and lately taken lines count
more, which the fit itself does not know of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final, Self

import numpy as np
from implicit.cpu.bpr import BayesianPersonalizedRanking
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from threadpoolctl import threadpool_limits

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings, put_last

BLOCK: Final = 256
"""Customers whose systems are held at a time: 34 MB at 128 factors."""


class BprSettings(Settings):
    """Hyperparameters of BPR."""

    factors: Annotated[PositiveInt, Search(16, 256)] = 128
    """Length of a customer's and a variant's factor, the variant's bias not counted."""

    learning_rate: Annotated[PositiveFloat, Search(0.01, 0.2)] = 0.05
    """Length of a gradient step."""

    regularization: Annotated[NonNegativeFloat, Search(1e-3, 0.1)] = 0.01
    """Pull of every step towards factors of zero."""

    iterations: Annotated[PositiveInt, Search(20, 200)] = 60
    """Passes of the fit; in each as many pairs are drawn as customers took variants."""

    fold_in_regularization: Annotated[PositiveFloat, Search(0.01, 1.0)] = 0.3
    """Pull on a customer's factor as it is solved from the history, for a total weight of 1."""

    recency_days: Annotated[PositiveFloat, Search(20, 400)] = 90.0
    """e-folding time of a line's weight in the fold-in, in days."""


class Bpr(Model):
    """Score: a variant's bias, and its factor times the customer's, solved from the history.

    A fit takes O(iterations * lines * factors); a score O(lines * factors^2 + customers *
    (factors^3 + variants * factors)). The fit runs on one thread whatever the run allows: threads
    would write each other's factors, and no two fits would agree.
    """

    name: ClassVar[str] = "bpr"
    settings: BprSettings

    def __init__(self, settings: BprSettings | None = None) -> None:
        self.settings = settings or BprSettings()
        self._factors: NDArray[np.float32] = np.zeros((0, 1), dtype=np.float32)  # (V, F + 1)
        self._drawn: NDArray[np.float64] = np.zeros(0)  # (V,) how often a variant is the other
        self._others = _Others.of(self._factors, self._drawn)

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(BprSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Gradient steps on drawn pairs, on one thread; the seed draws them."""
        taken = interactions.matrix()
        counts = np.bincount(taken.indices, minlength=taken.shape[1])
        known = counts > 0
        solver = BayesianPersonalizedRanking(
            factors=self.settings.factors,
            learning_rate=self.settings.learning_rate,
            regularization=self.settings.regularization,
            iterations=self.settings.iterations,
            random_state=run.seed,
            num_threads=1,
        )
        # what nobody took has no factor, and its place in the catalogue moves no other's
        solver.fit(taken[:, known], show_progress=False)
        learned = np.asarray(solver.item_factors, dtype=np.float32)  # (known, F + 1)
        factors = np.zeros((len(known), learned.shape[1]), dtype=np.float32)
        factors[known] = learned
        return self._take_up(factors, counts / counts.sum())

    def _take_up(self, factors: NDArray[np.float32], drawn: NDArray[np.float64]) -> Self:
        """Hold (V, F + 1) factors with the bias for their last, and (V,) how often one is drawn."""
        self._factors, self._drawn = factors, drawn
        self._others = _Others.of(factors, drawn)
        return self

    @property
    def known(self) -> NDArray[np.bool_]:
        """(V,) bool: the variants that anybody took before the fit."""
        return self._drawn > 0

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """Fold-in and one product; equal to one-by-one but for float32 rounding of the product."""
        scores: NDArray[np.float32] = self.vectors(histories) @ self._factors.T
        put_last(scores, self.known)
        return scores

    def variant_vectors(self) -> NDArray[np.float32]:
        """(V, F + 1) float32: the variants' factors and their bias; zeros for one never taken."""
        return self._factors

    def vectors(self, histories: Interactions) -> NDArray[np.float32]:
        """(U, F + 1) float32: each customer's factor, solved from the history, and a 1.

        The factor of an empty history is zero.
        """
        if histories.shape[0] == 1:  # a request: looking for BLAS's threads would take longest
            return self._fold_in(histories)
        with threadpool_limits(1, user_api="blas"):
            return self._fold_in(histories)

    def _fold_in(self, histories: Interactions) -> NDArray[np.float32]:
        recent = _since_last(histories).recent(self.settings.recency_days)  # (U, V)
        size = self._factors.shape[1] - 1
        vectors = np.ones((recent.shape[0], size + 1), dtype=np.float32)
        for start in range(0, recent.shape[0], BLOCK):
            bounds = recent.indptr[start : start + BLOCK + 1]
            systems = np.tile(np.eye(size), (len(bounds) - 1, 1, 1))  # (B, F, F)
            sides = np.zeros((len(bounds) - 1, size, 1))
            # each pass is a product of lines * factors^2; all at once would hold that much
            for row in np.flatnonzero(np.diff(bounds)):
                here = slice(bounds[row], bounds[row + 1])
                systems[row], parts = self._equations(recent.indices[here], recent.data[here])
                sides[row, :, 0] = parts.sum(axis=0)
            vectors[start : start + BLOCK, :size] = np.linalg.solve(systems, sides)[:, :, 0]
        return vectors

    def _equations(
        self, held: NDArray[np.integer], recency: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(F, F) A and (n, F) parts of r of a history, whose customer's factor is A^-1 r.

        With d_ij = y_i - y_j and e_ij = b_i - b_j, j drawn, and w the lines' shares of the recency:
        A = sum_i w_i E d_ij d_ij' / 4 + lambda I and r = sum_i w_i E d_ij (1/2 - e_ij / 4).
        """
        shares = recency.astype(np.float64) / recency.sum(dtype=np.float64)  # (n,)
        beyond = self._factors[held] - self._others.mean  # (n, F + 1)
        apart, above = beyond[:, :-1], beyond[:, -1]
        system = self._others.spread + apart.T @ (shares[:, None] * apart) / 4
        system[np.diag_indices_from(system)] += self.settings.fold_in_regularization
        parts = apart * (0.5 - above / 4)[:, None] - self._others.lean
        return system, shares[:, None] * parts

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """y_v' A^-1 r_i of each variant i of the history; with the bias they are the score.

        They are no parts of a linear model: another history has another A.
        """
        recent = _since_last(history).recent(self.settings.recency_days)  # (1, V)
        if not recent.nnz:
            return np.zeros((len(variants), 0), dtype=np.float32)
        system, parts = self._equations(recent.indices, recent.data)
        scored = self._factors[variants, :-1].astype(np.float64)  # (M, F)
        shares = scored @ np.linalg.solve(system, parts.T)
        shown: NDArray[np.float32] = shares.astype(np.float32)
        return shown

    def similar(self, variant: int) -> NDArray[np.float32]:
        """Cosine of the factors, the bias aside."""
        factors = self._factors[:, :-1]
        lengths = np.linalg.norm(factors, axis=1)
        lengths[lengths == 0] = 1
        directions = factors / lengths[:, None]
        likeness: NDArray[np.float32] = directions @ directions[variant]
        likeness[variant] = -np.inf
        return likeness

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {"factors": self._factors, "drawn": self._drawn}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        return self._take_up(
            state["factors"].astype(np.float32, copy=False),
            state["drawn"].astype(np.float64, copy=False),
        )


def _since_last(lines: Interactions) -> Interactions:
    """The same lines, each customer's ages counted from their last line.

    A fold-in takes shares of a customer's recency, and that of many years ago is 0 in float32.
    """
    last = np.full(lines.shape[0], np.inf, dtype=np.float32)
    np.minimum.at(last, lines.customer, lines.age)
    return replace(lines, age=lines.age - last[lines.customer])


@dataclass(frozen=True, slots=True)
class _Others:
    """Means over the variants that may be drawn as the other of a pair.

    Attributes:
        mean: (F + 1,) the mean factor and bias.
        spread: (F, F) a quarter of the factors' covariance.
        lean: (F,) a quarter of the factors' covariance with the biases.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    lean: NDArray[np.float64]

    @classmethod
    def of(cls, factors: NDArray[np.float32], drawn: NDArray[np.float64]) -> _Others:
        mean = drawn @ factors
        apart = factors - mean  # (V, F + 1)
        spread = apart[:, :-1].T @ (drawn[:, None] * apart) / 4  # (F, F + 1)
        return cls(mean, spread[:, :-1], spread[:, -1])
