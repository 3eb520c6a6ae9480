"""Ranking: the best k variants of each customer, from scores and from what may be shown.

A list holds only variants that may be shown: never padding, a duplicate or a sentinel score. It
has k of them wherever k exist and fewer otherwise. Ties go to the smaller variant id.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.errors import BadRequest
from recsys.interactions import Interactions
from recsys.model import Factorized, Model
from recsys.products import best_products
from recsys.ranked import HIDDEN, Grid, Ranked, check_finite

__all__ = ["BATCH_CELLS", "Ranked", "rank", "showable", "top"]

BATCH_CELLS = 4_000_000
"""Scores held at a time: 16 MB of float32, of which a processor's cache still holds most."""

MANY = 32
"""Customers from which on a model's vectors are multiplied with all variants' in blocks; for
fewer, choosing the columns of what may be shown costs more than it saves."""


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
    _check(k)
    check_finite(scores)
    customers, variants = scores.shape
    grid = Grid.of(variants, k)
    board = grid.board(customers)
    board[:, :variants] = scores
    if allowed is not None:
        np.copyto(board[:, :variants], HIDDEN, where=~allowed)
    return grid.best(board, k)


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

    Raises:
        BadRequest: k is below 1.
        RecsysError: a score is NaN or infinite.
    """
    _check(k)
    if isinstance(model, Factorized) and histories.shape[0] >= MANY:
        shown = model.known if allowed is None else model.known & allowed
        unknown = ~model.known if allowed is None else allowed & ~model.known
        if not unknown.any() or _room(histories, shown, exclude_seen=exclude_seen) > k:
            seen = histories if exclude_seen else None
            return best_products(
                model.vectors(histories), model.variant_vectors(), k, seen=seen, shown=shown
            )
    return _rank_scores(model, histories, k, exclude_seen=exclude_seen, allowed=allowed)


def _rank_scores(
    model: Model,
    histories: Interactions,
    k: int,
    *,
    exclude_seen: bool,
    allowed: NDArray[np.bool_] | None,
) -> Ranked:
    """What `rank` answers for any model."""
    customers, variants = histories.shape
    grid = Grid.of(variants, k)
    size = max(1, BATCH_CELLS // max(variants, 1))
    board = grid.board(min(size, customers))
    parts = []
    for start in range(0, customers, size):
        batch = histories.take(np.arange(start, min(start + size, customers)))
        scores = model.score(batch)
        check_finite(scores)
        here = board[: len(scores)]
        here[:, :variants] = scores
        if allowed is not None:
            np.copyto(here[:, :variants], HIDDEN, where=~allowed)
        if exclude_seen:
            bought = batch.bought()
            here[batch.customer[bought], batch.variant[bought]] = HIDDEN
        parts.append(grid.best(here, k))
    return Ranked.joined(parts)


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


def _check(k: int) -> None:
    if k < 1:
        raise BadRequest(f"k is {k}.", where="k", fix="Ask for 1 or more recommendations.")


def _room(histories: Interactions, shown: NDArray[np.bool_], *, exclude_seen: bool) -> int:
    """How many of the shown variants every customer has left at least."""
    bought = histories.customer[histories.bought()] if exclude_seen else histories.customer[:0]
    return int(shown.sum()) - int(np.bincount(bought, minlength=1).max())
