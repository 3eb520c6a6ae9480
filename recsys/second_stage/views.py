"""Views: what a graph of customers and variants says of a candidate in several ways at once.

Where no times are known, these are what the second stage goes by: the same history through filters
of other cutoffs, through the paths of one hop under other weights, through the customers most alike
(neighbours, Sarwar et al., EC 2000), and by how near the candidate lies to the nearest few of the
variants held. Each is told relative to the customer's other candidates, so that a part of the lines
and all of them speak one language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Run
from recsys.models.chebyshev import Chebyshev
from recsys.spectrum import power_of, scaled

STEPS: Final = ((0.03, 4.0), (0.05, 6.0), (0.2, 6.0), (0.4, 6.0))
"""(cutoff, steepness) of the first stage's other filters."""

HOPS: Final = ((0.5, 0.5), (0.0, 0.5), (1.0, 0.3))
"""(customer, variant) exponents of the paths over one customer."""

NEIGHBOURS: Final = ((0.0, 30), (0.0, 200), (0.3, 100))
"""(variant exponent, how many) of the customers most alike."""

NEAREST: Final = (1, 3, 10)
"""Of so many nearest variants held, the mean likeness."""

SIGNALS: Final = (
    "filter",
    *(f"filter_{cutoff}" for cutoff, _ in STEPS),
    *(f"hop_{customer}_{variant}" for customer, variant in HOPS),
    *(f"neighbours_{count}" for _, count in NEIGHBOURS),
    *(f"nearest_{count}" for count in NEAREST),
    "reached",
)
"""What is told relative to the customer's other candidates."""

