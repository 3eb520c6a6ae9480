"""EASE: one linear weight from each variant to each other, in closed form.

Harald Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019: with
G = X'X + lambda I and P = G^-1, the weights are B = I - P / diag(P), whose diagonal is 0.
X is weighted by recency here, which on retail data makes it the best single model; where no times
are known every weight is 1 and this is plain EASE.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat
from scipy import sparse
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from recsys.catalogue import Catalogue
from recsys.errors import RecsysError, TooManyVariants
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings, put_last

MOST_DOUBLE: Final = 12_000
"""Variants up to which the inverse is taken in float64; above, float32 halves the memory."""

BLOCK: Final = 512
"""Rows of the Gram matrix that are worked on at a time: enough for BLAS to run at its best."""


class EaseSettings(Settings):
    """Hyperparameters of EASE."""

    recency_days: Annotated[PositiveFloat, Search(10, 1000)] = 90.0
    """e-folding time of a line's weight, in days."""

    regularization: Annotated[PositiveFloat, Search(10, 5000)] = 100.0
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
    settings: EaseSettings

    def __init__(self, settings: EaseSettings | None = None) -> None:
        self.settings = settings or EaseSettings()
        self._weights: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)  # (V, V)
        self._known: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # (V,) anybody took it

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(EaseSettings.model_validate(settings or {}))

    @property
    def known(self) -> NDArray[np.bool_]:
        """(V,) bool: the variants that anybody took before the fit."""
        return self._known

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Invert the Gram matrix in place.

        Raises:
            TooManyVariants: the matrix would be larger than `most_gigabytes`.
            RecsysError: the matrix could not be inverted in this precision.
        """
        variants = interactions.shape[1]
        kind = np.float64 if variants <= MOST_DOUBLE else np.float32
        self._refuse_too_many(variants, np.dtype(kind).itemsize)
        recent = interactions.recent(self.settings.recency_days)  # (U, V)
        gram = _dense_gram(recent, kind)  # (V, V)
        gram[np.diag_indices(variants)] += self.settings.regularization
        with threadpool_limits(run.threads or _gainful_threads(variants), user_api="blas"):
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
                fix="Raise the limit if the memory is there, or use the model 'sansa'.",
            )

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """X B; what nobody ever took comes last."""
        scores = np.asarray(histories.recent(self.settings.recency_days) @ self._weights)
        put_last(scores, self._known)
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
        self._known = state["known"].astype(bool, copy=False)
        return self


def _gainful_threads(variants: int) -> int:
    """How many an inverse uses unless told: one where it takes seconds, else every core allowed.

    One keeps figures free of the machine's cores to the last bit; beyond, it would take minutes.
    """
    return 1 if variants <= MOST_DOUBLE else _cores()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _dense_gram(
    rows: sparse.csr_matrix[np.float32], kind: type[np.float32 | np.float64]
) -> NDArray[np.floating]:
    """(V, V) X'X, made dense in blocks so that no second copy is held."""
    variants = rows.shape[1]
    values = rows.astype(kind)
    columns = values.T.tocsr()  # (V, U)
    gram = np.empty((variants, variants), dtype=kind)
    for block in _blocks(variants):
        gram[block] = (columns[block] @ values).toarray()
    return gram


def _weights_of(gram: NDArray[np.floating]) -> NDArray[np.float32]:
    """(V, V) float32: B of the regularized Gram matrix, which is overwritten."""
    refused = RecsysError(
        "The Gram matrix of EASE could not be inverted.",
        where="ease.regularization",
        fix="Raise the regularization.",
    )
    try:
        # -P above the diagonal blocks and in them
        (_factorize if gram.dtype == np.float64 else _sweep)(gram)
    except np.linalg.LinAlgError as error:
        raise refused from error
    diagonal = np.diagonal(gram).copy()
    if not (diagonal < 0).all():  # a NaN is not below 0 either
        raise refused
    scale = -1 / diagonal
    for block in _blocks(len(gram)):
        gram[block.stop :, block] = gram[block, block.stop :].T
    gram *= scale  # B[i, j] = -P[i, j] / P[j, j]
    np.fill_diagonal(gram, 0)
    return gram.astype(np.float32, copy=False)


def _factorize(matrix: NDArray[np.floating]) -> None:
    """What `_sweep` does, by LAPACK's Cholesky: for double precision, a third faster."""
    lower, failed = lapack.dpotrf(matrix.T, lower=1, overwrite_a=1, clean=0)
    if not failed:
        _, failed = lapack.dpotri(lower, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError
    for block in _blocks(len(matrix)):
        pivot = matrix[block, block]
        pivot[:] = np.triu(pivot) + np.triu(pivot, 1).T
    matrix *= -1


def _sweep(matrix: NDArray[np.floating]) -> None:
    """Replace a symmetric positive definite matrix by minus its inverse, in place.

    The symmetric sweep operator (Goodnight, "A Tutorial on the SWEEP Operator", 1979) by blocks:
    with P the inverse of a pivot block, A_ij becomes A_ij - A_ik P A_kj, A_ik becomes A_ik P, and
    the pivot block -P. It is V^3 operations, nearly all of them products of large blocks, and
    three blocks by V of memory; LAPACK's spotrf crashed at 40,981 variants.

    Args:
        matrix: (V, V), of which only the diagonal blocks and what lies above them are read and
            hold the result.
    """
    blocks = _blocks(len(matrix))
    for pivot in blocks:
        inverse = np.linalg.inv(matrix[pivot, pivot].astype(np.float64)).astype(matrix.dtype)
        column = np.concatenate([matrix[: pivot.stop, pivot], matrix[pivot, pivot.stop :].T])
        column[pivot] = 0
        swept = column @ inverse  # (V, block)
        for block in blocks:
            matrix[block, block.start :] -= swept[block] @ column[block.start :].T
        matrix[: pivot.start, pivot] = swept[: pivot.start]
        matrix[pivot, pivot.stop :] = swept[pivot.stop :].T
        matrix[pivot, pivot] = -inverse


def _blocks(size: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK)]
