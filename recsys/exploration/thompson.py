"""Thompson sampling whose chances are known exactly.

Of `DRAWS` draws from the beliefs one is picked at random, and the candidates that are best in it
are shown (Thompson 1933). Given these draws, the chance of a candidate is the share of them in
which it is among the best: no estimate of a propensity, but the very law by which the list was
made. Inverse propensities stay unbiased, for the draws depend on nothing that comes after.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

DRAWS: Final = 256
"""Draws from the beliefs, of which one is picked; chances below one in so many come from the even
part alone."""


def pick(
    alpha: NDArray[np.float64],
    beta: NDArray[np.float64],
    size: int,
    *,
    uniform: float,
    random: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Candidates that are tried, in random order, and every candidate's chance to be.

    chance(v) = (1 - uniform) · share of draws with v among their best + uniform · size / M

    Args:
        alpha: (M,) of each candidate's beta distribution.
        beta: (M,) likewise.
        size: how many are tried, 1 to M.
        uniform: chance that they are drawn evenly, above 0, at most 1.
        random: the only source of randomness.

    Returns:
        (size,) int64 positions of candidates, and (M,) float64 chances; these sum to `size`.
    """
    candidates = len(alpha)
    drawn = random.beta(alpha, beta, size=(DRAWS, candidates))
    best = np.argpartition(-drawn, size - 1, axis=1)[:, :size]  # (DRAWS, size)
    often = np.bincount(best.ravel(), minlength=candidates) / DRAWS
    evenly = random.random() < uniform
    picked = random.choice(candidates, size, replace=False) if evenly else random.choice(best)
    chances = (1 - uniform) * often + uniform * size / candidates
    return random.permutation(picked.astype(np.int64)), chances