NAMES: Final = (*SIGNALS, "rank", "popularity", "popularity_beyond", "held", "popularity_held")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The first stage's best candidates of each customer.

    Attributes:
        variant: (U, K) int64, best first; where there are fewer than K, any variant.
        valid: (U, K) bool, whether there is such a candidate.
    """

    variant: NDArray[np.int64]
    valid: NDArray[np.bool_]


def chosen_of(
    histories: Interactions, scores: NDArray[np.float32], known: NDArray[np.bool_], count: int
) -> Chosen:
    """The best variants that somebody took and the customer never bought; ties by id.

    Args:
        histories: the customers' lines.
        scores: (U, V) of the first stage.
        known: (V,) the variants that anybody took.
        count: how many at most.
    """
    most = min(count, int(known.sum()))
    open_ = np.where(known, scores, -np.inf)
    bought = histories.bought()
    open_[histories.customer[bought], histories.variant[bought]] = -np.inf
    variant = np.zeros((len(scores), most), dtype=np.int64)
    for row, values in enumerate(open_):
        floor = np.partition(values, len(values) - most)[len(values) - most]
        best = np.flatnonzero(values >= floor)
        variant[row] = best[np.argsort(-values[best], kind="stable")[:most]]
    return Chosen(variant, np.take_along_axis(open_, variant, 1) > -np.inf)


class Views:
    """All that was learned from some lines, ready to describe candidates of a Chebyshev filter."""

    def __init__(self, first: Chebyshev) -> None:
        self.first = first
        self._hold(sparse.csr_matrix(np.zeros((0, 0), dtype=np.float32)))

    def _hold(self, rows: sparse.csr_matrix[np.float32]) -> None:
        """Keep who took what, scaled in the ways of the views."""
        self._rows = rows  # (U, V)
        self._columns: sparse.csr_matrix[np.float32] = rows.T.tocsr()  # (V, U)
        self._popularity = np.asarray(rows.sum(axis=0), dtype=np.float32).ravel()
        hops = [scaled(rows, customer, variant) for customer, variant in HOPS]
        self._hops = [(hop, hop.T.tocsr()) for hop in hops]
        self._people = {exponent: scaled(rows, 0.5, exponent) for exponent, _ in NEIGHBOURS}
        self._likeness: sparse.csr_matrix[np.float32] = scaled(rows, 0.3, 0.5).T.tocsr()

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:
        """Fit the first stage, and keep the lines."""
        self.first.fit(interactions, catalogue, run)
        self._hold(interactions.recent(self.first.settings.recency_days))
        return self

    def describe(
        self, histories: Interactions, filtered: NDArray[np.float32], chosen: Chosen
    ) -> NDArray[np.float32]:
        """(U, K, F) float32, F = len(`NAMES`), of each customer's candidates.

        Args:
            histories: the customers' lines.
            filtered: (1 + len(`STEPS`), U, V) what the filters say, the first stage's first.
            chosen: the candidates.
        """
        recent = histories.recent(self.first.settings.recency_days)  # (U, V)
        signal = recent.toarray().T.copy()  # (V, U)
        full = [*filtered, *((back @ (hop @ signal)).T for hop, back in self._hops)]  # (U, V) each
        for exponent, count in NEIGHBOURS:
            weighed = signal * power_of(self._popularity, -exponent)[:, None]
            full.append((self._columns @ _largest(self._people[exponent] @ weighed, count)).T)
        told = [np.take_along_axis(each, chosen.variant, 1) for each in full]
        values = np.stack([*told, *self._near(recent, chosen.variant)], axis=2)
        standing = self._standing(recent, chosen.variant)
        return np.concatenate((_relative(values, chosen.valid), standing), axis=2)

    def _near(
        self, recent: sparse.csr_matrix[np.float32], chosen: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """(len(`NEAREST`) + 1, U, K) mean likeness to the nearest few held; share that is alike."""
        found = np.zeros((len(NEAREST) + 1, *chosen.shape), dtype=np.float32)
        for row, candidates in enumerate(chosen):
            held = recent.indices[recent.indptr[row] : recent.indptr[row + 1]]
            if not len(held):
                continue
            alike = (self._likeness[candidates] @ self._likeness[held].T).toarray()  # (K, n)
            ordered = -np.sort(-alike, axis=1)
            for place, count in enumerate(NEAREST):
                found[place, row] = ordered[:, :count].mean(axis=1)
            found[-1, row] = (alike > 0).mean(axis=1)
        return found

    def _standing(
        self, recent: sparse.csr_matrix[np.float32], chosen: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """(U, K, 5) the features that are no signals."""
        size = np.diff(recent.indptr).astype(np.float32)
        popularity = np.log1p(self._popularity)
        summed = np.add.reduceat(
            np.append(popularity[recent.indices], np.float32(0)), recent.indptr[:-1]
        )
        usual = np.where(size > 0, summed / np.maximum(size, 1), 0)[:, None]
        columns = np.broadcast_arrays(
            np.arange(chosen.shape[1])[None],
            popularity[chosen],
            popularity[chosen] - usual,
            np.log1p(size)[:, None],
            usual,
        )
        return np.stack(columns, axis=2).astype(np.float32)

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """The lines; the first stage is kept by who owns it."""
        return {
            "values": self._rows.data,
            "columns": self._rows.indices,
            "rows": self._rows.indptr,
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Take up a state, when `first` has been restored."""
        places = (state["columns"].astype(np.int32), state["rows"].astype(np.int32))
        shape = (len(state["rows"]) - 1, len(self.first.known))
        parts = (state["values"].astype(np.float32), *places)
        self._hold(sparse.csr_matrix(parts, shape=shape))
        return self


def _largest(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """(N, U) each column's largest `count` and what ties with the last of them; others are 0."""
    if count >= len(values):
        return values
    floor = np.partition(values, len(values) - count, axis=0)[len(values) - count]
    return np.where(values >= floor, values, np.float32(0))


def _relative(values: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(U, K, S) each signal less its mean over the customer's candidates, by their spread."""
    count = np.maximum(valid.sum(axis=1), 1)[:, None, None]
    used = valid[:, :, None]
    centred = values - np.where(used, values, 0).sum(axis=1, keepdims=True) / count
    squares = np.where(used, centred, 0) ** 2
    spread = np.sqrt(squares.sum(axis=1, keepdims=True) / count)
    level = np.abs(np.where(used, values, 0)).max(axis=1, keepdims=True, initial=0)
    relative: NDArray[np.float32] = centred / np.maximum(spread, 1e-5 * level + 1e-12)
    return relative.astype(np.float32)
