"""Chebyshev graph filter: a smooth low-pass filter over many hops, without eigenvectors.

After ChebyCF (Kim et al., "Graph Spectral Filtering with Chebyshev Interpolation for
Recommendation", SIGIR 2025). With P = R'R of the scaled customers-by-variants matrix R, its
eigenvalues divided by the largest, a history X is scored by

    X D_i^-h [sum_k c_k T_k(I - 2P) + low_pass_weight * V V'] D_i^-s

where the Chebyshev polynomials T_k interpolate a response to the eigenvalues that falls from 1 at
tastes that many share to 0 at chance, and V are the leading eigenvectors. ChebyCF's response is the
"plateau"; that of Butterworth's low-pass filter, a "step" of chosen place and steepness, on a
matrix that listens more to customers who take much, needs no eigenvectors at all and was better
than either ChebyCF or any blend of filters that was tried (benchmarks/gowalla.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Annotated, ClassVar, Final, Literal, Self

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings, put_last
from recsys.spectrum import gainful_threads, leading, popularity_of, power_of, scaled

BLOCK: Final = 64
"""Customers that are filtered at a time: at 40,000 variants 10 MB, which a cache holds."""


class ChebyshevSettings(Settings):
    """Hyperparameters of the Chebyshev filter; defaults by benchmarks/gowalla.py."""

    recency_days: Annotated[PositiveFloat, Search(10, 1000)] = 90.0
    """e-folding time of a line's weight, in days."""

    order: Annotated[int, Field(ge=1, le=64)] = 12
    """Degree of the polynomial: how many hops over common customers count."""

    response: Literal["step", "plateau"] = "step"
    """How much of an eigenvalue p, divided by the largest, is let through: 1 / (1 + (cutoff /
    p)^steepness), or (1 - sign(x) |x|^flatness) / 2 with x = 1 - 2p."""

    cutoff: Annotated[float, Field(gt=0, le=1), Search(0.02, 0.5)] = 0.1
    """The eigenvalue of which a step lets half through."""

    steepness: Annotated[float, Field(ge=1, le=16), Search(2, 10)] = 6.0
    """The more, the sharper the step."""

    flatness: Annotated[float, Field(gt=0, le=16), Search(0.5, 4)] = 1.5
    """The more, the less a plateau tells eigenvalues of middling size apart."""

    low_pass_weight: NonNegativeFloat = 0.0
    """Weight of the leading eigenvectors, let through whole; 0 spares finding them."""

    rank: PositiveInt = 512
    """How many of them."""

    most_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    """At most this share of the customers or variants, whichever are fewer, are let through."""

    customer_exponent: Annotated[float, Field(ge=0, le=2), Search(0, 1, log=False)] = 0.25
    """R: a customer's lines are divided by how much they took, to this power."""

    variant_exponent: Annotated[float, Field(ge=0, le=2), Search(0, 1, log=False)] = 0.45
    """R: a variant's lines are divided by its popularity, to this power."""

    history_exponent: Annotated[float, Field(ge=-2, le=2), Search(-0.2, 0.8, log=False)] = 0.2
    """h: a line of the history to be scored is divided by its variant's popularity, to this
    power."""

    score_exponent: Annotated[float, Field(ge=-2, le=2), Search(-0.8, 0.2, log=False)] = -0.35
    """s: a score is divided by its variant's popularity, to this power (below 0, multiplied)."""


