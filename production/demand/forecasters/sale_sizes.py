"""The size of a sale, smoothed from sale to sale, for the methods of intermittent demand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def sale_sizes(units: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """(V, T) units of a sale as of each period; 0 before a first sale, which is the first size.

    Exponential smoothing over periods with a sale alone (Croston 1972).

    >>> sale_sizes(np.array([[0.0, 6.0, 0.0, 2.0]]), 0.5)
    array([[0., 6., 6., 4.]])
    """
    sizes = np.zeros_like(units)
    size = np.zeros(len(units))
    for period in range(units.shape[1]):
        now = units[:, period]
        weight = np.where(size > 0, alpha, 1.0) * (now > 0)
        size = size + weight * (now - size)
        sizes[:, period] = size
    return sizes
