"""Calibration: a method's quantiles and mean corrected by what became of its past forecasts.

Forecasts fail in two ways that call for different remedies. All variants of an origin are wrong
together, because demand rose or fell as a whole; and each is wrong by itself. A few past origins
say little of the first, and thousands of variants much of the second, so the two are taken apart:

1. **Pace.** All variants' last weeks together are a steady measure of where demand stands, steadier
   than a sum of thousands of forecasts made one by one. A quarter of what lies between the two, in
   logarithms, is taken from it.
2. **Drift.** At each past origin the shock is the logarithm of what came over what was expected,
   both cut off at q95, so that bulk orders do not count. The drift is their mean, recent ones
   first, shrunk to 0. Every quantile moves with it. That is exponential smoothing of log errors,
   and what adapts to a trend that the method misses (Gibbs and Candès 2021 for the idea).
3. **Shape.** With the shocks taken out, each quantile is multiplied with the level's weighted
   quantile of actual over forecast, by slice and size (`production.demand.shape`), with weights
   that fall with age because the past is not exchangeable with the present.
4. **Spread.** What is left of the shocks is put back: log quantiles are moved away from the
   median as if a normal shock of that variance were added.
5. **Mean.** The mean of the calibrated distribution with a fitted tail (`production.demand.tail`).

Corrections learned from the past are shrunk by n / (n + k), where n counts past horizons that do
not overlap: rows of one horizon share its shock, so rows alone prove little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from production.demand.forecast import LEVELS, DemandHistory
from production.demand.shape import CLASSES, bounded, shape_changes, size_edges, sizes_of
from production.demand.tail import BEYOND, capped_mean, mean_exceedance, straight_excess

Floats = NDArray[np.float64]

PACE_WEEKS: Final = 4
"""Weeks that the pace is taken from."""

PACE_TRUST: Final = 0.25
"""Part of the way from the forecast's total to the pace's that all quantiles go."""

DRIFT_LIFE: Final = 1.0
"""Horizons after which a shock counts half for the drift."""

SHAPE_LIFE: Final = 8.0
"""Horizons after which a row counts half for the shape and the spread."""

DOUBT: Final = 3.0
"""Horizons of "no correction" that every correction is weighed against."""

TAIL_DOUBT: Final = 50.0
"""Exceedances of the pool that a size class of its own is weighed against."""

LARGEST_SHOCK: Final = 0.2
"""A shock beyond it counts as so much for the spread: one upheaval must not widen all to come."""

LARGEST_CHANGE: Final = 0.7
"""No quantile is moved by more than this, in logarithms, by drift or by shape."""

NOTHING: Final = 1e-9
"""Units; less is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """A method's forecast as it left the method.

    Attributes:
        quantiles: (V, Q) units over the horizon at LEVELS; not negative.
        slices: (V,) str, what is calibrated apart (`production.demand.metrics.slices`).
        pace: (V,) units that a horizon would bring at the pace of the weeks before it (`pace_of`);
            None where forecasts are not to be held against it.
    """

    quantiles: Floats
    slices: NDArray[np.object_]
    pace: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPredicted:
    """A forecast of an earlier origin, and what came.

    Attributes:
        age: horizons from the end of its horizon to the present origin; 0 for the latest.
        predicted: what the method said then, uncorrected.
        actual: (V,) units that came.
    """

    age: float
    predicted: Predicted
    actual: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """Rows of all past origins with drift and shock taken out.

    Attributes:
        quantiles: (N, Q) corrected forecasts.
        actual: (N,) what came.
        weight: (N,) falling with age.
        slices: (N,) str.
        windows: past horizons that the rows stand for, overlaps and age counted.
        drift: logarithm that the present forecast is moved by.
        variance: of the shocks that the drift leaves.
    """

    quantiles: Floats
    actual: Floats
    weight: Floats
    slices: NDArray[np.object_]
    windows: float
    drift: float
    variance: float


def pace_of(history: DemandHistory) -> Floats:
    """(active variants,) units that a horizon brings at the pace of the last PACE_WEEKS."""
    recent = history.units[history.active, -PACE_WEEKS * history.per_week :]
    pace: Floats = recent.mean(axis=1) * history.horizon
    return pace


def calibrated(now: Predicted, past: Sequence[PastPredicted]) -> tuple[Floats, Floats]:
    """Quantiles and mean as past errors correct them.

    O(N Q log N) time for N past rows. Without past the quantiles are only put in order.

    Args:
        now: the forecast to correct.
        past: forecasts whose horizons have passed, in any order.

    Returns:
        (V, Q) quantiles, not negative, not crossing; (V,) mean.

    >>> now = Predicted(quantiles=np.array([LEVELS]), slices=np.array(["dense"], dtype=object))
    >>> quantiles, mean = calibrated(now, [])
    >>> mean.round(6)
    array([0.5])
    """
    quantiles = _anchored(now)
    usable = [one for one in past if len(one.actual)]
    if not usable or not len(quantiles):
        return quantiles, capped_mean(quantiles) + BEYOND * straight_excess(quantiles)
    pool = _pooled(sorted(usable, key=lambda one: one.age, reverse=True))
    trust = pool.windows / (pool.windows + DOUBT)
    edges = size_edges(pool.quantiles)
    sizes, past_sizes = sizes_of(quantiles, edges), sizes_of(pool.quantiles, edges)
    kinds = np.unique(np.concatenate((now.slices, pool.slices)))
    cells = np.searchsorted(kinds, now.slices) * CLASSES + sizes
    past_cells = np.searchsorted(kinds, pool.slices) * CLASSES + past_sizes
    changes = trust * shape_changes(
        pool.quantiles, pool.actual, pool.weight, past_cells, len(kinds)
    )
    factors = np.exp(np.clip(changes, -LARGEST_CHANGE, LARGEST_CHANGE))
    then = _ordered(pool.quantiles * factors[past_cells])
    corrected = _ordered(quantiles * factors[cells]) * np.exp(pool.drift)
    corrected = _widened(corrected, pool.variance)
    excess = straight_excess(corrected)
    fitted = _tails(then, pool, past_sizes)[sizes] * corrected[:, -1]
    excess = np.where(fitted > 0, excess + trust * (fitted - excess), excess)
    return corrected, capped_mean(corrected) + BEYOND * excess


