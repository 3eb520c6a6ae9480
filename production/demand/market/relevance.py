"""Which factors move with demand: a test of each on the past, and a limit on false finds.

A group's demand is taken as the logarithm of its units over its level lately, a factor as its
distance from lately, and both are cleared of the calendar, so that a factor is not chosen for
having seasons. Both are series in time, in which neighbours are alike: the correlation is
judged with the number of independent periods that the two amount to (Bretherton et al. 1999,
"The effective number of spatial degrees of freedom of a time-varying field"). A factor may act
through its square as well (both heat and cold keep people at home), and on one group alone, so
each is given several tries and pays for them (Bonferroni). Of all factors together at most
FALSE_FINDS of those chosen are expected to be there by chance (Benjamini and Hochberg 1995).

A factor that passes is then weighed by the response's own penalty, chosen on past origins.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from production.demand.features import MEDIUM, decayed_mean
from production.demand.periods import paced

FALSE_FINDS: Final = 0.2
FEWEST_WEEKS: Final = 13
"""With fewer weeks nothing can be told apart, and every factor is kept."""

WIDEST: Final = np.log(4.0)


def chances(
    factors: NDArray[np.float64],
    totals: NDArray[np.float64],
    calendar: NDArray[np.float64],
    scope: NDArray[np.bool_],
    per_week: int = 1,
) -> NDArray[np.float64]:
    """(C,) chance that a factor without any effect would move so closely with demand.

    Args:
        factors: (T, C) past values, no NaN.
        totals: (G, T) units by group.
        calendar: (T, K) calendar factors.
        scope: (G, C) which groups a factor may speak of.
        per_week: periods a week.
    """
    alpha = paced(MEDIUM, per_week)
    start = 4 * per_week  # a level of fewer periods is none yet
    level = decayed_mean(totals, alpha)[:, start:-1]
    known = level > 0
    ratio = np.divide(totals[:, start:], level, out=np.ones_like(level), where=known)
    demand = np.log(np.clip(ratio, np.exp(-WIDEST), np.exp(WIDEST))).T  # (T', G)
    clear = _Cleared(_moves(calendar, alpha)[start:])
    demand = clear(demand)
    moves = _moves(factors, alpha)[start:]  # (T', C)
    plain = _chance(clear(moves), demand)  # (C, G)
    bent = moves**2
    squared = _chance(clear(bent - bent.mean(axis=0)), demand)
    several = np.where(scope.T, np.minimum(plain, squared), 1.0)
    tries = 2 * np.maximum(scope.sum(axis=0), 1)
    chance: NDArray[np.float64] = np.minimum(several.min(axis=1) * tries, 1.0)
    return chance


def relevant(chance: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(C,) which factors to keep, at FALSE_FINDS (Benjamini and Hochberg 1995).

    >>> relevant(np.array([0.001, 0.9, 0.04]))
    array([ True, False,  True])
    """
    order = np.argsort(chance, kind="stable")
    line = FALSE_FINDS * (np.arange(len(chance)) + 1) / max(len(chance), 1)
    below = np.flatnonzero(chance[order] <= line)
    kept = np.zeros(len(chance), dtype=bool)
    if len(below):
        kept[order[: below[-1] + 1]] = True
    return kept


def _moves(values: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """(T, C) distance from the decayed mean before, in standard deviations."""
    scale = values.std(axis=0)
    lately = decayed_mean(values.T, alpha).T[:-1]
    moved: NDArray[np.float64] = (values - lately) / np.where(scale > 0, scale, 1.0)
    return moved


class _Cleared:
    """Takes the calendar (and a constant) out of columns, by least squares."""

    def __init__(self, calendar: NDArray[np.float64]) -> None:
        base, sizes, _ = np.linalg.svd(
            np.column_stack([np.ones(len(calendar)), calendar]), full_matrices=False
        )
        self.base = base[:, sizes > 1e-9 * sizes[0]]

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        cleared: NDArray[np.float64] = values - self.base @ (self.base.T @ values)
        return cleared


def _chance(factors: NDArray[np.float64], demand: NDArray[np.float64]) -> NDArray[np.float64]:
    """(C, G) two-sided chance of each correlation under independence."""
    count = len(demand)
    x, near_x = _standard(factors)
    y, near_y = _standard(demand)
    r = np.clip(x.T @ y / count, -1.0, 1.0)
    near = np.asarray(near_x[:, None] * near_y)
    free = np.clip(count * (1 - near) / (1 + near), 4.0, count) - 2
    size = np.abs(r) * np.sqrt(free / np.maximum(1 - r**2, 1e-12))
    return np.asarray(2 * student.sf(size, free), dtype=float)


def _standard(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Columns of mean 0 and deviation 1, zeros where they never moved; and their correlation
    with themselves one period before.
    """  # noqa: D205  # one sentence
    centred = values - values.mean(axis=0)
    scale = centred.std(axis=0)
    still = scale <= 1e-9
    standard = np.where(still, 0.0, centred / np.where(still, 1.0, scale))
    near = np.asarray((standard[1:] * standard[:-1]).mean(axis=0))
    return standard, np.asarray(np.clip(near, 0.0, 0.95))
