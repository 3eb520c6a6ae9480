"""Bent effects: a number's columns that let its effect change slope at its usual values.

Warm days bring riders out, hot ones do not: an effect that is a straight line in the logarithm
cannot say so. A factor of many values gets a hinge max(x - k, 0) at each of its past KNOTS, so
its effect is a broken line (a linear spline; Friedman 1991). A factor of few values gets one at
each of them between the smallest and the largest, so that a step from clear to grey may weigh
less than one from grey to rain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

KNOTS: Final = (0.25, 0.5, 0.75)
MANY_VALUES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """Columns made of factors.

    Attributes:
        owner: (K,) the factor that each comes from.
        knot: (K,) where its hinge lies; minus infinity for the factor itself.
        mean: (K,) over the past.
        scale: (K,) standard deviation over the past; 1 where it never moved.
    """

    owner: NDArray[np.int64]
    knot: NDArray[np.float64]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    def columns(self, factors: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, K) standardized columns of (N, C) factors."""
        columns: NDArray[np.float64] = (_bent(factors, self.owner, self.knot) - self.mean) / (
            self.scale
        )
        return columns


def shapes_of(past: NDArray[np.float64], fixed: NDArray[np.bool_]) -> Shapes:
    """Shapes of (T, C) past factors; those of `fixed` (C,) get no hinge."""
    owner, knot = [], []
    for place in range(past.shape[1]):
        owner.append(place)
        knot.append(-np.inf)
        values = past[:, place]
        if fixed[place]:
            continue
        several = np.unique(values)
        inner = several if len(several) < MANY_VALUES else np.unique(np.quantile(values, KNOTS))
        inner = inner[(inner > values.min()) & (inner < values.max())]
        owner += [place] * len(inner)
        knot += inner.tolist()
    owners, knots = np.array(owner, dtype=np.int64), np.array(knot, dtype=float)
    columns = _bent(past, owners, knots)
    scale = columns.std(axis=0)
    return Shapes(
        owner=owners,
        knot=knots,
        mean=columns.mean(axis=0),
        scale=np.where(scale > 1e-9, scale, 1.0),
    )


def _bent(
    factors: NDArray[np.float64], owner: NDArray[np.int64], knot: NDArray[np.float64]
) -> NDArray[np.float64]:
    values = factors[:, owner]  # (N, K)
    plain = np.isneginf(knot)
    return np.where(plain, values, np.maximum(values - np.where(plain, 0.0, knot), 0.0))
