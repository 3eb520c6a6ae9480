"""Features: what the second stage knows of each candidate, in the order of `NAMES`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.attributes import encode
from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Run, headed
from recsys.models.blend import Blend
from recsys.second_stage import habits, signals, trends
from recsys.second_stage.candidates import candidates
from recsys.second_stage.signals import Signals

TASTE_DAYS: Final = 90.0
"""e-folding time of a line in a customer's taste of attributes and styles."""

DENSE_ROWS: Final = 64
"""Tastes that are made dense at a time: a few megabytes."""

NAMES: Final = (
    *(f"{name}_score" for name in signals.NAMES),
    *(f"{name}_standing" for name in signals.NAMES),
    "blend_rank",
    *habits.PAIR_NAMES,
    *habits.CUSTOMER_NAMES,
    *trends.NAMES,
    "attributes",
    "style_recency",
    "price_beyond",
    "popularity_beyond",
    "units_beyond",
)  # fmt: skip

_LAST_UNITS: Final = habits.PAIR_NAMES.index("last_units")
_USUAL_UNITS: Final = trends.NAMES.index("log_units_usual")


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidates with their features.

    Attributes:
        row: (M,) int64, whose, ascending.
        variant: (M,) int64, which, ascending within a row.
        features: (M, F) float32, F = len(`NAMES`); NaN where a feature has no value.
    """

    row: NDArray[np.int64]
    variant: NDArray[np.int64]
    features: NDArray[np.float32]


class Features:
    """All that was learned from the lines before one moment, ready to describe candidates."""

    def __init__(self, blend: Blend, horizon: int) -> None:
        self.signals = Signals(blend)
        self._horizon = horizon
        self._trends = np.zeros((0, len(trends.NAMES)), dtype=np.float32)  # (V, T)
        self._likeness: sparse.csr_matrix[np.float32] = sparse.csr_matrix(
            np.zeros((0, 0), dtype=np.float32)
        )
        self._style = np.zeros(0, dtype=np.int64)  # (V,) number of each variant's style
        self._known = np.zeros(0, dtype=bool)  # (V,) anybody took it

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:
        """Fit the signals, and take stock of variants."""
        self.signals.fit(interactions, catalogue, run)
        self._trends = trends.trends_of(interactions, catalogue, self._horizon)
        self._known = np.bincount(interactions.variant, minlength=interactions.shape[1]) > 0
        self._likeness = _occurring(encode(catalogue, known=self._known))
        self._style = np.unique(catalogue.styles, return_inverse=True)[1]
        return self

    def describe(
        self, histories: Interactions, scores: Mapping[str, NDArray[np.float32]]
    ) -> Candidates:
        """The candidates of each customer and their features; of one customer as in any batch.

        Args:
            histories: the customers' lines.
            scores: what `signals.score` says of them.
        """
        row, variant = candidates(histories, scores, self._known)
        told = {name: each[row, variant] for name, each in scores.items()}
        told["als"] = self.signals.of_pairs(histories, row, variant)
        ordered = [told[name] for name in signals.NAMES]
        start = np.searchsorted(row, np.arange(histories.shape[0]))
        trend = self._trends[variant]
        own = habits.habits_of(histories)
        before = own.of_pairs(row * histories.shape[1] + variant)
        columns = [
            *ordered,
            *(_standing(each, row, start) for each in ordered),
            _rank(told["blend"], row),
            before,
            own.customer[row],
            trend,
            *self._tastes(histories, row, variant),
            *self._beyond(histories, row, trend),
            before[:, _LAST_UNITS] - trend[:, _USUAL_UNITS],
        ]
        return Candidates(row, variant, np.column_stack(columns).astype(np.float32))

    def _tastes(
        self, histories: Interactions, row: NDArray[np.int64], variant: NDArray[np.int64]
    ) -> list[NDArray[np.float32]]:
        """Likeness of attributes to what was bought, and recency of the style's other variants."""
        recent = histories.recent(TASTE_DAYS)  # (U, V)
        taste = (recent @ self._likeness).tocsr()  # (U, A)
        alike = _of_pairs(taste, self._likeness, row, variant)
        total = np.bincount(histories.customer, histories.recency(TASTE_DAYS), histories.shape[0])
        total = np.maximum(total, 1e-6).astype(np.float32)  # (U,)
        own = _cells(recent, row, variant)
        styles = int(self._style.max(initial=-1)) + 1
        by_style = sparse.csr_matrix(
            (recent.data, self._style[recent.indices], recent.indptr),
            shape=(histories.shape[0], styles),
        )
        by_style.sum_duplicates()
        others = _cells(by_style, row, self._style[variant])
        return [(alike - own) / total[row], others - own]

    def _beyond(
        self, histories: Interactions, row: NDArray[np.int64], trend: NDArray[np.float32]
    ) -> list[NDArray[np.float32]]:
        """How far price and popularity lie above the mean of what the customer takes."""
        lines = np.maximum(np.bincount(histories.customer, minlength=histories.shape[0]), 1)
        found = []
        for name in ("log_price", "popularity_30"):
            values = self._trends[:, trends.NAMES.index(name)]
            usual = np.bincount(
                histories.customer,
                np.nan_to_num(values[histories.variant]),
                minlength=histories.shape[0],
            )
            mean = (usual / lines).astype(np.float32)
            found.append(trend[:, trends.NAMES.index(name)] - mean[row])
        return found

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All that was learned, as arrays."""
        return {
            "trends": self._trends,
            "likeness": self._likeness.data,
            "likeness_columns": self._likeness.indices,
            "likeness_rows": self._likeness.indptr,
            "likeness_width": np.array([self._likeness.shape[1]]),
            "style": self._style,
            "known": self._known,
            **{f"signals.{name}": array for name, array in self.signals.state().items()},
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Take up the state of `state`."""
        self._trends = state["trends"].astype(np.float32)
        self._known = state["known"].astype(bool)
        self._style = state["style"].astype(np.int64)
        self._likeness = sparse.csr_matrix(
            (
                state["likeness"].astype(np.float32),
                state["likeness_columns"].astype(np.int32),
                state["likeness_rows"].astype(np.int32),
            ),
            shape=(len(self._known), int(state["likeness_width"].astype(int)[0])),
        )
        self.signals.restore(headed(state, "signals."))
        return self


