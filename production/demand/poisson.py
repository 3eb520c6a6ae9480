"""Poisson regression with a log link and a ridge: units as a level times exp(effects).

Unlike a regression of logarithms it takes periods without a sale as they are, and its forecasts
are means, not medians, so that they add up.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

STEPS: Final = 12
HALVINGS: Final = 5
WIDEST: Final = 4.0
"""No period is thought of as more than exp(4) times the level, or less than its inverse."""

CLOSE: Final = 1e-6


def poisson_ridge(
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    offset: NDArray[np.float64],
    penalty: float,
    centre: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(1 + K,) intercept and effects that minimise the mean deviance and the ridge.

    The loss is Σ (mu - y log mu) / Σ y + ½ penalty |b - centre|² with mu = offset exp(a + Xb)
    (McCullagh and Nelder 1989); Newton's method with halved steps, at most STEPS of O(N K²).

    Args:
        X: (N, K) columns of like size.
        y: (N,) units, not negative.
        offset: (N,) positive, units expected without any effect.
        penalty: positive.
        centre: (1 + K,) what the effects are shrunk towards, and where the search starts; the
            intercept is not shrunk.
    """
    A = np.column_stack([np.ones(len(y)), X])
    total = float(y.sum())
    b = centre.copy()
    if total <= 0:
        return b
    ridge = np.full(len(b), penalty)
    ridge[0] = 1e-9

    def expected(at: NDArray[np.float64]) -> NDArray[np.float64]:
        mu: NDArray[np.float64] = offset * np.exp(np.clip(A @ at, -WIDEST, WIDEST))
        return mu

    def loss(at: NDArray[np.float64], mu: NDArray[np.float64]) -> float:
        deviance = (mu.sum() - y @ np.log(mu)) / total
        return float(deviance + 0.5 * ridge @ (at - centre) ** 2)

    mu = expected(b)
    now = loss(b, mu)
    for _ in range(STEPS):
        slope = A.T @ (mu - y) / total + ridge * (b - centre)
        curve = (A * (mu / total)[:, None]).T @ A + np.diag(ridge)
        step = solve(curve, slope, assume_a="pos")
        for _ in range(HALVINGS):
            tried = b - step
            there = expected(tried)
            value = loss(tried, there)
            if value <= now:
                break
            step = step / 2
        else:
            break
        gained, b, mu, now = now - value, tried, there, value
        if gained < CLOSE * max(abs(now), 1.0):
            break
    return b