def _ordered(quantiles: Floats) -> Floats:
    return np.sort(np.where(quantiles > NOTHING, quantiles, 0.0), axis=1)


def _anchored(predicted: Predicted) -> Floats:
    """(V, Q) quantiles in order, moved towards the pace as a whole."""
    quantiles = _ordered(predicted.quantiles)
    if predicted.pace is None:
        return quantiles
    away = PACE_TRUST * _shock(quantiles, predicted.pace)
    return quantiles * float(np.exp(np.clip(away, -LARGEST_CHANGE, LARGEST_CHANGE)))


def _shock(quantiles: Floats, actual: Floats) -> float:
    """Logarithm of what came over what was expected, both cut off at q95."""
    expected = capped_mean(quantiles)
    came = np.minimum(actual, quantiles[:, -1])
    spoken = expected > 0
    positive = expected[spoken]
    if not len(positive):
        return 0.0
    share = bounded(positive) / positive
    ratio = float(share @ came[spoken]) / float(share @ positive)
    return float(np.log(np.clip(ratio, np.exp(-2.0), np.exp(2.0))))


def _drift(ages: Floats, shocks: Floats, overlap: Floats) -> float:
    """Shrunk mean of shocks, recent ones first; 0 without any."""
    weight = overlap * 0.5 ** (ages / DRIFT_LIFE)
    drift = float(weight @ shocks) / (float(weight.sum()) + DOUBT)
    return float(np.clip(drift, -LARGEST_CHANGE, LARGEST_CHANGE))


def _pooled(past: Sequence[PastPredicted]) -> _Pool:
    """Past origins, oldest first, each as its own drift would have corrected it."""
    ages = np.array([one.age for one in past])
    overlap = np.minimum(1.0, np.append(-np.diff(ages), 1.0))
    raw = [_anchored(one.predicted) for one in past]
    shocks = np.array([_shock(one, two.actual) for one, two in zip(raw, past, strict=True)])
    left = np.empty_like(shocks)
    for place, age in enumerate(ages):
        known = ages >= age + 1.0  # horizons that had passed at that origin
        left[place] = _drift(ages[known] - age - 1.0, shocks[known], overlap[known])
    left = shocks - left
    weight = overlap * 0.5 ** (ages / SHAPE_LIFE)
    windows = float(weight.sum())
    seen = np.clip(left, -LARGEST_SHOCK, LARGEST_SHOCK)
    return _Pool(
        quantiles=np.concatenate(
            [one * np.exp(shock) for one, shock in zip(raw, shocks, strict=True)]
        ),
        actual=np.concatenate([one.actual for one in past]),
        weight=np.repeat(weight, [len(one.actual) for one in past]),
        slices=np.concatenate([one.predicted.slices for one in past]),
        windows=windows,
        drift=_drift(ages, shocks, overlap),
        variance=float(weight @ seen**2) / (windows + DOUBT),
    )


def _widened(quantiles: Floats, variance: float) -> Floats:
    """Log quantiles moved away from the median as a normal shock of that variance does."""
    median = quantiles[:, LEVELS.index(0.5), None]
    reached = (quantiles > 0) & (median > 0)
    safe = np.where(reached, quantiles, 1.0)
    centre = np.where(median > 0, median, 1.0)
    z = norm.ppf(LEVELS)
    away = np.sign(z) * np.sqrt(np.log(safe / centre) ** 2 + z**2 * variance)
    return _ordered(np.where(reached, centre * np.exp(away), quantiles))


def _tails(quantiles: Floats, pool: _Pool, sizes: NDArray[np.int64]) -> Floats:
    """(CLASSES,) mean excess over q95 as a share of q95; 0 where past rows do not say."""
    highest = quantiles[:, -1]
    beyond = (pool.actual > highest) & (highest > 0)
    excess = pool.actual[beyond] / highest[beyond] - 1.0
    weight = pool.weight[beyond] * highest[beyond]
    everyone = mean_exceedance(excess, weight)
    if everyone is None:
        return np.zeros(CLASSES)
    fitted = np.full(CLASSES, everyone)
    for size in range(CLASSES):
        members = sizes[beyond] == size
        own = mean_exceedance(excess[members], weight[members])
        if own is not None:
            count = int(members.sum())
            fitted[size] += (own - everyone) * count / (count + TAIL_DOUBT)
    return fitted
