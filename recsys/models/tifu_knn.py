"""TIFU-KNN: how often and how lately a customer took what, and the same of their neighbours.

Haoji Hu et al., "Modeling Personalized Item Frequency Information for Next-basket Recommendation",
SIGIR 2020. A customer's baskets, one a day, are cut into groups of m from the last backwards; a
basket counts r_b for each later one of its group, and a group r_g for each later group. The score
is alpha times the customer's own such frequencies and 1 - alpha times the mean of the nearest
customers'.

Three things are otherwise than in the paper. Neighbours are found by cosine and weigh by it, where
the paper takes Euclidean distance, by which one who took little is near everybody. A group that
the history's beginning cuts short counts no more for it. And an event, which says less than an
order line, is also less of a basket (`recsys.baskets`).
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

Share = Annotated[float, Field(ge=0, le=1), Search(0.05, 1, log=False)]
Decay = Annotated[float, Field(gt=0, le=1), Search(0.3, 1, log=False)]


class TifuKnnSettings(Settings):
    """Hyperparameters of TIFU-KNN."""

    group_size: Annotated[PositiveInt, Search(1, 20)] = 7
    """m, baskets of a group."""

    within_decay: Decay = 0.9
    """r_b, what a basket counts for each later one of its group."""

    group_decay: Decay = 0.85
    """r_g, what a group counts for each later one."""

    own_share: Share = 0.5
    """alpha, the share of the customer's own frequencies; the rest is the neighbours'."""

    neighbours: Annotated[PositiveInt, Search(20, 1000)] = 100
    """k, the nearest customers that are heard."""

    locality: Annotated[NonNegativeFloat, Search(0.5, 8)] = 1.0
    """Exponent of a neighbour's likeness; 0 weighs all of them alike, as the paper does."""


class TifuKnn(Model):
    """Score: the customer's own decayed frequencies and the mean of their neighbours'.

    A fit takes O(lines * log lines). A score takes, a customer, the lines of all who share a
    variant with them and those of their neighbours.
    """

    name: ClassVar[str] = "tifu_knn"
    settings: TifuKnnSettings

    def __init__(self, settings: TifuKnnSettings | None = None) -> None:
        self.settings = settings or TifuKnnSettings()
        nobody = sparse.csr_matrix(np.zeros((0, 0), dtype=np.float32))
        self._take_up(nobody, np.zeros(0, dtype=np.float32))

    def _take_up(
        self, frequencies: sparse.csr_matrix[np.float32], popularity: NDArray[np.float32]
    ) -> None:
        """Make neighbours of (U, V) frequencies."""
        self._frequencies, self._popularity = frequencies, popularity
        self._neighbours = Neighbours(
            tastes=_directions(frequencies).T.tocsr(),
            offers=frequencies,
            count=self.settings.neighbours,
            locality=self.settings.locality,
            mean=True,
        )

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(TifuKnnSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Keep everybody's frequencies."""
        taken = np.bincount(
            interactions.variant, interactions.weight, minlength=interactions.shape[1]
        )
        self._take_up(self._frequency(interactions), (taken / taken.max()).astype(np.float32))
        return self

    def _frequency(self, lines: Interactions) -> sparse.csr_matrix[np.float32]:
        """(U, V) equations 1 to 3 of the paper, without the group that is cut short."""
        baskets = baskets_of(lines)
        group, within = np.divmod(baskets.since, self.settings.group_size * PARTS)
        total = np.maximum(baskets.total[baskets.customer], PARTS) / PARTS
        groups = np.ceil(total / self.settings.group_size)
        decayed = (
            baskets.weight
            * self.settings.within_decay ** (within / PARTS)
            * self.settings.group_decay**group
            / (groups * np.minimum(total, self.settings.group_size))
        ).astype(np.float32)
        found = sparse.csr_matrix((decayed, (baskets.customer, baskets.variant)), shape=lines.shape)
        found.sum_duplicates()
        return found

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """See the class; what nobody took, and the history does not hold, has 0 and comes last."""
        own = self._frequency(histories)
        share = np.float32(self.settings.own_share)
        scores = (1 - share) * self._neighbours.score(_directions(own))
        scores += TIE_BREAK * self._popularity
        row = np.repeat(np.arange(own.shape[0]), np.diff(own.indptr))
        scores[row, own.indices] += share * own.data
        return scores

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The customer's own frequency, and the neighbours' by what made each of them one.

        They add up to the score, though another history would have other neighbours.
        """
        own = self._frequency(history)
        share = np.float32(self.settings.own_share)
        parts = (1 - share) * self._neighbours.contributions(_directions(own), variants)
        parts += np.where(variants[:, None] == own.indices, share * own.data, np.float32(0))
        return parts

    def similar(self, variant: int) -> NDArray[np.float32]:
        """Cosine of the variants' columns of frequencies."""
        return likeness_of_columns(self._frequencies, variant)

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {
            "frequencies": self._frequencies.data,
            "columns": self._frequencies.indices,
            "rows": self._frequencies.indptr,
            "popularity": self._popularity,
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        popularity = state["popularity"].astype(np.float32, copy=False)
        frequencies = sparse.csr_matrix(
            (
                state["frequencies"].astype(np.float32, copy=False),
                state["columns"].astype(np.int32, copy=False),
                state["rows"].astype(np.int64, copy=False),
            ),
            shape=(len(state["rows"]) - 1, len(popularity)),
        )
        self._take_up(frequencies, popularity)
        return self


def _directions(rows: sparse.csr_matrix[np.float32]) -> sparse.csr_matrix[np.float32]:
    """The rows at length 1; an empty row stays empty."""
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    lengths = np.sqrt(np.bincount(row, rows.data.astype(np.float64) ** 2, minlength=rows.shape[0]))
    turned = rows.copy()
    turned.data = (rows.data / lengths[row]).astype(np.float32)
    return turned
