"""UP-CF: what the customers with the same taste took in their last baskets.

Guglielmo Faggioli, Mirko Polato, Fabio Aiolli, "Recency Aware Collaborative Filtering for Next
Basket Recommendation", UMAP 2020. A customer's popularity of a variant is its share of their last
r baskets, one a day. Customers u and n are as alike as |u and n| / (|u|^alpha |n|^(1 - alpha)), the
asymmetric cosine of the sets they took; the score is the sum of the nearest customers'
popularities, each weighted by likeness^q.

In the paper a customer is the nearest to themselves. Here the history's own popularity has a weight
of its own, for a history need not be one of the fitted; where it is, that row counts as any
neighbour's. And an event, which says less than an order line, is also less of a basket
(`recsys.baskets`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveInt
from scipy import sparse

from recsys.baskets import PARTS, baskets_of
from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings
from recsys.neighbours import Neighbours, likeness_of_columns

TIE_BREAK: Final = np.float32(1e-6)
"""Most that popularity adds to a score: it orders the variants that no neighbour reaches."""


class UpCfSettings(Settings):
    """Hyperparameters of UP-CF."""

    recent_baskets: Annotated[PositiveInt, Search(1, 100)] = 8
    """r, the last baskets that popularity looks at."""

    asymmetry: Annotated[float, Field(ge=0, le=1), Search(0, 1, log=False)] = 0.3
    """alpha: 0 likes neighbours who took little else, 1 any who took the same."""

    locality: Annotated[NonNegativeFloat, Search(0.5, 20)] = 2.0
    """q, exponent of the likeness: the more, the less far neighbours are heard."""

    neighbours: Annotated[PositiveInt, Search(20, 1000)] = 200
    """k, the nearest customers that are heard."""

    own_weight: Annotated[NonNegativeFloat, Search(0.1, 20)] = 4.0
    """What the history's own popularity counts, beside neighbours of likeness^q at most 1."""


class UpCf(Model):
    """Score: the history's own recent popularity and the neighbours', by likeness.

    A fit takes O(lines * log lines). A score takes, a customer, the lines of all who share a
    variant with them and those of their neighbours.
    """

    name: ClassVar[str] = "up_cf"
    settings: UpCfSettings

    def __init__(self, settings: UpCfSettings | None = None) -> None:
        self.settings = settings or UpCfSettings()
        nobody = sparse.csr_matrix(np.zeros((0, 0), dtype=np.float32))
        self._take_up(nobody, nobody)

    def _take_up(
        self, sets: sparse.csr_matrix[np.float32], shares: sparse.csr_matrix[np.float32]
    ) -> None:
        """Make neighbours of (U, V) sets and popularities."""
        self._sets, self._shares = sets, shares
        self._popularity = np.asarray(sets.sum(axis=0), dtype=np.float32).ravel()
        self._popularity /= max(self._popularity.max(initial=0), np.finfo(np.float32).tiny)
        self._neighbours = Neighbours(
            tastes=_scaled(sets, 1 - self.settings.asymmetry).T.tocsr(),
            offers=shares,
            count=self.settings.neighbours,
            locality=self.settings.locality,
            mean=False,
        )

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(UpCfSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Keep everybody's set and recent popularities."""
        self._take_up(*self._profiles(interactions))
        return self

    def _profiles(
        self, lines: Interactions
    ) -> tuple[sparse.csr_matrix[np.float32], sparse.csr_matrix[np.float32]]:
        """(U, V) what each customer took, 1 or an event's weight, and its recent popularity.

        Both have the same cells, so that a set's variant that was not taken lately has a 0.
        """
        baskets = baskets_of(lines)
        window = self.settings.recent_baskets * PARTS
        looked_at = np.clip(baskets.total, PARTS, window)[baskets.customer] / PARTS
        shares = np.where(baskets.since < window, baskets.weight / looked_at, 0)
        cell = baskets.customer.astype(np.int64) * lines.shape[1] + baskets.variant
        cells, which = np.unique(cell, return_inverse=True)
        weights = np.zeros(len(cells), dtype=np.float32)
        np.maximum.at(weights, which, baskets.weight)
        recent = np.bincount(which, shares, minlength=len(cells)).astype(np.float32)
        places = np.divmod(cells, lines.shape[1])
        return (
            sparse.csr_matrix((weights, places), shape=lines.shape),
            sparse.csr_matrix((recent, places), shape=lines.shape),
        )

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """See the class; what nobody took, and the history does not hold, has 0 and comes last."""
        sets, shares = self._profiles(histories)
        scores = self._neighbours.score(_scaled(sets, self.settings.asymmetry))
        scores += TIE_BREAK * self._popularity
        row = np.repeat(np.arange(shares.shape[0]), np.diff(shares.indptr))
        scores[row, shares.indices] += np.float32(self.settings.own_weight) * shares.data
        return scores

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The history's own popularity, and the neighbours' by what made each of them one.

        They add up to the score, though another history would have other neighbours.
        """
        sets, shares = self._profiles(history)
        parts = self._neighbours.contributions(_scaled(sets, self.settings.asymmetry), variants)
        own = np.float32(self.settings.own_weight) * shares.data
        parts += np.where(variants[:, None] == shares.indices, own, np.float32(0))
        return parts

    def similar(self, variant: int) -> NDArray[np.float32]:
        """Cosine of the variants' columns: the customers who took both."""
        return likeness_of_columns(self._sets, variant)

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {
            "sets": self._sets.data,
            "shares": self._shares.data,
            "columns": self._sets.indices,
            "rows": self._sets.indptr,
            "size": np.array(self._sets.shape),
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        customers, variants = (int(size) for size in state["size"])
        columns, rows = (
            state["columns"].astype(np.int32, copy=False),
            state["rows"].astype(np.int64, copy=False),
        )
        sets, shares = (
            sparse.csr_matrix(
                (state[name].astype(np.float32), columns, rows), shape=(customers, variants)
            )
            for name in ("sets", "shares")
        )
        self._take_up(sets, shares)
        return self


def _scaled(sets: sparse.csr_matrix[np.float32], power: float) -> sparse.csr_matrix[np.float32]:
    """Each row over its size to a power; an empty row stays empty.

    The size is the sum of the row: no two rows share more than the lesser of theirs, so that a
    likeness is at most 1, of those who only viewed something too.
    """
    row = np.repeat(np.arange(sets.shape[0]), np.diff(sets.indptr))
    sizes = np.bincount(row, sets.data, minlength=sets.shape[0])
    scaled = sets.copy()
    scaled.data = (sets.data / sizes[row] ** power).astype(np.float32)
    return scaled