def _occurring(matrix: sparse.csr_matrix[np.float32]) -> sparse.csr_matrix[np.float32]:
    """The columns with a value: of the many that names are hashed to, few occur."""
    columns, place = np.unique(matrix.indices, return_inverse=True)
    shape = (matrix.shape[0], max(1, len(columns)))
    return sparse.csr_matrix((matrix.data, place.astype(np.int32), matrix.indptr), shape=shape)


def _of_pairs(
    left: sparse.csr_matrix[np.float32],
    right: sparse.csr_matrix[np.float32],
    row: NDArray[np.int64],
    variant: NDArray[np.int64],
) -> NDArray[np.float32]:
    """(M,) product of a row of `left` and one of `right`, summed as the latter's columns come."""
    found = [np.zeros(0, dtype=np.float32)]
    for start in range(0, left.shape[0], DENSE_ROWS):
        dense = left[start : start + DENSE_ROWS].toarray()
        here = slice(*np.searchsorted(row, [start, start + DENSE_ROWS]))
        chosen = right[variant[here]]
        pair = np.repeat(np.arange(chosen.shape[0]), np.diff(chosen.indptr))
        products = chosen.data * dense[row[here][pair] - start, chosen.indices]
        found.append(np.bincount(pair, products, minlength=chosen.shape[0]).astype(np.float32))
    return np.concatenate(found)


def _cells(
    matrix: sparse.csr_matrix[np.float32], row: NDArray[np.int64], column: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(M,) some cells of a matrix; SciPy gives no array where none is asked for."""
    if not len(row):
        return np.zeros(0, dtype=np.float32)
    return np.asarray(matrix[row, column], dtype=np.float32).ravel()


def _standing(
    score: NDArray[np.float32], row: NDArray[np.int64], start: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(M,) standardised score among the customer's candidates."""
    if not len(score):
        return score
    filled = start[np.diff(np.append(start, len(row))) > 0]  # rows with candidates
    counts = np.diff(np.append(filled, len(row)))
    wide = score.astype(np.float64)
    mean = np.repeat(np.add.reduceat(wide, filled) / counts, counts)
    spread = np.repeat(np.sqrt(np.add.reduceat((wide - mean) ** 2, filled) / counts), counts)
    standing: NDArray[np.float32] = ((wide - mean) / np.maximum(spread, 1e-9)).astype(np.float32)
    return standing


def _rank(score: NDArray[np.float32], group: NDArray[np.int64]) -> NDArray[np.float32]:
    """(M,) log of the place by score within the group, 0 for the first; ties by position."""
    order = np.lexsort((-score, group))
    _, inverse, counts = np.unique(group, return_inverse=True, return_counts=True)
    place = np.empty(len(group), dtype=np.float32)
    place[order] = np.arange(len(group)) - (np.cumsum(counts) - counts)[inverse[order]]
    return np.log1p(place)
