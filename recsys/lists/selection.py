"""Selection: at most so many variants of a style in a list, and k of them wherever k exist."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.errors import BadRequest, RecsysError
from recsys.lists.codes import Groups
from recsys.ranking import Ranked, top


def select(
    scores: NDArray[np.float32],
    k: int,
    shown: NDArray[np.bool_] | None,
    groups: Groups,
    per_style: int | None,
) -> Ranked:
    """The best k variants of each customer, of which at most `per_style` of one style.

    Going down the ranking by score, ties by id, a variant is left out where its style has had its
    places. O(V) a customer, and O(n log n) in the n variants of the styles that are taken.

    Args:
        scores: (U, V) float32, finite.
        k: how many at most, 1 or more.
        shown: (V,) or (U, V) bool, what may be shown; None for all.
        groups: the variants' styles.
        per_style: how many of a style at most, 1 or more; None for any number.

    Raises:
        BadRequest: k is below 1.
        RecsysError: a score is NaN or infinite.
    """
    if per_style is None or per_style >= k or groups.single:
        return top(scores, k, shown)
    if k < 1:
        raise BadRequest(f"k is {k}.", where="k", fix="Ask for 1 or more recommendations.")
    if not np.isfinite(scores).all():
        raise RecsysError("A score is NaN or infinite.", fix="Train the model anew.")
    masked = scores if shown is None else np.where(shown, scores, np.float32(-np.inf))  # (U, V)
    peaks = _peaks(masked, groups)  # (U, S)
    good = masked > -np.inf
    if k < peaks.shape[1]:
        # The k best styles have a variant each at or above the floor: so k places are at or above.
        floor = np.partition(peaks, peaks.shape[1] - k, axis=1)[:, -k, None]  # (U, 1)
        good &= masked >= floor
    customer, variant = np.divmod(np.flatnonzero(good), scores.shape[1])
    values = scores[customer, variant]
    best = np.lexsort((-values, customer))  # stable, so ties stay in the order of their ids
    customer, variant, values = customer[best], variant[best], values[best]
    pair = customer * len(groups.sizes) + groups.styles.codes[variant]
    kept = np.flatnonzero(_turn(pair) < per_style)
    customer = customer[kept]
    starts = np.searchsorted(customer, np.arange(len(scores) + 1))
    within = np.arange(len(kept)) - starts[customer] < k
    offsets = np.concatenate(([0], np.cumsum(np.minimum(np.diff(starts), k))))
    kept = kept[within]
    return Ranked(offsets, variant[kept].astype(np.int32), values[kept])


def spread(
    scores: NDArray[np.float32], shown: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each customer's scores over what may be shown.

    The deviation is the unit of boosts and bonuses: it means the same for every model, whatever
    unit the model scores in.

    Args:
        scores: (U, V) float32, finite.
        shown: (V,) or (U, V) bool.

    Returns:
        (U, 1) float32 each; 0 and 1 where nothing may be shown, a deviation of 1 where all are
        alike.
    """
    if shown.ndim == 1:
        used = scores if shown.all() else np.compress(shown, scores, axis=1)
        if not used.shape[1]:
            return np.zeros((len(scores), 1), np.float32), np.ones((len(scores), 1), np.float32)
        mean = used.mean(axis=1, keepdims=True, dtype=np.float64)
        deviation = (used - mean.astype(np.float32)).std(axis=1, keepdims=True, dtype=np.float64)
    else:
        count = np.maximum(shown.sum(axis=1, keepdims=True), 1)
        mean = np.where(shown, scores, 0).sum(axis=1, keepdims=True, dtype=np.float64) / count
        apart = np.where(shown, scores - mean.astype(np.float32), 0)
        deviation = np.sqrt((apart**2).sum(axis=1, keepdims=True, dtype=np.float64) / count)
    # A rounding's worth of difference is none: it must not be blown up to a whole unit.
    alike = deviation <= 1e-6 * np.abs(mean)
    return mean.astype(np.float32), np.where(alike, 1, deviation).astype(np.float32)


def _peaks(masked: NDArray[np.float32], groups: Groups) -> NDArray[np.float32]:
    """(U, S) float32: each style's best score; -inf where none of its variants may be shown."""
    grouped = masked if groups.ordered else np.take(masked, groups.order, axis=1)
    peaks: NDArray[np.float32] = np.maximum.reduceat(grouped, groups.starts, axis=1)
    return peaks


def _turn(pair: NDArray[np.integer]) -> NDArray[np.int64]:
    """(n,) int64: how many entries of the same pair stand before each entry."""
    order = np.argsort(pair, kind="stable")
    grouped = pair[order]
    first = np.concatenate(([True], grouped[1:] != grouped[:-1])) if len(pair) else grouped > 0
    starts = np.flatnonzero(first)
    turn = np.empty(len(pair), dtype=np.int64)
    turn[order] = np.arange(len(pair)) - np.repeat(starts, np.diff([*starts, len(pair)]))
    return turn
