"""Evidence that orders so far do not come from the forecast, valid whenever one looks.

Units of a variant are taken to arrive as a negative binomial process: up to a share t of its
horizon, measured in expected demand, their mean is t times the forecast's and their variance t
times its variance. For every multiple m of the rate the likelihood ratio

    L(m) = m^n ((1 + o) / (1 + m o))^(n + t mean / o),    o = variance / mean - 1

has expectation one under the forecast whenever it is looked at, and so has its mean over MULTIPLES,
the e-value. By Ville's inequality it exceeds 1/a at any time with probability a at most, however
often orders are looked at. Many variants are judged together by e-BH (Wang and Ramdas 2022): of
the alerts that stand at a moment a share FALSE_ALARMS is false on average at most, whatever the
variants have in common.

Where a variant's fortune lasts over the whole horizon its units vary less early on than here, so
that evidence then counts for less than it could, never for more.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom

from production.demand.tail import BEYOND, KNOTS, capped_mean

Floats = NDArray[np.float64]

MULTIPLES: Final = (0.02, 0.15, 0.4, 0.7, 1.4, 2.0, 3.0, 6.0)
"""Multiples of the forecast's rate that orders are held against, each with the same weight."""

FALSE_ALARMS: Final = 0.1
"""Share of the alerts at a moment that is false on average at most."""

BAND: Final = (0.05, 0.95)
"""Levels of the band in which units so far lie where the forecast holds."""

LEAST_EXCESS: Final = 0.05
"""Variance above the mean, a unit of it, at least: now and then somebody takes two."""


def excess_of(mean: Floats, quantiles: Floats) -> Floats:
    """(V,) variance / mean - 1 of forecasts' distributions; LEAST_EXCESS at least.

    The distributions run straight through the quantiles, as far below the lowest as it lies below
    the next, and above the highest with the exponential tail that their mean tells of.

    Args:
        mean: (V,) units over the horizon.
        quantiles: (V, Q) units at LEVELS.
    """
    lowest = np.maximum(2 * quantiles[:, 0] - quantiles[:, 1], 0.0)
    ends = np.column_stack((lowest, quantiles))
    low, high, width = ends[:, :-1], ends[:, 1:], np.diff(KNOTS)
    top, beyond = ends[:, -1], np.maximum(mean - capped_mean(quantiles), 0.0) / BEYOND
    first = (low + high) @ width / 2 + BEYOND * (top + beyond)
    second = (low * low + low * high + high * high) @ width / 3
    second += BEYOND * (top * top + 2 * top * beyond + 2 * beyond * beyond)
    variance = second - first * first
    excess = np.divide(variance, mean, out=np.zeros_like(mean), where=mean > 0) - 1.0
    bounded: Floats = np.maximum(excess, LEAST_EXCESS)
    return bounded


def log_evidence(units: Floats, expected: Floats, excess: Floats) -> Floats:
    """Logarithm of the e-value, of the common shape of the arguments.

    Args:
        units: ordered so far.
        expected: by now, as the forecast has it; where it is 0 nothing is said.
        excess: variance / mean - 1.
    """
    total = np.full(np.broadcast_shapes(units.shape, expected.shape, excess.shape), -np.inf)
    for multiple in MULTIPLES:
        rate = np.log1p(multiple * excess) - np.log1p(excess)
        ratio = units * (np.log(multiple) - rate) - expected / excess * rate
        np.logaddexp(total, ratio, out=total)
    return np.where(expected > 0, total - np.log(len(MULTIPLES)), 0.0)


def alerting(evidence: Floats) -> NDArray[np.bool_]:
    """(V,) which log e-values e-BH calls alerts at FALSE_ALARMS.

    >>> alerting(np.log(np.array([25.0, 1.0, 20.0])))  # thresholds 30, 15 and 10
    array([ True, False,  True])
    """
    count = len(evidence)
    descending = np.sort(evidence)[::-1]
    rank = np.arange(1, count + 1)
    enough = np.flatnonzero(descending >= np.log(count / (rank * FALSE_ALARMS)))
    if not len(enough):
        return np.zeros(count, dtype=bool)
    return np.asarray(evidence >= descending[enough[-1]])


def band(expected: Floats, excess: Floats) -> tuple[Floats, Floats]:
    """(V,) units at the levels of BAND, by now."""
    shape = np.maximum(expected, 1e-12) / excess
    low, high = (nbinom.ppf(level, shape, 1 / (1 + excess)) for level in BAND)
    return np.where(expected > 0, low, 0.0), np.where(expected > 0, high, 0.0)


def projected(units: Floats, expected: Floats, mean: Floats, excess: Floats) -> Floats:
    """(V,) units by the horizon's end: those so far, and the rest at a rate that learned from them.

    The rate's multiple is gamma distributed before the first order, with the forecast's mean and
    variance, and so the mean of it after `units` orders is (shape + units) / (shape + expected).
    """
    shape = mean / excess
    multiple = np.divide(shape + units, shape + expected, out=np.ones_like(mean), where=mean > 0)
    total: Floats = units + multiple * np.maximum(mean - expected, 0.0)
    return total
