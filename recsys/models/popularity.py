"""Recent popularity: what everybody takes, or everybody of a region, the newer the more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat
from scipy import sparse

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings


class PopularitySettings(Settings):
    """Hyperparameters of recent popularity."""

    recency_days: Annotated[PositiveFloat, Search(2, 1000)] = 30.0
    """e-folding time of a line's weight, in days."""

    region_prior: PositiveFloat = 200.0
    """A: recent lines of a region that its own shares need, to count as much as the whole's."""


class Popularity(Model):
    """Score of a variant: its recent lines, the same for every customer of a region.

    With n_v the sum over all lines of exp(-age / recency_days), N their total, p_v = n_v / N, and
    n_rv, N_r the same over the lines of a region's customers, a customer of that region has
    N (n_rv + A p_v) / (N_r + A): the lines that the whole would have, had it the region's shares,
    these shrunk towards the whole's (the posterior mean of a Dirichlet prior A p). Where the region
    is not known, or nobody bought there, the score is n_v.

    Lines are counted, not units, so that one wholesale order does not outweigh a hundred shops.
    """

    name: ClassVar[str] = "popularity"
    settings: PopularitySettings

    def __init__(self, settings: PopularitySettings | None = None) -> None:
        self.settings = settings or PopularitySettings()
        self._popularity: NDArray[np.float32] = np.zeros(0, dtype=np.float32)  # (V,)
        self._regions: NDArray[np.object_] = np.zeros(0, dtype=object)  # (R,) ascending
        self._regional = _no_regions(0)  # (R, V) decayed lines of each region

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(PopularitySettings.model_validate(settings or {}))

    @property
    def popularity(self) -> NDArray[np.float32]:
        """(V,) float32: decayed number of lines of each variant."""
        return self._popularity

    @property
    def regions(self) -> list[str]:
        """The regions that lines of the fit were bought in, ascending."""
        return [str(name) for name in self._regions]

    def knows(self, region: str) -> bool:
        """Whether any line of the fit was bought in the region."""
        return self._place(region) is not None

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Count decayed lines, of all and by region; O(lines)."""
        recency = interactions.recency(self.settings.recency_days)
        variants = interactions.shape[1]
        self._popularity = np.bincount(
            interactions.variant, weights=recency, minlength=variants
        ).astype(np.float32)
        names, place = np.unique(interactions.regions, return_inverse=True)
        known = (names != "")[place[interactions.customer]]  # (N,) lines of a known region
        region = place[interactions.customer][known] - int("" in names)
        self._regions = names[names != ""]
        self._regional = sparse.csr_matrix(
            (recency[known], (region, interactions.variant[known])),
            shape=(len(self._regions), variants),
        )
        return self

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """The popularity of each customer's region."""
        scores = np.tile(self._popularity, (histories.shape[0], 1))
        for region in set(histories.regions.tolist()):
            place = self._place(region)
            if place is not None:
                scores[histories.regions == region] = self._shrunk(place)
        return scores

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """Zero: no line of the customer's own carries popularity."""
        return np.zeros((len(variants), len(history.held())), dtype=np.float32)

    def similar(self, variant: int) -> NDArray[np.float32]:
        """All others alike: popularity knows no likeness."""
        likeness = np.zeros_like(self._popularity)
        likeness[variant] = -np.inf
        return likeness

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`; the regions' names are UTF-8, one after the other."""
        names = [str(name).encode() for name in self._regions]
        return {
            "popularity": self._popularity,
            "region_lines": self._regional.data,
            "region_variants": self._regional.indices.astype(np.int32),
            "region_starts": self._regional.indptr.astype(np.int64),
            "region_names": np.frombuffer(b"".join(names), dtype=np.uint8),
            "region_name_sizes": np.array([len(name) for name in names], dtype=np.int64),
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`; a state of before there were regions has none."""
        self._popularity = state["popularity"].astype(np.float32, copy=False)
        variants = len(self._popularity)
        if "region_starts" not in state:
            self._regions = np.zeros(0, dtype=object)
            self._regional = _no_regions(variants)
            return self
        text = state["region_names"].astype(np.uint8, copy=False).tobytes()
        stops = np.cumsum(state["region_name_sizes"].astype(np.int64, copy=False)).tolist()
        starts = [0, *stops[:-1]]
        names = [text[start:stop].decode() for start, stop in zip(starts, stops, strict=False)]
        self._regions = np.array(names, dtype=object)
        self._regional = sparse.csr_matrix(
            (
                state["region_lines"].astype(np.float32, copy=False),
                state["region_variants"].astype(np.int32, copy=False),
                state["region_starts"].astype(np.int64, copy=False),
            ),
            shape=(len(names), variants),
        )
        return self

    def _place(self, region: str) -> int | None:
        """Where the region stands; None where nobody bought there."""
        found = int(np.searchsorted(self._regions, region))
        known = found < len(self._regions) and self._regions[found] == region
        return found if known else None

    def _shrunk(self, place: int) -> NDArray[np.float32]:
        """(V,) float32: one region's score, see the class."""
        here = slice(self._regional.indptr[place], self._regional.indptr[place + 1])
        lines, prior = self._regional.data[here], np.float32(self.settings.region_prior)
        scores: NDArray[np.float32] = prior * self._popularity
        scores[self._regional.indices[here]] += self._popularity.sum() * lines
        scores /= lines.sum() + prior
        return scores


def _no_regions(variants: int) -> sparse.csr_matrix[np.float32]:
    none = np.zeros(0, dtype=np.int32)
    return sparse.csr_matrix((none.astype(np.float32), (none, none)), shape=(0, variants))
