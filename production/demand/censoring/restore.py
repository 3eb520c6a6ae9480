"""Demand restored from sales and stock: what was sold, less substitutes, plus what was missed.

Periods are gone through in order, and what is restored in one uses it and earlier ones alone.
So the restored past is the same at every later origin, and nothing lies beyond any of them.

In a period a variant is expected to sell level x season lines were it in stock throughout, its
level being the decayed mean of earlier first-choice lines per exposure, its season how the
variants that were there did against their levels. The rate has a gamma prior of that mean, and
the period's own sales in its own exposure update it (Poisson-gamma; sales until a stock-out have
the likelihood of sales in a time set beforehand, so the stop needs no correction). What was
missed is that rate for the time out of stock. A period never in stock has nothing to update
with and takes the prior's mean.

With the choice model, siblings are customers of one style: the style's sales update the rate of
all its variants, and a variant's exposure becomes its reach (`choice`), the part of its sales
that came from customers of a sibling going back to that sibling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.demand.censoring.choice import Spells, fit_choice
from production.demand.censoring.recapture import Recapture

MEMORY: Final = 0.15
"""Weight of the newest week in a variant's level."""

OWN: Final = 2.0
"""Gamma shape of a variant's rate around its expectation: lines that the prior is worth."""

SHARED: Final = 8.0
"""The same for the rate of a whole style."""

SEASON: Final = 10.0
"""Lines that the shop's season is worth beside a group's, and no season beside the shop's."""

MOST: Final = 4.0
"""A period's own sales may lift its rate to so many times what was expected, no further."""

BORROWED: Final = 1.0
"""Weeks of exposure that the style's mean level is worth beside a variant's own."""

BORROWED_LINES: Final = 5.0
"""Order lines that the shop's usual units a line are worth beside a variant's own."""

BULK: Final = 10.0
"""A period's units a line count for at most so many times the usual."""

LONGEST_OUT: Final = 13
"""Weeks without stock in a row after which a variant counts as withdrawn, and is not missed."""

REFIT: Final = 8
"""Weeks after which the choice model is fitted anew."""

WINDOW: Final = 26
"""Weeks that it is fitted on, the ones before."""

FIRST_FIT: Final = 8
"""Weeks before its first fit; until then nobody is taken to substitute."""

ITERATIONS: Final = 50
"""Of each fit at most; it starts from the last one's weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """What was sold, and what could have been.

    Attributes:
        units: (V, T) float64, units sold.
        lines: (V, T) float64, order lines sold.
        in_stock: (V, T) float64, share of each period in stock. Where it says none and lines were
            sold all the same, the sale is believed: the variant counts as in stock.
        style: (V,) position of each variant's style.
        group: (V,) position of the group whose variants share a season.
        first: (V,) position of the first period on sale; earlier ones stay as they are.
        last: (V,) position of the first period no longer on sale; T for none.
        per_week: periods a week.
    """

    units: NDArray[np.float64]
    lines: NDArray[np.float64]
    in_stock: NDArray[np.float64]
    style: NDArray[np.int32]
    group: NDArray[np.int32]
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    per_week: int = 1

    def __post_init__(self) -> None:
        mistaken = (self.in_stock <= 0) & (self.lines > 0)
        if mistaken.any():
            object.__setattr__(self, "in_stock", np.where(mistaken, 1.0, self.in_stock))

    def offered(self, period: int) -> NDArray[np.bool_]:
        """(V,) whether a variant belongs to the assortment, in stock or not."""
        result: NDArray[np.bool_] = (self.first <= period) & (period < self.last)
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """One fit of the choice model.

    Attributes:
        period: position of the period that it stands before.
        share: the market share s; 0 where nobody was found to substitute, and nothing fitted.
        iterations: how many EM took.
        converged: whether it ended before the bound.
    """

    period: int
    share: float
    iterations: int = 0
    converged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Demand as customers wanted it first, as far as sales and stock tell.

    Attributes:
        units: (V, T) float64, restored units; not below what was sold, but for substitutes.
        lines: (V, T) float64, restored order lines.
        missed: (V, T) float64, the units of these that were wanted while out of stock.
        fits: the choice model's fits, by period.
    """

    units: NDArray[np.float64]
    lines: NDArray[np.float64]
    missed: NDArray[np.float64]
    fits: tuple[Fitted, ...] = ()

    def fitted(self, period: int) -> tuple[Fitted, ...]:
        """The fits that stand on periods before a period."""
        return tuple(fit for fit in self.fits if fit.period <= period)


