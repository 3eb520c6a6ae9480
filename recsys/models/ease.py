"""EASE: one linear weight from each variant to each other, in closed form.

Harald Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019: with
G = X'X + lambda I and P = G^-1, the weights are B = I - P / diag(P), whose diagonal is 0.
X is weighted by recency here, which on retail data makes it the best single model; where no times
are known every weight is 1 and this is plain EASE.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat
from scipy import sparse
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from recsys.errors import RecsysError, TooManyVariants
from recsys.interactions import Interactions
from recsys.model import Model, Run, Settings

MOST_DOUBLE: Final = 12_000
"""Variants up to which the inverse is taken in float64; above, float32 halves the memory."""

BLOCK: Final = 1_024
"""Rows of the Gram matrix that are made dense at a time."""


class EaseSettings(Settings):
    """Hyperparameters of EASE."""

    recency_days: PositiveFloat = 90.0
    """e-folding time of a line's weight, in days."""

    regularization: PositiveFloat = 100.0
    """lambda, added to the Gram matrix's diagonal: the more, the smoother the weights."""

    most_gigabytes: PositiveFloat = 8.0
    """Largest matrix of variants by variants that a fit may hold in memory, in 10^9 bytes; 8 are
    44,721 variants in float32."""


class Ease(Model):
    """Score: X B, the customer's recent lines through the learned weights.

    A fit takes O(variants^3) time and one variants-by-variants matrix, of 8 bytes a cell up to
    `MOST_DOUBLE` variants and 4 above. A score takes O(lines * variants) and does not depend on
    who is scored beside.
    """

    name: ClassVar[str] = "ease"

    def __init__(self, settings: EaseSettings | None = None) -> None:
        self.settings: EaseSettings = settings or EaseSettings()
        self._weights: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)  # (V, V)
        self._known: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # (V,) anybody took it

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(EaseSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, run: Run) -> Self:
        """Invert the Gram matrix by Cholesky, in place.

        Raises:
            TooManyVariants: the matrix would be larger than `most_gigabytes`.
            RecsysError: the matrix could not be inverted in this precision.
        """
        variants = interactions.shape[1]
        kind = np.float64 if variants <= MOST_DOUBLE else np.float32
        self._refuse_too_many(variants, np.dtype(kind).itemsize)
        recent = interactions.recent(self.settings.recency_days)  # (U, V)
        gram = _dense_gram(recent, kind)  # (V, V) column-major
        gram[np.diag_indices(variants)] += self.settings.regularization
        with threadpool_limits(run.threads, user_api="blas"):
            self._weights = _weights_of(gram)
        self._known = np.bincount(interactions.variant, minlength=variants) > 0
        return self

    def _refuse_too_many(self, variants: int, bytes_a_cell: int) -> None:
        needed = variants * variants * bytes_a_cell / 1e9
        if needed > self.settings.most_gigabytes:
            raise TooManyVariants(
                f"EASE over {variants:,} variants needs a matrix of {needed:.1f} GB, and "
                f"{self.settings.most_gigabytes:g} GB are allowed.",
                where="ease.most_gigabytes",
                fix="Raise the limit if the memory is there, or use the model 'als'.",
            )

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """X B; what nobody ever took comes last."""
        scores = np.asarray(histories.recent(self.settings.recency_days) @ self._weights)
        if not self._known.all():
            scores[:, ~self._known] = scores[:, self._known].min(axis=1, keepdims=True)
        return scores

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The recency of what the customer took times its weight to the scored variant."""
        recent = history.recent(self.settings.recency_days)  # (1, V)
        shares: NDArray[np.float32] = self._weights[np.ix_(recent.indices, variants)].T
        return shares * recent.data * self._known[variants, None]

    def similar(self, variant: int) -> NDArray[np.float32]:
        """What taking the variant adds to the others' scores."""
        likeness: NDArray[np.float32] = self._weights[variant].copy()
        likeness[variant] = -np.inf
        return likeness

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {"weights": self._weights, "known": self._known}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self._weights = state["weights"].astype(np.float32, copy=False)
        self._known = state["known"].astype(bool)
        return self


def _dense_gram(
    rows: sparse.csr_matrix[np.float32], kind: type[np.float32 | np.float64]
) -> NDArray[np.floating]:
    """(V, V) column-major X'X, made dense in blocks so that no second copy is held."""
    variants = rows.shape[1]
    values = rows.astype(kind)
    columns = values.T.tocsr()  # (V, U)
    gram = np.empty((variants, variants), dtype=kind, order="F")
    for start in range(0, variants, BLOCK):
        block = columns[start : start + BLOCK]
        gram[:, start : start + BLOCK] = (block @ values).toarray().T  # symmetric: rows = columns
    return gram


def _weights_of(gram: NDArray[np.floating]) -> NDArray[np.float32]:
    """(V, V) float32, row-major: B of the regularized Gram matrix, which is overwritten."""
    factor, inverse = (
        (lapack.dpotrf, lapack.dpotri)
        if gram.dtype == np.float64
        else (lapack.spotrf, lapack.spotri)
    )
    lower, failed = factor(gram, lower=1, overwrite_a=1, clean=0)
    if not failed:
        lower, failed = inverse(lower, lower=1, overwrite_c=1)
    if failed:
        raise RecsysError(
            "The Gram matrix of EASE could not be inverted.",
            where="ease.regularization",
            fix="Raise the regularization.",
        )
    weights = lower.T  # row-major (V, V); its upper triangle holds P
    scale = -1 / np.diagonal(weights).copy()
    for start in range(0, len(weights), BLOCK):
        stop = min(start + BLOCK, len(weights))
        block = weights[start:stop, start:stop]
        block[:] = np.triu(block) + np.triu(block, 1).T
        weights[stop:, start:stop] = weights[start:stop, stop:].T
    weights *= scale  # B[i, j] = -P[i, j] / P[j, j]
    np.fill_diagonal(weights, 0)
    return np.ascontiguousarray(weights, dtype=np.float32)
