"""Of what: a preference model's scores, read as shares of a customer's lines.

Scores fall into classes of like size, and each class has the share of lines that went there in
the horizon before, when the model knew only what lay before. So a score need mean nothing but an
order: what it is worth is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.demand.preferences.activity import alive
from recsys.interactions import Interactions
from recsys.model import Model

BATCH: Final = 1024
CLASSES: Final = 200
LOWEST, HIGHEST = np.float32(-2), np.float32(18)
"""Standardized scores from here to there fall into the classes; those beyond, into the ends."""

PRIOR_CELLS: Final = 100
"""Cells of average rate that each class is thought to hold beside its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A model fitted at one moment.

    Attributes:
        past: lines before the moment, over the variants that occur in them.
        place: (past variants,) their positions in the panel.
        model: fitted on them.
    """

    past: Interactions
    place: NDArray[np.intp]
    model: Model

    def classes(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int16]]]:
        """Customers that may order, in batches, and (B, V) the class of each variant's score."""
        who = alive(self.past)
        for start in range(0, len(who), BATCH):
            batch = who[start : start + BATCH]
            yield batch, _classes(self.model.score(self.past.take(batch)))


def class_shares(
    before: Scored, customer: NDArray[np.intp], variant: NDArray[np.intp]
) -> NDArray[np.float64]:
    """(CLASSES,) lines a cell in each class of scores, never falling as the score rises.

    Args:
        before: the model as it was a horizon ago.
        customer: (N,) positions of those who ordered since, among its customers.
        variant: (N,) what, among its variants.
    """
    cells, hits = np.zeros(CLASSES), np.zeros(CLASSES)
    for who, klass in before.classes():
        cells += np.bincount(klass.ravel(), minlength=CLASSES)
        row = np.searchsorted(who, customer)
        here = (row < len(who)) & (who[np.minimum(row, len(who) - 1)] == customer)
        hits += np.bincount(klass[row[here], variant[here]], minlength=CLASSES)
    base = hits.sum() / max(cells.sum(), 1.0)
    rate = (hits + base * PRIOR_CELLS) / (cells + PRIOR_CELLS)
    return np.maximum.accumulate(rate)


def shared_out(
    now: Scored, share: NDArray[np.float64], lines: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(V,) what customers' lines sum to by variant.

    Args:
        now: the model as it is.
        share: (CLASSES,) lines a cell of each class.
        lines: (U,) lines of each customer, or units of a variant of usual size.
    """
    total = np.zeros(now.past.shape[1])
    for who, klass in now.classes():
        wanted = share[klass]  # (B, V)
        wanted /= np.maximum(wanted.sum(axis=1, keepdims=True), 1e-12)
        total += lines[who] @ wanted
    return total


def _classes(scores: NDArray[np.float32]) -> NDArray[np.int16]:
    """(B, V) the class of each score, once each customer's have mean 0 and deviation 1."""
    scores = scores - scores.mean(axis=1, keepdims=True)
    spread = scores.std(axis=1, keepdims=True)
    scores /= np.where(spread > 0, spread, np.float32(1))
    scores -= LOWEST
    scores *= np.float32(CLASSES / (HIGHEST - LOWEST))
    return np.clip(scores, 0, CLASSES - 1).astype(np.int16)
