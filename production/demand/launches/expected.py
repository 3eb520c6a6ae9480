"""What a new variant will sell: its own first weeks, read by the launch curve, held against kin.

    lines a week of v = (k + l_v) / (k / m_v + C_v) · curve over the coming weeks

l_v are its lines so far and C_v what the curve and the days on sale would have a variant of rate
one sell by now; m_v is the mean rate of the launched variants most like it. That is the posterior
mean of a Poisson rate whose gamma prior has shape k and mean m_v (Gelman et al., "Bayesian Data
Analysis", 2.6). Units a line are a geometric mean, shrunk towards that of the same kin. A variant
that has sold nothing yet stands on its kin alone.

A value at a week stands on what lay before that week; neighbours were launched no later than the
variant itself. Catalogue texts and prices are taken as they are today.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.launches.curve import launch_curve
from production.demand.launches.first_weeks import LIFE, SETTLED, FirstWeeks
from production.demand.launches.likeness import nearest

NEW_WEEKS: Final = 8
"""Weeks since the first sale in which a variant is new."""

AHEAD: Final = 4
"""Weeks to come that a rate is the mean of."""

SHAPE: Final = 1.5
"""k: lines of their kin that weigh as much as so many lines of its own."""

OWN_LINES: Final = 4.0
"""Lines that a variant needs before half of its own units a line is believed."""

CLOSENESS: Final = 3.0
"""Exponent of the likeness that neighbours weigh with."""

ANYONE: Final = 0.001
"""Weight of a launched variant that is nothing like it; one of likeness 1 weighs 1."""

FADING: Final = 0.85
"""What a week of its own past counts in relation to the week after."""

MOST_EVIDENCE: Final = 8.0
"""Weeks of life beyond which a neighbour says no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """What the launched variants most like each of N variants did by some week.

    Attributes:
        rate: (N,) lines a whole first week.
        log_size: (N,) logarithm of units a line.
        curve: (LIFE,) see `launch_curve`.
    """

    rate: NDArray[np.float64]
    log_size: NDArray[np.float64]
    curve: NDArray[np.float64]


def launch_rates(
    units: NDArray[np.float64],
    lines: NDArray[np.float64],
    first_period: NDArray[np.int32],
    weeks: NDArray[np.datetime64],
    attributes: pd.DataFrame,
) -> NDArray[np.float64]:
    """Expected units a week of new variants, at the start of every week.

    O(launched²) time for likeness, then O(launched * LIFE) a week.

    Args:
        units: (V, T) units.
        lines: (V, T) order lines.
        first_period: (V,) week of the first sale.
        weeks: (T,) Mondays.
        attributes: V rows of the catalogue.

    Returns:
        (V, T + 1) units a week, mean of the AHEAD weeks from that week on; NaN where a variant
        is not within NEW_WEEKS of its first sale, or its launch was not seen.
    """
    result = np.full((units.shape[0], units.shape[1] + 1), np.nan)
    launched = FirstWeeks.of(lines, first_period, weeks, attributes)
    if not len(launched.row):
        return result
    reach = np.searchsorted(launched.first, launched.first, side="right")
    place, likeness = nearest(attributes, launched.row, launched.row, reach)
    sizes = log_sizes(units[launched.row], lines[launched.row])
    for week in range(SETTLED + 1, units.shape[1] + 1):
        age = week - launched.first
        young = np.flatnonzero((age >= 1) & (age <= NEW_WEEKS))
        if len(young):
            kin = kin_at(launched, sizes[:, week], week, place[young], likeness[young])
            result[launched.row[young], week] = _rates(launched, sizes, week, young, kin)
    return result


def log_sizes(units: NDArray[np.float64], lines: NDArray[np.float64]) -> NDArray[np.float64]:
    """(M, T + 1, 2) summed logarithms of units a line, and lines, before each week."""
    a_line = np.divide(units, lines, out=np.ones_like(units), where=(lines > 0) & (units > 0))
    both = np.stack([np.log(a_line) * lines, lines], axis=2)
    return np.pad(both.cumsum(axis=1), ((0, 0), (1, 0), (0, 0)))


def kin_at(
    launched: FirstWeeks,
    sizes: NDArray[np.float64],
    week: int,
    place: NDArray[np.int64],
    likeness: NDArray[np.float64],
) -> Kin:
    """What is known before a week of the variants most like each of N.

    Args:
        launched: all launched variants.
        sizes: (M, 2) their summed logarithms of units a line, and lines.
        week: position.
        place: (N, K) neighbours among the launched.
        likeness: (N, K) how much.
    """
    seen = launched.seen(week)
    curve = launch_curve(launched.lines, launched.exposure, seen)
    shown = (launched.exposure * curve * seen).sum(axis=1)  # (M,) weeks of rate one
    sold = (launched.lines * seen).sum(axis=1)
    evidence = np.minimum(shown, MOST_EVIDENCE)
    rate = np.divide(sold, shown, out=np.zeros_like(sold), where=shown > 0)
    mean_log = np.divide(sizes[:, 0], sizes[:, 1], out=np.zeros(len(sizes)), where=sizes[:, 1] > 0)
    near: NDArray[np.float64] = likeness**CLOSENESS
    out = seen[:, 0]
    once = out.astype(np.float64)
    return Kin(
        rate=_weighted(near * evidence[place], rate[place], ANYONE * evidence[out], rate[out]),
        log_size=_weighted(near * once[place], mean_log[place], ANYONE * once[out], mean_log[out]),
        curve=curve,
    )


def ahead(curve: NDArray[np.float64], age: NDArray[np.int64]) -> NDArray[np.float64]:
    """(N,) mean of the curve over the AHEAD weeks of life from each age on."""
    mean: NDArray[np.float64] = curve[np.minimum(age[:, None] + np.arange(AHEAD), LIFE - 1)].mean(1)
    return mean


def _rates(
    launched: FirstWeeks,
    sizes: NDArray[np.float64],
    week: int,
    young: NDArray[np.int64],
    kin: Kin,
) -> NDArray[np.float64]:
    """(young,) units a week of the coming AHEAD weeks."""
    age = week - launched.first[young]
    counts = launched.seen(week)[young] * FADING ** np.maximum(
        age[:, None] - 1 - np.arange(LIFE), 0
    )
    own = (launched.lines[young] * counts).sum(axis=1)
    shown = (launched.exposure[young] * kin.curve * counts).sum(axis=1)
    rate = (SHAPE + own) / (SHAPE / np.maximum(kin.rate, 1e-3) + shown)
    logs, lines = sizes[young, week].T
    log_size = (logs + OWN_LINES * kin.log_size) / (lines + OWN_LINES)
    result: NDArray[np.float64] = rate * ahead(kin.curve, age) * np.exp(log_size)
    return result


def _weighted(
    weight: NDArray[np.float64],
    value: NDArray[np.float64],
    everyone: NDArray[np.float64],
    theirs: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(N,) mean of the neighbours' values, and a little of everyone's; 0 without any."""
    above = (weight * value).sum(axis=1) + everyone @ theirs
    below = weight.sum(axis=1) + everyone.sum()
    mean: NDArray[np.float64] = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return mean
