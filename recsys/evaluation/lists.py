"""Lists: what a model recommends to the customers of a split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The recommendations of one model to some customers, best first.

    Attributes:
        row: (L,) int, whose list: position among the customers asked for, ascending.
        variant: (L,) int, position in `train.variants`.
        rank: (L,) int, from 1 within each customer.
        score: (L,) float32, descending within each customer.
        fit_seconds: time that learning took.
        score_seconds: time that scoring and ranking all customers took.
    """

    row: NDArray[np.integer]
    variant: NDArray[np.integer]
    rank: NDArray[np.integer]
    score: NDArray[np.float32]
    fit_seconds: float
    score_seconds: float
