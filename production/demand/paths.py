"""Sample paths: demand drawn by variant and period, so that sums over any variants make sense.

A forecast says how much each variant may sell, not what goes together. Two things do: the
variants of a style share its fortune, and compete for it. Paths take their margins from the
forecast and their dependence from the mix, by rank reordering (the Schaake shuffle, Clark et al.
2004; ensemble copula coupling, Schefzik, Thorarinsdottir and Gneiting 2013):

1. A template is drawn: each style's total, log-normal, times Dirichlet shares of its mix. The
   total's spread is the one at which the variants' variances add up to the forecast's (the
   Dirichlet-multinomial's variance, METHODS, solved for Var(D)). A common factor moves all
   styles together.
2. Each variant's draws over the horizon are the forecast's quantile function at evenly spread
   levels, put in the order of its template. The margins are thus the forecast's own, whatever the
   template says: the distribution that plans are made from (`production.allocation.quantiles`),
   whose mean is its own and not the forecast's `mean`.
3. Each draw's units fall into periods by the forecast's weekly profile.

Units are whole and never negative. Totals of styles, of regions and of the shop are sums of the
variants' paths, so they cohere exactly, in every draw and period.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.quantiles import DemandCurves
from production.demand.forecast import LEVELS, Forecast
from production.demand.mix.candidates import within
from production.demand.mix.shares import Mix
from production.demand.periods import length
from production.errors import BadPaths

Floats = NDArray[np.float64]
Units = NDArray[np.int32]

MOST_DRAWS: Final = 10_000
MOST_CELLS: Final = 400_000_000
"""Whole numbers of 4 bytes that the paths may fill."""

MOST_UNITS: Final = 1_000_000_000
"""Units of a variant over the horizon that a path can hold."""

BLOCK_CELLS: Final = 2_000_000
"""Draws times variants that are worked on at once."""

LEAST_SPREAD: Final = 0.05
"""Least coefficient of variation of a style's total."""

TOGETHER: Final = 0.1
"""Part of the variance of a style's log total that all styles share. Of the past errors of
exponential smoothing it was .04 in the first half of Online Retail II and .24 in the generated
shop, whose season that method does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Demand drawn N times, for V variants and H periods.

    Attributes:
        origin: the first day of the first period.
        period: how long a period is: a week or a day.
        variants: (V,) str, variant ids, as in the forecast.
        units: (N, V, H) int32, whole units, never negative.
    """

    origin: np.datetime64
    period: np.timedelta64
    variants: NDArray[np.object_]
    units: Units

    def totals(self, of: NDArray[np.integer], count: int) -> NDArray[np.int64]:
        """(N, count, H) sums over the variants of each group, such as a style.

        Args:
            of: (V,) which group each variant is of.
            count: groups.
        """
        draws, _, periods = self.units.shape
        result = np.zeros((draws, count, periods), dtype=np.int64)
        for draw, total in zip(self.units, result, strict=True):
            np.add.at(total, of, draw)
        return result


def sample_paths(
    forecast: Forecast,
    mix: Mix,
    *,
    draws: int,
    seed: int = 0,
    together: float = TOGETHER,
) -> Paths:
    """Draw demand paths whose margins are a forecast's.

    Memory: 4 bytes a draw, variant and period, beside blocks of BLOCK_CELLS.

    Args:
        forecast: quantiles and weekly profile of V variants.
        mix: their styles, and how firm their shares are; same order.
        draws: N, 1 to MOST_DRAWS.
        seed: the only source of randomness.
        together: part of the variance of a style's log total that all styles share, 0 to 1.

    Raises:
        BadPaths: so many draws or units are not to be had, or the mix is of other variants.
        BadDemand: quantiles that are negative, crossing or no numbers.
    """
    count, periods = forecast.weekly.shape
    _refuse(draws, count, periods, len(mix.style))
    common = np.random.default_rng((seed, 0)).standard_normal(draws)
    curves = DemandCurves.from_quantiles(LEVELS, forecast.quantiles, forecast.variants)
    if len(curves) and curves.highest().max() > MOST_UNITS:
        raise BadPaths(
            f"Demand of variant '{forecast.variants[curves.highest().argmax()]}' may exceed "
            f"{MOST_UNITS:,} units.",
            where="forecast",
            fix="Look at the orders that it was learned from: they hold a slip of the hand.",
        )
    spread = _spread(curves, mix)
    units = np.empty((draws, count, periods), dtype=np.int32)
    for number, rows in enumerate(_blocks(mix.style, draws)):
        random = np.random.default_rng((seed, 1, number))
        order = _template_ranks(mix, rows, spread, random, common=common, together=together)
        total = _margins(curves.take(rows), order, random)
        units[:, rows] = _by_period(total, forecast.weekly[rows], random)
    return Paths(
        origin=forecast.origin,
        period=length(mix.per_week),
        variants=forecast.variants,
        units=units,
    )


def region_paths(paths: Paths, share: Floats, *, seed: int = 0) -> Units:
    """(R, N, V, H) each path's units by region; they add up to the path exactly.

    Args:
        paths: demand by variant.
        share: (V, R) each variant's shares by region (`production.demand.by_group`), with
            sums of one.
        seed: the only source of randomness.

    Raises:
        BadPaths: paths by so many regions do not fit.
    """
    if share.shape[1] * paths.units.size > MOST_CELLS:
        raise BadPaths(
            f"{len(paths.units)} paths by {share.shape[1]} regions are too many to hold.",
            where="paths",
            fix="Draw fewer, or pass fewer variants.",
        )
    random = np.random.default_rng((seed, 2))
    left = paths.units.copy()
    result = np.zeros((share.shape[1], *left.shape), dtype=np.int32)
    for region, chance in enumerate(_chances(share)):
        for draw in range(len(left)):
            taken = random.binomial(left[draw], chance[:, None])
            result[region, draw] = taken
            left[draw] -= taken.astype(np.int32)
    return result


