"""SANSA: EASE with few weights to each variant, for catalogues where all of them do not fit.

Martin Spišák et al., "Scalable Approximate NonSymmetric Autoencoder for Collaborative Filtering",
RecSys 2023, replace EASE's inverse by a sparse approximate one. This one is taken column by column,
as Harald Steck, "Markov Random Fields for Collaborative Filtering", NeurIPS 2019, does: the
weights to variant j from its neighbourhood N are -P[i, j] / P[j, j] with P the inverse of the
regularized Gram matrix of N and j alone. They are the best weights by EASE's own measure among
those that are zero outside of N, and EASE's own where N is everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings, put_last
from recsys.sparse_gram import Gram, PrunedGram, gram_of

CELLS: Final = 4_000_000
"""Cells of the neighbourhoods' systems that are worked on at a time: 32 MB."""


class SansaSettings(Settings):
    """Hyperparameters of SANSA."""

    recency_days: Annotated[PositiveFloat, Search(20, 400)] = 90.0
    """e-folding time of a line's weight, in days."""

    regularization: Annotated[PositiveFloat, Search(5, 1000)] = 100.0
    """lambda, added to the Gram matrix's diagonal: the more, the smoother the weights."""

    neighbours: Annotated[PositiveInt, Search(20, 500)] = 200
    """Variants that may have a weight to a variant: what memory and, squared, time grow with."""

    width: PositiveInt = 400
    """Cells of each row of the Gram matrix that are kept where not all are; `neighbours` at
    least."""

    most_whole: NonNegativeInt = 6_000
    """Variants up to which all of the Gram matrix is held, in 8 bytes a cell."""


class Sansa(Model):
    """Score: X B, the customer's recent lines through the few learned weights.

    Beyond the sparse product X'X, a fit takes O(variants * neighbours^2 * (neighbours + width))
    time at most and O(variants * (neighbours + width)) memory, on one thread. Variants that go
    with few others cost less. A score takes O(lines * neighbours + customers * variants).
    """

    name: ClassVar[str] = "sansa"
    settings: SansaSettings

    def __init__(self, settings: SansaSettings | None = None) -> None:
        self.settings = settings or SansaSettings()
        self._weights: sparse.csr_matrix[np.float32] = sparse.csr_matrix(
            np.zeros((0, 0), dtype=np.float32)
        )
        self._known: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # (V,) anybody took it
        self._mended = 0

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(SansaSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Solve one small system a variant, in batches."""
        variants = interactions.shape[1]
        gram = gram_of(
            interactions.recent(self.settings.recency_days),
            neighbours=self.settings.neighbours,
            width=self.settings.width,
            regularization=self.settings.regularization,
            most_whole=self.settings.most_whole,
        )
        values = np.zeros(gram.nearest.shape, dtype=np.float32)  # (V, K) weights to each variant
        self._mended = 0
        with threadpool_limits(1, user_api="blas"):  # its threads gain nothing on small systems
            for batch, size in _batches(gram):
                places = np.column_stack([batch, gram.nearest[batch, :size]])  # (B, 1 + n)
                systems = gram.among(places)
                if isinstance(gram, PrunedGram):
                    self._mended += _mend(systems, self.settings.regularization)
                _raise_diagonal(systems, self.settings.regularization)
                values[batch, :size] = _weights_to_first(systems)
        self._weights = _by_source(gram.nearest, values)
        self._known = np.bincount(interactions.variant, minlength=variants) > 0
        return self

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """X B; what nobody ever took comes last."""
        recent = histories.recent(self.settings.recency_days)
        scores: NDArray[np.float32] = (recent @ self._weights).toarray()
        put_last(scores, self._known)
        return scores

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The recency of what the customer took times its weight to the scored variant."""
        recent = history.recent(self.settings.recency_days)  # (1, V)
        weights = self._weights[recent.indices][:, variants].toarray()  # (n, M)
        shares: NDArray[np.float32] = weights.T * recent.data
        return shares

    def similar(self, variant: int) -> NDArray[np.float32]:
        """What taking the variant adds to the others' scores; 0 beyond the neighbourhood."""
        likeness: NDArray[np.float32] = self._weights[[variant]].toarray()[0]
        likeness[variant] = -np.inf
        return likeness

    def facts(self) -> Mapping[str, object]:
        """How many weights there are, and how many neighbourhoods had to be mended."""
        return {"weights": int(self._weights.nnz), "mended": self._mended}

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {
            "weights": self._weights.data,
            "columns": self._weights.indices,
            "rows": self._weights.indptr,
            "known": self._known,
            "mended": np.array([self._mended]),
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self._known = state["known"].astype(bool, copy=False)
        self._weights = sparse.csr_matrix(
            (
                state["weights"].astype(np.float32, copy=False),
                state["columns"].astype(np.int32, copy=False),
                state["rows"].astype(np.int64, copy=False),
            ),
            shape=(len(self._known), len(self._known)),
        )
        self._mended = int(state["mended"][0])
        return self


def _batches(gram: Gram) -> Iterator[tuple[NDArray[np.intp], int]]:
    """Variants with about as many neighbours each, and how many the richest of them has.

    A batch's systems hold about `CELLS` cells.
    """
    variants = len(gram.nearest)
    counts = (gram.nearest < variants).sum(axis=1)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    start = 0
    while start < len(order):
        size = int(counts[order[start]])
        stop = start + max(1, CELLS // (size + 1) ** 2)
        yield order[start:stop], size
        start = stop


def _raise_diagonal(systems: NDArray[np.float64], by: float) -> None:
    """Add to the diagonal of each of (B, n, n) systems."""
    places = np.arange(systems.shape[1])
    systems[:, places, places] += by


def _mend(systems: NDArray[np.float64], regularization: float) -> int:
    """Raise the diagonals of systems that pruning has left indefinite; returns of how many.

    Regularized, a whole Gram matrix has no eigenvalue below lambda. One that has half of that is
    taken as it is; another's diagonal is raised to the sum of its row, which is enough.
    """
    half = systems.copy()
    _raise_diagonal(half, regularization / 2)
    bad = np.array(_indefinite(half, 0), dtype=np.intp)
    places = np.arange(systems.shape[1])
    beside = systems[bad].sum(axis=2) - systems[bad][:, places, places]
    systems[bad[:, None], places, places] = np.maximum(systems[bad][:, places, places], beside)
    return len(bad)


def _indefinite(systems: NDArray[np.float64], first: int) -> list[int]:
    """Which of (B, n, n) systems are not positive definite, counted from `first`; by halves."""
    try:
        np.linalg.cholesky(systems)
    except np.linalg.LinAlgError:
        if len(systems) == 1:
            return [first]
        half = len(systems) // 2
        return _indefinite(systems[:half], first) + _indefinite(systems[half:], first + half)
    return []


def _weights_to_first(systems: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, n - 1): -P[1:, 0] / P[0, 0], P the inverse of each of (B, n, n) systems."""
    first = np.zeros((systems.shape[1], 1))
    first[0] = 1
    inverse = np.linalg.solve(systems, first)[:, :, 0]  # (B, n)
    weights: NDArray[np.float64] = -inverse[:, 1:] / inverse[:, :1]
    return weights


def _by_source(
    nearest: NDArray[np.int32], values: NDArray[np.float32]
) -> sparse.csr_matrix[np.float32]:
    """(V, V) weights from a row's variant to a column's; `values` has the columns for rows."""
    variants = len(nearest)
    target, place = np.nonzero(values)
    weights = sparse.csr_matrix(
        (values[target, place], (nearest[target, place], target)), shape=(variants, variants)
    )
    weights.sort_indices()
    return weights
