"""Linear graph filter: what was taken by the same customers, less what popularity explains.

The one-hop filter of Turbo-CF (Park et al., "Turbo-CF: Matrix Decomposition-Free Graph Filtering
for Fast Recommendation", SIGIR 2024) with an exponent for each of its four normalizations. With C
the co-occurrences, customers who take much counted less, a variant's score from another's line is

    W[i, j] = C[i, j]^sharpness / (D_i^history_exponent * D_j^score_exponent)

and D how much the customers took of it. Turbo-CF with its exponents a and s is customer_exponent
2a, sharpness s and (1 - a) s for the other two. The diagonal is left out: taking a variant again
says nothing of what goes with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat
from scipy import sparse

from recsys.catalogue import Catalogue
from recsys.errors import TooManyVariants
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings, put_last
from recsys.spectrum import popularity_of, power_of, scaled


class LinearFilterSettings(Settings):
    """Hyperparameters of the linear filter; defaults by benchmarks/gowalla.py."""

    recency_days: Annotated[PositiveFloat, Search(10, 1000)] = 90.0
    """e-folding time of a line's weight, in days."""

    customer_exponent: Annotated[float, Field(ge=0, le=2), Search(0, 1.2, log=False)] = 0.6
    """What a customer says of two variants is divided by how much they took, to this power."""

    sharpness: Annotated[float, Field(gt=0, le=4), Search(0.6, 2, log=False)] = 1.4
    """Co-occurrences are raised to this power: the more, the more the strongest count."""

    history_exponent: Annotated[float, Field(ge=-2, le=2), Search(0, 1.4, log=False)] = 1.0
    """A line of the history is divided by its variant's popularity, to this power."""

    score_exponent: Annotated[float, Field(ge=-2, le=2), Search(0, 1, log=False)] = 0.2
    """A score is divided by its variant's popularity, to this power."""

    most_gigabytes: PositiveFloat = 8.0
    """Largest matrix of co-occurrences that a fit may hold in memory, in 10^9 bytes."""


class LinearFilter(Model):
    """Score: X W, the customer's recent lines through the weights, most of which are 0.

    A fit takes the sum over customers of the square of their variants, in time and, at 8 bytes,
    in memory at most. A score takes O(lines * weights of a variant).
    """

    name: ClassVar[str] = "linear_filter"
    settings: LinearFilterSettings

    def __init__(self, settings: LinearFilterSettings | None = None) -> None:
        self.settings = settings or LinearFilterSettings()
        self._weights: sparse.csr_matrix[np.float32] = sparse.csr_matrix(
            np.zeros((0, 0), dtype=np.float32)
        )
        self._known: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # (V,) anybody took it

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(LinearFilterSettings.model_validate(settings or {}))

    @property
    def known(self) -> NDArray[np.bool_]:
        """(V,) bool: the variants that anybody took before the fit."""
        return self._known

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """One sparse product.

        Raises:
            TooManyVariants: the co-occurrences would be larger than `most_gigabytes`.
        """
        chosen = self.settings
        recent = interactions.recent(chosen.recency_days)  # (U, V)
        self._refuse_too_many(recent)
        halves = scaled(recent, chosen.customer_exponent / 2, 0)
        weights = (halves.T @ halves).tocsr()  # (V, V)
        row = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
        popularity = popularity_of(interactions, chosen.recency_days)
        weights.data **= np.float32(chosen.sharpness)
        weights.data *= power_of(popularity, -chosen.history_exponent)[row]
        weights.data *= power_of(popularity, -chosen.score_exponent)[weights.indices]
        weights.data[row == weights.indices] = 0
        weights.eliminate_zeros()
        weights.sort_indices()
        self._weights = weights
        self._known = np.bincount(interactions.variant, minlength=interactions.shape[1]) > 0
        return self

    def _refuse_too_many(self, rows: sparse.csr_matrix[np.float32]) -> None:
        held = np.diff(rows.indptr).astype(float)
        needed = 8e-9 * min(float(held @ held), float(rows.shape[1]) ** 2)
        if needed > self.settings.most_gigabytes:
            raise TooManyVariants(
                f"What is taken together may need {needed:.1f} GB over {rows.shape[1]:,} variants, "
                f"and {self.settings.most_gigabytes:g} GB are allowed.",
                where="linear_filter.most_gigabytes",
                fix="Raise the limit if the memory is there, or use the model 'low_pass'.",
            )

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """X W; what nobody ever took comes last."""
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
        """What taking the variant adds to the others' scores."""
        likeness: NDArray[np.float32] = self._weights[[variant]].toarray()[0]
        likeness[variant] = -np.inf
        return likeness

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {
            "weights": self._weights.data,
            "columns": self._weights.indices,
            "rows": self._weights.indptr,
            "known": self._known,
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self._known = state["known"].astype(bool, copy=False)
        size = len(self._known)
        places = (
            state["columns"].astype(np.int32, copy=False),
            state["rows"].astype(np.int64, copy=False),
        )
        parts = (state["weights"].astype(np.float32, copy=False), *places)
        self._weights = sparse.csr_matrix(parts, shape=(size, size))
        return self
