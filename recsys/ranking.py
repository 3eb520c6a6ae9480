"""Ranking: the best k variants of each customer, from scores and from what may be shown.

A list holds only variants that may be shown: never padding, a duplicate or a sentinel score. It
has k of them wherever k exist and fewer otherwise. Ties go to the smaller variant id.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import BadRequest, RecsysError
from recsys.interactions import Interactions
from recsys.model import Model

BATCH_CELLS = 4_000_000
"""Scores held at a time: 16 MB of float32, of which a processor's cache still holds most."""

_GROUPS_PER_PLACE = 8
"""Groups of variants for each place of a list; more let fewer candidates pass the floor."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Lists of several customers, one after the other.

    Attributes:
        offsets: (U + 1,) int64; customer u's list is offsets[u]:offsets[u + 1].
        variants: (M,) int32, positions of variants, best first within a list.
        scores: (M,) float32, their scores, finite, never rising within a list.
    """

    offsets: NDArray[np.int64]
    variants: NDArray[np.int32]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, customer: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """One customer's variants and their scores, best first."""
        here = slice(self.offsets[customer], self.offsets[customer + 1])
        return self.variants[here], self.scores[here]

    @property
    def customer(self) -> NDArray[np.int64]:
        """(M,) int64: the row that each entry belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @property
    def rank(self) -> NDArray[np.int64]:
        """(M,) int64: 1 for the best of its list, and so on."""
        return np.arange(len(self.variants)) - self.offsets[self.customer] + 1


def top(scores: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None = None) -> Ranked:
    """The best k allowed variants of each customer; O(V) a customer.

    >>> top(np.array([[0.5, 2.0, 0.5, 1.0]], dtype=np.float32), 3).variants
    array([1, 3, 0], dtype=int32)

    Args:
        scores: (U, V) float32, finite, the variants in ascending order of their ids.
        k: how many at most, 1 or more.
        allowed: (V,) or (U, V) bool; without it every variant may be shown.

    Raises:
        BadRequest: k is below 1.
        RecsysError: a score is NaN or infinite.
    """
    if k < 1:
        raise BadRequest(f"k is {k}.", where="k", fix="Ask for 1 or more recommendations.")
    if not np.isfinite(scores).all():
        raise RecsysError("A score is NaN or infinite.", fix="Train the model anew.")
    customers, variants = scores.shape
    shown = scores if allowed is None else np.where(allowed, scores, np.float32(-np.inf))
    good = shown > -np.inf
    if k < variants:
        good &= shown >= _floor(shown, k)
    cell = np.flatnonzero(good)  # by customer, then ascending id
    customer, variant = np.divmod(cell, variants)
    values = scores[customer, variant]
    starts = np.searchsorted(customer, np.arange(customers + 1))
    best = np.lexsort((-values, customer))  # stable, so ties stay in the order of their ids
    best = best[np.arange(len(cell)) - starts[customer] < k]
    offsets = np.concatenate(([0], np.cumsum(np.minimum(np.diff(starts), k))))
    return Ranked(offsets, variant[best].astype(np.int32), values[best])


def _floor(scores: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """(U, 1) float32: a score that at least k variants of the row reach, and few more than k.

    The k-th best of the peaks of groups of variants: k groups have a peak that high, each of
    them a variant. Two passes without a branch, several times faster than selecting among all.
    """
    customers, variants = scores.shape
    groups = max(_GROUPS_PER_PLACE * k, 64)
    depth = variants // groups
    if depth >= 2:
        scores = scores[:, : groups * depth].reshape(customers, depth, groups).max(axis=1)
    last = scores.shape[1] - k
    return np.partition(scores, last, axis=1)[:, last, None]


def rank(
    model: Model,
    histories: Interactions,
    k: int,
    *,
    exclude_seen: bool = False,
    allowed: NDArray[np.bool_] | None = None,
) -> Ranked:
    """The best k variants of each of many customers, scored in batches of bounded memory.

    Args:
        model: a fitted model.
        histories: the customers' lines.
        k: how many at most, 1 or more.
        exclude_seen: leave out what the customer has bought (viewing is not buying).
        allowed: (V,) bool, what may be shown at all; without it, every variant.
    """
    customers, variants = histories.shape
    size = max(1, BATCH_CELLS // max(variants, 1))
    parts = []
    for start in range(0, customers, size):
        batch = histories.take(np.arange(start, min(start + size, customers)))
        parts.append(
            top(model.score(batch), k, showable(batch, exclude_seen=exclude_seen, allowed=allowed))
        )
    return _joined(parts)


def showable(
    histories: Interactions, *, exclude_seen: bool, allowed: NDArray[np.bool_] | None
) -> NDArray[np.bool_] | None:
    """(U, V) or (V,) bool: what may be shown to each customer; None for all.

    Args:
        histories: the customers' lines.
        exclude_seen: leave out what the customer has bought.
        allowed: (V,) bool, what may be shown at all.
    """
    if not exclude_seen:
        return allowed
    variants = histories.shape[1]
    mask = np.tile(np.ones(variants, bool) if allowed is None else allowed, (histories.shape[0], 1))
    bought = histories.bought()
    mask[histories.customer[bought], histories.variant[bought]] = False
    return mask


def _joined(parts: list[Ranked]) -> Ranked:
    if not parts:
        return Ranked(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
    sizes = np.concatenate([np.diff(part.offsets) for part in parts])
    return Ranked(
        np.concatenate(([0], np.cumsum(sizes))),
        np.concatenate([part.variants for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )
