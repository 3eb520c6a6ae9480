"""The launch curve: how order lines run on from week to week after a launch."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

BEFORE: Final = 3
"""Weeks of life that the next is held against."""

CURVE_LINES: Final = 50.0
"""Lines of staying as it was that each week of the curve is thought to hold beside those seen."""


def launch_curve(
    lines: NDArray[np.float64], exposure: NDArray[np.float64], seen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(LIFE,) lines in each week of life, in relation to a whole first week.

    A chain of ratios: each week against what the same variants' BEFORE weeks before it would have
    it be, summed over the variants that lived to see it, so that variants that are still young
    tell of the weeks that they had.

    Args:
        lines: (M, LIFE) order lines.
        exposure: (M, LIFE) share of the week on sale.
        seen: (M, LIFE) whether the week lies in the past.

    >>> lines = np.array([[8.0, 4.0, 4.0]]) * 1000
    >>> launch_curve(lines, np.ones((1, 3)), np.ones((1, 3), dtype=bool)).round(1)
    array([1. , 0.5, 0.5])
    """
    curve = np.ones(lines.shape[1])
    for week in range(1, lines.shape[1]):
        lived, back = seen[:, week], slice(max(0, week - BEFORE), week)
        due = (exposure[lived, back] * curve[back]).sum(axis=1)
        level = (lines[lived, back].sum(axis=1) / due).sum()
        came = lines[lived, week].sum()
        curve[week] = (came + CURVE_LINES * curve[week - 1]) / (level + CURVE_LINES)
    return curve
