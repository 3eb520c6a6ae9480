"""Item-item neighbours: what was taken by the customers who took what this one took.

The library `implicit`'s neighbourhood models (Mukund Deshpande, George Karypis, "Item-Based Top-N
Recommendation Algorithms", TOIS 2004) over lines weighted by recency: two variants are as alike as
their columns, weighted as documents' terms are in information retrieval, and of each variant only
the nearest are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

import numpy as np
from implicit.nearest_neighbours import ItemItemRecommender
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from scipy import sparse

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings

TIE_BREAK: Final = np.float32(1e-6)
"""Most that popularity adds to a score: it orders the variants that no neighbour reaches."""


class ItemItemSettings(Settings):
    """Hyperparameters of item-item neighbours."""

    likeness: Literal["cosine", "tfidf", "bm25"] = "tfidf"
    """How columns are weighted before their product: cosine, to length 1; tfidf, by the square root
    of a line and the rarity of what its customer takes, to length 1; bm25, by a line with
    diminishing returns and the same rarity, not to length 1."""

    neighbours: Annotated[PositiveInt, Search(10, 1000)] = 400
    """Variants kept for each variant, itself among them."""

    recency_days: Annotated[PositiveFloat, Search(20, 400)] = 90.0
    """e-folding time of a line's weight, in days."""

    saturation: Annotated[PositiveFloat, Search(0.1, 100)] = 1.2
    """K1 of bm25: the larger, the later a variant's further lines stop counting."""

    length_norm: Annotated[float, Field(ge=0, le=1), Search(0, 1, log=False)] = 0.75
    """B of bm25: how far a variant that is taken much is held down, from 0 to 1."""

    own_weight: Annotated[NonNegativeFloat, Search(0.1, 10)] = 5.0
    """What a variant's likeness to itself is multiplied by; 1 leaves it as `implicit` has it."""


class ItemItem(Model):
    """Score: X S, the customer's recent lines through the likeness of variants.

    A fit takes O(sum over customers of the square of their variants) time and O(variants *
    neighbours) memory; each variant's neighbours are found apart from the others', so threads
    change nothing. A score takes O(lines * neighbours + customers * variants).
    """

    name: ClassVar[str] = "item_item"
    settings: ItemItemSettings

    def __init__(self, settings: ItemItemSettings | None = None) -> None:
        self.settings = settings or ItemItemSettings()
        self._likeness: sparse.csr_matrix[np.float32] = sparse.csr_matrix(
            np.zeros((0, 0), dtype=np.float32)
        )
        self._popularity: NDArray[np.float32] = np.zeros(0, dtype=np.float32)  # (V,) in [0, 1]

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(ItemItemSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Weight the columns and keep each one's nearest."""
        recent = interactions.recent(self.settings.recency_days)  # (U, V)
        totals = np.asarray(recent.sum(axis=0)).ravel()
        places = np.flatnonzero(recent.getnnz(axis=0))  # (T,) what anybody took
        solver = ItemItemRecommender(K=self.settings.neighbours, num_threads=run.threads or 1)
        # what nobody took counts nowhere: a customer is no pickier for next season's catalogue
        solver.fit(self._weighted(recent[:, places]), show_progress=False)
        found = solver.similarity.tocoo()
        values = found.data.astype(np.float32)
        values[found.row == found.col] *= np.float32(self.settings.own_weight)
        self._likeness = sparse.csr_matrix(
            (values, (places[found.row], places[found.col])), shape=(len(totals), len(totals))
        )
        self._likeness.sort_indices()
        self._popularity = (totals / totals.max()).astype(np.float32)
        return self

    def _weighted(self, recent: sparse.csr_matrix[np.float32]) -> sparse.csr_matrix[np.float64]:
        """(U, T) the lines, weighted so that the product of two columns is their likeness."""
        rows = recent.tocoo()
        values = rows.data.astype(np.float64)
        if self.settings.likeness != "cosine":
            held = np.bincount(rows.row, minlength=rows.shape[0])
            rarity = np.log(rows.shape[1] / (1 + held))[rows.row]
            values = rarity * (np.sqrt(values) if self.settings.likeness == "tfidf" else values)
        if self.settings.likeness == "bm25":
            lengths = np.bincount(rows.col, rows.data)
            norm = 1 - self.settings.length_norm * (1 - lengths / lengths.mean())
            k1 = self.settings.saturation
            values *= (k1 + 1) / (k1 * norm[rows.col] + rows.data)
        else:
            lengths = np.sqrt(np.bincount(rows.col, values**2))
            values /= np.where(lengths > 0, lengths, 1)[rows.col]
        return sparse.csr_matrix((values, (rows.row, rows.col)), shape=rows.shape)

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """X S and a breath of popularity; what nobody ever took has 0 and comes last."""
        recent = histories.recent(self.settings.recency_days)
        scores: NDArray[np.float32] = (recent @ self._likeness).toarray()
        scores += TIE_BREAK * self._popularity
        return scores

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The recency of what the customer took times its likeness to the scored variant."""
        recent = history.recent(self.settings.recency_days)  # (1, V)
        likeness = self._likeness[recent.indices][:, variants].toarray()  # (n, M)
        shares: NDArray[np.float32] = likeness.T * recent.data
        return shares

    def similar(self, variant: int) -> NDArray[np.float32]:
        """The likeness itself; 0 for what is not among the nearest."""
        likeness: NDArray[np.float32] = self._likeness[[variant]].toarray()[0]
        likeness[variant] = -np.inf
        return likeness

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {
            "likeness": self._likeness.data,
            "columns": self._likeness.indices,
            "rows": self._likeness.indptr,
            "popularity": self._popularity,
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self._popularity = state["popularity"].astype(np.float32, copy=False)
        size = len(self._popularity)
        self._likeness = sparse.csr_matrix(
            (
                state["likeness"].astype(np.float32, copy=False),
                state["columns"].astype(np.int32, copy=False),
                state["rows"].astype(np.int64, copy=False),
            ),
            shape=(size, size),
        )
        return self