class Chebyshev(Model):
    """Score: the customer's recent lines through a polynomial of P and its leading eigenvectors.

    A fit takes O(lines), but for eigenvectors if they are asked for. A score takes
    O(order * all customers' lines), since P itself is never formed.
    """

    name: ClassVar[str] = "chebyshev"
    settings: ChebyshevSettings

    def __init__(self, settings: ChebyshevSettings | None = None) -> None:
        self.settings = settings or ChebyshevSettings()
        none = np.zeros((0, 0), dtype=np.float32)
        self._vectors = none  # (V, F)
        self._inward: NDArray[np.float32] = np.zeros(0, dtype=np.float32)  # (V,) D_i^-h
        self._outward: NDArray[np.float32] = np.zeros(0, dtype=np.float32)  # (V,) D_i^-s
        self._known: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # (V,) anybody took it
        self._hold(sparse.csr_matrix(none))

    def _hold(self, rows: sparse.csr_matrix[np.float32]) -> None:
        """Keep R, whose largest singular value is 1, and its transpose."""
        self._rows = rows  # (U, V)
        self._columns: sparse.csr_matrix[np.float32] = rows.T.tocsr()  # (V, U)

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(ChebyshevSettings.model_validate(settings or {}))

    @property
    def known(self) -> NDArray[np.bool_]:
        """(V,) bool: the variants that anybody took before the fit."""
        return self._known

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Scale the matrix, by its largest singular value too."""
        chosen = self.settings
        recent = interactions.recent(chosen.recency_days)  # (U, V)
        rows = scaled(recent, chosen.customer_exponent, chosen.variant_exponent)
        self._known = np.bincount(interactions.variant, minlength=interactions.shape[1]) > 0
        fewer = min(rows.shape[0], int(self._known.sum()))
        asked = min(chosen.rank, ceil(chosen.most_share * fewer)) if chosen.low_pass_weight else 0
        with threadpool_limits(run.threads or gainful_threads(rows, asked), user_api="blas"):
            values, vectors = leading(rows, max(asked, 1), seed=run.seed)
        if len(values):
            rows.data /= values[0]
        self._hold(rows)
        self._vectors = vectors[:, :asked]
        popularity = popularity_of(interactions, chosen.recency_days)
        self._inward = power_of(popularity, -chosen.history_exponent)
        self._outward = power_of(popularity, -chosen.score_exponent)
        return self

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """The filtered histories, `BLOCK` customers at a time; what nobody ever took comes last."""
        recent = self._signals(histories)
        scores = np.empty(recent.shape, dtype=np.float32)
        for start in range(0, len(scores), BLOCK):
            block = recent[start : start + BLOCK].toarray().T.copy()  # (V, B)
            scores[start : start + BLOCK] = (self._filtered(block) * self._outward[:, None]).T
        put_last(scores, self._known)
        return scores

    def responses(
        self, histories: Interactions, steps: Sequence[tuple[float, float]]
    ) -> NDArray[np.float32]:
        """(1 + S, U, V) its scores, and behind them those of steps of other cutoffs; at one cost.

        Args:
            histories: the customers' lines.
            steps: (S,) cutoff and steepness of each; they are given no leading eigenvectors.
        """
        recent = self._signals(histories)
        weights = np.array([self._coefficients(), *(self._step(*step) for step in steps)])
        scores = np.empty((len(weights), *recent.shape), dtype=np.float32)
        for start in range(0, recent.shape[0], BLOCK):
            signal = recent[start : start + BLOCK].toarray().T.copy()  # (V, B)
            found = np.zeros((len(weights), *signal.shape), dtype=np.float32)
            found[0] = self._vectors @ (self._vectors.T @ signal)
            found[0] *= np.float32(self.settings.low_pass_weight)
            for weight, term in zip(
                weights.T.astype(np.float32), self._terms(signal), strict=False
            ):
                for place in np.flatnonzero(np.abs(weight) > 1e-9):
                    found[place] += weight[place] * term
            scores[:, start : start + BLOCK] = (found * self._outward[:, None]).transpose(0, 2, 1)
        put_last(scores[0], self._known)
        return scores

    def _signals(self, histories: Interactions) -> sparse.csr_matrix[np.float32]:
        """(U, V) X D_i^-h."""
        recent = histories.recent(self.settings.recency_days)
        recent.data *= self._inward[recent.indices]
        return recent

    def _filtered(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """(V, B) the filter of a signal, which is symmetric: X's rows are columns here."""
        total: NDArray[np.float32] = self._vectors @ (self._vectors.T @ signal)
        total *= np.float32(self.settings.low_pass_weight)
        for weight, term in zip(self._coefficients(), self._terms(signal), strict=False):
            if abs(weight) > 1e-9:
                total += np.float32(weight) * term
        return total

    def _coefficients(self) -> NDArray[np.float64]:
        """(order + 1,) c_k, which interpolate the response at the Chebyshev points."""
        chosen = self.settings
        if chosen.response == "step":
            return self._step(chosen.cutoff, chosen.steepness)
        points = chebyshev.chebpts1(chosen.order + 1)
        return _interpolated((1 - np.sign(points) * np.abs(points) ** chosen.flatness) / 2)

    def _step(self, cutoff: float, steepness: float) -> NDArray[np.float64]:
        """(order + 1,) c_k of a step."""
        eigenvalues = (1 - chebyshev.chebpts1(self.settings.order + 1)) / 2
        return _interpolated(1 / (1 + (cutoff / eigenvalues) ** steepness))

    def _terms(self, signal: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """T_k(I - 2P) of a signal for k = 0, 1, …, by T_k+1 = 2 (I - 2P) T_k - T_k-1."""
        before, now = signal, self._turned(signal)
        yield before
        while True:
            yield now
            before, now = now, 2 * self._turned(now) - before

    def _turned(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """(V, B) (I - 2P) of a signal."""
        found: NDArray[np.float32] = signal - 2 * (self._columns @ (self._rows @ signal))
        return found

    def _impulses(self, variants: NDArray[np.integer]) -> NDArray[np.float32]:
        """(V, M) the filter of single variants; its column m is what `variants[m]` answers."""
        found = np.empty((len(self._known), len(variants)), dtype=np.float32)
        for start in range(0, len(variants), BLOCK):
            some = variants[start : start + BLOCK]
            signal = np.zeros((len(self._known), len(some)), dtype=np.float32)
            signal[some, np.arange(len(some))] = 1
            found[:, start : start + BLOCK] = self._filtered(signal)
        return found

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """What the filter carries from each variant held to each one scored; costs its score."""
        signal = self._signals(history)  # (1, V)
        held = signal.indices
        if len(held) < len(variants):
            carried = self._impulses(held)[variants]  # (M, n)
        else:
            carried = self._impulses(variants)[held].T
        shares: NDArray[np.float32] = carried * signal.data * self._outward[variants, None]
        return shares

    def similar(self, variant: int) -> NDArray[np.float32]:
        """What taking the variant adds to the others' scores, but for a factor."""
        likeness: NDArray[np.float32] = self._impulses(np.array([variant]))[:, 0] * self._outward
        likeness[variant] = -np.inf
        return likeness

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {
            "values": self._rows.data,
            "columns": self._rows.indices,
            "rows": self._rows.indptr,
            "vectors": self._vectors,
            "inward": self._inward,
            "outward": self._outward,
            "known": self._known,
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self._known = state["known"].astype(bool, copy=False)
        self._inward = state["inward"].astype(np.float32, copy=False)
        self._outward = state["outward"].astype(np.float32, copy=False)
        self._vectors = state["vectors"].astype(np.float32, copy=False)
        places = (
            state["columns"].astype(np.int32, copy=False),
            state["rows"].astype(np.int64, copy=False),
        )
        parts = (state["values"].astype(np.float32, copy=False), *places)
        shape = (len(state["rows"]) - 1, len(self._known))
        self._hold(sparse.csr_matrix(parts, shape=shape))
        return self


def _interpolated(response: NDArray[np.float64]) -> NDArray[np.float64]:
    """(order + 1,) c_k of a response that is known at the Chebyshev points."""
    points = chebyshev.chebpts1(len(response))
    sums: NDArray[np.float64] = chebyshev.chebvander(points, len(response) - 1).T @ response
    sums[1:] *= 2
    return sums / len(response)