def restore_exposure(sold: Sold) -> Restored:
    """Restored by in-stock exposure alone: never below what was sold. O(V T)."""
    walk = _Walk(sold, pooled=False)
    for period in range(sold.units.shape[1]):
        walk.step(period)
    return walk.restored()


def restore_choice(sold: Sold, share: float | None = None) -> Restored:
    """Restored by the choice model with substitution.

    O(V T), and a fit on WINDOW weeks each REFIT weeks once anybody substitutes.

    Args:
        sold: sales and stock.
        share: the market share s, from 0 to less than 1; None finds it in the past, period by
            period (`recapture`).
    """
    walk = _Walk(sold, pooled=True)
    evidence = Recapture()
    for period in range(sold.units.shape[1]):
        week, begins = divmod(period, sold.per_week)
        if begins == 0 and week >= FIRST_FIT and (week - FIRST_FIT) % REFIT == 0:
            walk.share = evidence.share if share is None else share
            walk.fit(period)
        walk.step(period, evidence if share is None else None)
    return walk.restored()


class _Walk:
    """What is known of every variant so far, and the restored past."""

    def __init__(self, sold: Sold, *, pooled: bool) -> None:
        count = len(sold.units)
        self.sold, self.pooled, self.share = sold, pooled, 0.0
        self.style, self.group = sold.style.astype(np.int64), sold.group.astype(np.int64)
        self.styles = int(self.style.max(initial=-1)) + 1
        self.groups = int(self.group.max(initial=-1)) + 1
        self.keep = (1 - MEMORY) ** (1 / sold.per_week)
        self.seen, self.exposure = np.zeros(count), np.zeros(count)  # decayed
        self.all_units, self.all_lines = np.zeros(count), np.zeros(count)
        self.out = np.zeros(count)  # periods without stock in a row
        self.weights: NDArray[np.float64] | None = None
        self.units, self.lines = sold.units.copy(), sold.lines.copy()
        self.missed = np.zeros_like(sold.units)
        self.fits: list[Fitted] = []

    def restored(self) -> Restored:
        """What came of the walk."""
        return Restored(
            units=self.units,
            lines=self.lines,
            missed=self.missed,
            fits=tuple(self.fits),
        )

    def fit(self, period: int) -> None:
        """Weights of the choice model from the WINDOW weeks before a period."""
        sold = self.sold
        if self.share <= 0:
            self.fits.append(Fitted(period=period, share=0.0))
            return
        span = np.arange(max(0, period - WINDOW * sold.per_week), period)
        model = fit_choice(
            sold.lines[:, span],
            sold.in_stock[:, span],
            sold.style,
            share=self.share,
            offered=np.stack([sold.offered(one) for one in span.tolist()], axis=1),
            emphasis=self.keep ** (period - 1 - span),
            start=self.weights,
            most=ITERATIONS,
        )
        self.weights = model.weights
        self.fits.append(
            Fitted(
                period=period,
                share=self.share,
                iterations=model.iterations,
                converged=model.converged,
            )
        )

    def step(self, period: int, evidence: Recapture | None = None) -> None:
        """Restore one period, then learn from it."""
        sold, offered = self.sold, self.sold.offered(period)
        present = sold.in_stock[:, period]
        lines = np.where(offered, sold.lines[:, period], 0.0)
        level = np.where(offered, self.level(), 0.0)
        short = self._by_style(offered & (present < 1)) > 0  # (V,) something of the style is out
        if evidence is not None:
            usual = level * self._season(lines, level, offered & ~short)
            some = np.flatnonzero(offered & short)
            evidence.see(lines[some], present[some], self.style[some], usual[some])
        reach = self._reach(present, level, offered & short)
        mean = level * self._season(lines, level * reach, offered)
        if self.pooled:
            met = (self._by_style(lines) + SHARED) / (self._by_style(mean * reach) + SHARED)
            mean = mean * met
        rate = mean * np.minimum((OWN + lines) / (OWN + mean * reach), MOST)
        self.out = np.where(present <= 0, self.out + 1, 0)
        missing = offered & (present < 1) & (self.out <= LONGEST_OUT * sold.per_week)
        missed = np.where(missing, (1 - present) * rate, 0.0)
        first = np.divide(present, reach, out=np.ones_like(present), where=reach > 0)
        self._write(period, missed, first, self._units_a_line(period))
        self.seen = self.keep * self.seen + lines * first
        self.exposure = self.keep * self.exposure + np.where(offered, present, 0.0)

    def level(self) -> NDArray[np.float64]:
        """(V,) lines a period in full stock, shrunk to the mean of the style's variants."""
        seen, exposure = self._by_style(self.seen), self._by_style(self.exposure)
        common = np.divide(seen, exposure, out=np.zeros_like(seen), where=exposure > 0)
        worth = BORROWED * self.sold.per_week
        result: NDArray[np.float64] = (self.seen + worth * common) / (self.exposure + worth)
        return result

    def _reach(
        self, present: NDArray[np.float64], level: NDArray[np.float64], short: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """(V,) what `Spells.reach` gives, by the fitted weights; in stock where nobody moves."""
        reach = present.copy()
        rows = np.flatnonzero(short)
        if self.share > 0 and self.weights is not None and len(rows):
            # A variant that the last fit could not know weighs as its level does.
            fitted = self._by_style(np.where(short, self.weights, 0.0))[rows]
            size = self._by_style(np.where(short & (self.weights > 0), level, 0.0))[rows]
            scale = np.divide(fitted, size, out=np.zeros_like(size), where=size > 0)
            weight = self.weights[rows]
            weight = np.where(weight > 0, weight, level[rows] * scale)
            reach[rows] = Spells(present[rows], self.style[rows]).reach(weight, self.share)
        return reach

    def _season(
        self,
        lines: NDArray[np.float64],
        expected: NDArray[np.float64],
        some: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """(V,) lines over what was expected, by group, shrunk to the shop's and that to 1."""
        got, due = np.where(some, lines, 0.0), np.where(some, expected, 0.0)
        shop = (got.sum() + SEASON) / (due.sum() + SEASON)
        if self.groups == 1:
            return np.full(len(lines), shop)
        mine = np.bincount(self.group, got, self.groups) + SEASON * shop
        usual = np.bincount(self.group, due, self.groups) + SEASON
        result: NDArray[np.float64] = (mine / usual)[self.group]
        return result

    def _units_a_line(self, period: int) -> NDArray[np.float64]:
        """(V,) usual units of an order line up to a period, bulk orders bounded."""
        units, lines = self.sold.units[:, period], self.sold.lines[:, period]
        before = (self.all_units.sum(), self.all_lines.sum())
        over, under = before if before[1] > 0 else (units.sum(), lines.sum())
        shop = over / under if under > 0 else 1.0
        usual = (self.all_units + BORROWED_LINES * shop) / (self.all_lines + BORROWED_LINES)
        self.all_units = self.all_units + np.minimum(units, BULK * usual * lines)
        self.all_lines = self.all_lines + lines
        result: NDArray[np.float64] = usual
        return result

    def _write(
        self,
        period: int,
        missed: NDArray[np.float64],
        first: NDArray[np.float64],
        units_a_line: NDArray[np.float64],
    ) -> None:
        """Put down a period's restored demand: first choices served, and those missed."""
        units = self.sold.units[:, period]
        self.missed[:, period] = missed * units_a_line
        self.lines[:, period] = self.sold.lines[:, period] * first + missed
        self.units[:, period] = units * first + self.missed[:, period]

    def _by_style(self, values: NDArray[np.float64] | NDArray[np.bool_]) -> NDArray[np.float64]:
        """(V,) sum over each variant's style."""
        total = np.bincount(self.style, values, self.styles).astype(float)
        result: NDArray[np.float64] = total[self.style]
        return result
