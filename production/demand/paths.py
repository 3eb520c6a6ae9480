"""Sample paths: demand drawn by variant and period.

Draws over the horizon come from `production.demand.totals`: their margins are the forecast's, and
variants of a style share its fortune and compete for it. Each draw's units then fall into periods
by the forecast's weekly profile.

Units are whole and never negative. Totals of styles, of regions and of the shop are sums of the
variants' paths, so they cohere exactly, in every draw and period.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.demand.forecast import Forecast
from production.demand.mix.shares import Mix
from production.demand.periods import length
from production.demand.totals import MOST_DRAWS, TOGETHER, Totals
from production.errors import BadPaths

Floats = NDArray[np.float64]
Units = NDArray[np.int32]

MOST_CELLS: Final = 400_000_000
"""Whole numbers of 4 bytes that the paths may fill."""


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
    room = min(MOST_DRAWS, MOST_CELLS // max(count * periods, 1))
    if not 1 <= draws <= room:
        raise BadPaths(
            f"{draws} paths of {count} variants over {periods} periods cannot be drawn.",
            where="paths",
            fix=f"Ask for 1 to {room}.",
        )
    totals = Totals.of(forecast, mix, draws=draws, seed=seed, together=together)
    units = np.empty((draws, count, periods), dtype=np.int32)
    for block in totals.blocks():
        profile = forecast.weekly[block.rows]
        units[:, block.rows] = _by_period(block.units, profile, block.random)
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