def _refuse(draws: int, count: int, periods: int, mixed: int) -> None:
    room = min(MOST_DRAWS, MOST_CELLS // max(count * periods, 1))
    if not 1 <= draws <= room:
        raise BadPaths(
            f"{draws} paths of {count} variants over {periods} periods cannot be drawn.",
            where="paths",
            fix=f"Ask for 1 to {room}.",
        )
    if mixed != count:
        raise BadPaths(
            f"The mix is of {mixed} variants, the forecast of {count}.",
            where="mix",
            fix="Learn the mix of the forecast's variants, in their order.",
        )


def _blocks(style: NDArray[np.int64], draws: int) -> list[NDArray[np.intp]]:
    """Variants in blocks of whole styles, each of about BLOCK_CELLS cells."""
    order = np.argsort(style, kind="stable")
    most = max(BLOCK_CELLS // draws, 1)
    block = np.maximum.accumulate(np.arange(len(order)) // most)
    first = np.unique(style[order], return_index=True)[1]  # a style is in its first one's block
    starts = np.repeat(block[first], np.diff(np.append(first, len(order))))
    return [order[starts == number] for number in np.unique(starts)]


def _spread(curves: DemandCurves, mix: Mix) -> Floats:
    """(V,) standard deviation of the log of each variant's style's total."""
    levels, values = curves.levels, curves.values
    width = np.diff(levels)
    low, high = values[:, :-1], values[:, 1:]
    mean = ((low + high) / 2) @ width
    square = ((low**2 + low * high + high**2) / 3) @ width
    variance = within(mix.style, np.maximum(square - mean**2, 0.0))
    total = np.maximum(within(mix.style, mean), 1e-9)
    squares = within(mix.style, mix.share**2)
    chance = (1 - squares) / (1 + mix.strength)
    of_total = (variance - total**2 * chance) / (squares + chance)
    relative = np.sqrt(np.maximum(of_total, 0.0)) / total
    spread: Floats = np.sqrt(np.log1p(np.clip(relative, LEAST_SPREAD, 10.0) ** 2))
    return spread


def _template_ranks(
    mix: Mix,
    rows: NDArray[np.intp],
    spread: Floats,
    random: np.random.Generator,
    *,
    common: Floats,
    together: float,
) -> NDArray[np.int32]:
    """(N, rows) each draw's rank, from 0, among its variant's draws."""
    style = np.unique(mix.style[rows], return_inverse=True)[1]
    own = random.standard_normal((len(common), int(style.max()) + 1))
    move = np.sqrt(together) * common[:, None] + np.sqrt(1 - together) * own
    shape = np.maximum(mix.share[rows] * mix.strength[rows], 1e-3)
    parts = random.standard_gamma(shape, (len(common), len(rows)))
    sums = np.zeros_like(own)
    np.add.at(sums.T, style, parts.T)
    template = move[:, style] * spread[rows] + np.log(np.maximum(parts, 1e-300))
    template -= np.log(np.maximum(sums, 1e-300))[:, style]
    order = np.argsort(template, axis=0, kind="stable").astype(np.int32)
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(len(common), dtype=np.int32)[:, None], axis=0)
    return ranks


def _margins(
    curves: DemandCurves, ranks: NDArray[np.int32], random: np.random.Generator
) -> NDArray[np.int64]:
    """(N, V) whole units: the quantile function at evenly spread levels, in the given order.

    One level lies in each of N equal steps. A fraction of a unit is rounded up as often as it is
    large, so that means hold.
    """
    draws, count = ranks.shape
    level = (np.arange(draws)[:, None] + random.random((draws, count))) / draws
    left = np.searchsorted(curves.levels, level, side="right") - 1
    left = np.clip(left, 0, len(curves.levels) - 2)
    part = (level - curves.levels[left]) / np.diff(curves.levels)[left]
    rows = np.arange(count)
    below, above = curves.values[rows, left], curves.values[rows, left + 1]
    units = np.floor(below + (above - below) * part + random.random((draws, count)))
    return np.take_along_axis(units, ranks, axis=0).astype(np.int64)


def _by_period(total: NDArray[np.int64], weekly: Floats, random: np.random.Generator) -> Units:
    """(N, V, H) a multinomial split of the units over the periods' shares of the mean."""
    periods = weekly.shape[1]
    whole = weekly.sum(axis=1, keepdims=True)
    flat = np.full(weekly.shape, 1 / periods)
    profile = np.divide(np.maximum(weekly, 0.0), whole, out=flat, where=whole > 0)
    result = np.empty((*total.shape, periods), dtype=np.int32)
    left = total.copy()
    for period, chance in enumerate(_chances(profile)):
        taken = random.binomial(left, chance)
        result[..., period] = taken
        left -= taken
    return result


def _chances(share: Floats) -> Floats:
    """(K, V) the chance of each column, given that none before it was taken; the last is 1."""
    after = np.cumsum(share[:, ::-1], axis=1)[:, ::-1]
    chance = np.divide(share, after, out=np.ones_like(share), where=after > 0)
    chance[:, -1] = 1.0
    return np.clip(chance, 0.0, 1.0).T
