"""Demand over a whole horizon, drawn by variant, so that sums over any variants make sense.

A forecast says how much each variant may sell, not what goes together. Two things do: the
variants of a style share its fortune, and compete for it. Draws take their margins from the
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

Units are whole and never negative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from production.allocation.quantiles import DemandCurves
from production.demand.forecast import LEVELS, Forecast
from production.demand.mix.candidates import within
from production.demand.mix.shares import Mix
from production.errors import BadPaths

Floats = NDArray[np.float64]

MOST_DRAWS: Final = 10_000

MOST_UNITS: Final = 1_000_000_000
"""Units of a variant over the horizon that a draw can hold."""

BLOCK_CELLS: Final = 2_000_000
"""Draws times variants that are worked on at once."""

LEAST_SPREAD: Final = 0.05
"""Least coefficient of variation of a style's total."""

TOGETHER: Final = 0.1
"""Part of the variance of a style's log total that all styles share. Of the past errors of
exponential smoothing it was .04 in the first half of Online Retail II and .24 in the generated
shop, whose season that method does not know."""


@dataclass(frozen=True, slots=True)
class Block:
    """The draws of some variants, of whole styles.

    Attributes:
        rows: (B,) which variants.
        units: (N, B) whole units over the horizon, never negative.
        random: where these draws' randomness goes on.
    """

    rows: NDArray[np.intp]
    units: NDArray[np.int64]
    random: np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Demand drawn N times for V variants, over the whole horizon.

    Nothing is held: each pass over the blocks draws the same units anew.

    Attributes:
        variants: (V,) str, variant ids, as in the forecast.
        curves: the margins.
        mix: the styles, and how firm their shares are.
        draws: N.
        seed: the only source of randomness.
        together: part of the variance of a style's log total that all styles share.
    """

    variants: NDArray[np.object_]
    curves: DemandCurves
    mix: Mix
    draws: int
    seed: int
    together: float

    @classmethod
    def of(
        cls,
        forecast: Forecast,
        mix: Mix,
        *,
        draws: int,
        seed: int = 0,
        together: float = TOGETHER,
    ) -> Self:
        """Demand whose margins are a forecast's.

        Args:
            forecast: quantiles of V variants.
            mix: their styles, and how firm their shares are; same order.
            draws: N, 1 to MOST_DRAWS.
            seed: the only source of randomness.
            together: part of the variance of a style's log total that all styles share, 0 to 1.

        Raises:
            BadPaths: so many draws or units are not to be had, or the mix is of other variants.
            BadDemand: quantiles that are negative, crossing or no numbers.
        """
        _refuse(draws, len(forecast.variants), len(mix.style))
        curves = DemandCurves.from_quantiles(LEVELS, forecast.quantiles, forecast.variants)
        if len(curves) and curves.highest().max() > MOST_UNITS:
            raise BadPaths(
                f"Demand of variant '{forecast.variants[curves.highest().argmax()]}' may exceed "
                f"{MOST_UNITS:,} units.",
                where="forecast",
                fix="Look at the orders that it was learned from: they hold a slip of the hand.",
            )
        return cls(
            variants=forecast.variants,
            curves=curves,
            mix=mix,
            draws=draws,
            seed=seed,
            together=together,
        )

    def blocks(self) -> Iterator[Block]:
        """All variants, block by block; each pass gives the same.

        A block is of whole styles and of about BLOCK_CELLS cells.
        """
        common = np.random.default_rng((self.seed, 0)).standard_normal(self.draws)
        spread = _spread(self.curves, self.mix)
        for number, rows in enumerate(_blocks(self.mix.style, self.draws)):
            random = np.random.default_rng((self.seed, 1, number))
            order = _template_ranks(
                self.mix, rows, spread, random, common=common, together=self.together
            )
            yield Block(rows, _margins(self.curves.take(rows), order, random), random)


def _refuse(draws: int, count: int, mixed: int) -> None:
    if not 1 <= draws <= MOST_DRAWS:
        raise BadPaths(
            f"{draws} draws of the demand for {count} variants cannot be drawn.",
            where="draws",
            fix=f"Ask for 1 to {MOST_DRAWS}.",
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
