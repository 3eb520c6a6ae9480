"""What becomes of demand: stock, stock-outs and substitution.

The shop keeps stock by a simple rule (an order-up-to level from recent sales, two weeks of
lead time), sees only what it sells, and so runs out now and then. A customer who finds a
variant sold out takes a sibling of the same style or leaves; what is left of demand is sales.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.progress import Progress, silent
from data.simulator.catalogue import Catalogue
from data.simulator.demand import Demand, Lines
from data.simulator.factors import DAYS, Factors
from data.simulator.settings import MarketSettings

LEAD: Final = 2
"""Weeks from a replenishment order to its arrival."""

MEMORY: Final = 6
"""Weeks of sales that the shop's stock rule looks back on."""

GUESS_NOISE: Final = 0.25
"""Log deviation of the shop's guesses about the weeks to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales:
    """What the shop sold, and what it could not.

    Attributes:
        sold: lines sold, after substitution, by visit; at most one line a visit and variant.
        lost: wanted lines whose variant was sold out, also those that became a sibling's.
        sold_units: (weeks, V) int64, substitutes counted where they were sold.
        lost_units: (weeks, V) int64, units wanted of a variant that was sold out.
        on_hand: (V,) int64, stock after the last week.
        opening: (weeks, V) int64, stock on Monday, what came in that day counted.
        in_stock: (weeks, V) float64, share of the week's customers who came before the variant
            ran out: before none was left, or too little for the one who asked.
    """

    sold: Lines
    lost: Lines
    sold_units: NDArray[np.int64]
    lost_units: NDArray[np.int64]
    on_hand: NDArray[np.int64]
    opening: NDArray[np.int64]
    in_stock: NDArray[np.float64]


def sell(
    settings: MarketSettings,
    catalogue: Catalogue,
    demand: Demand,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> Sales:
    """Serve demand week by week from stock; O(lines log lines + weeks x variants)."""
    weeks, variants = settings.weeks, len(catalogue)
    lines = demand.wanted.take(demand.wanted.week < weeks)
    lines = lines.take(np.lexsort((rng.random(len(lines)), lines.week)))  # in order of arrival
    edges = np.searchsorted(lines.week, np.arange(weeks + 1))
    shop = _Shop(settings, catalogue, demand.expected, rng)
    taken = lines.variant.copy()
    served = np.zeros(len(lines), np.bool_)
    for week in range(weeks):
        here = slice(edges[week], edges[week + 1])
        shop.receive(week)
        taken[here], served[here] = shop.serve(week, lines.variant[here], lines.quantity[here])
        shop.reorder(week)
        progress("Simulating sales", week + 1, weeks)
    as_wanted = served & (taken == lines.variant)
    lost = lines.take(~as_wanted)
    return Sales(
        sold=_merge(replace(lines, variant=taken).take(served), variants),
        lost=lost,
        sold_units=shop.sold,
        lost_units=units_by_week(lost, (weeks, variants)),
        on_hand=shop.stock,
        opening=shop.opening,
        in_stock=shop.in_stock,
    )


class _Shop:
    """The shop's stock, what is on its way, and its rule for ordering more."""

    def __init__(
        self,
        settings: MarketSettings,
        catalogue: Catalogue,
        expected: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> None:
        self.settings, self.catalogue, self.expected, self.rng = settings, catalogue, expected, rng
        self.stock = np.zeros(len(catalogue), np.int64)
        self.pipeline = np.zeros((LEAD, len(catalogue)), np.int64)
        self.sold = np.zeros((settings.weeks, len(catalogue)), np.int64)
        self.opening = np.zeros((settings.weeks, len(catalogue)), np.int64)
        self.in_stock = np.zeros((settings.weeks, len(catalogue)))

    def target(self, mean: NDArray[np.float64]) -> NDArray[np.int64]:
        """(V,) the order-up-to level for a mean of weekly units, as the shop guesses it."""
        guess = mean * self.rng.lognormal(0, GUESS_NOISE, len(mean))
        return np.ceil(guess * (self.settings.cover + LEAD)).astype(np.int64)

    def receive(self, week: int) -> None:
        """Take in what was ordered, and the first stock of what is launched."""
        launched = np.maximum(self.catalogue.launch, 0) == week
        self.stock = self.stock + self.pipeline[0] + launched * self.target(self.expected[week])

    def serve(
        self, week: int, variant: NDArray[np.int64], quantity: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The variant that each customer takes, and whether there was enough of it."""
        self.opening[week] = self.stock
        self.in_stock[week] = _in_stock(self.stock, variant, quantity)
        served = self._sell(variant, quantity)
        sibling = _siblings(self.catalogue, variant, week, self.rng)
        tries = self.rng.random(len(variant)) < self.settings.substitution
        tries &= ~served & (sibling >= 0)
        served[tries] = self._sell(sibling[tries], quantity[tries])
        taken = np.where(tries, sibling, variant)
        units = np.bincount(taken[served], quantity[served], len(self.stock))
        self.sold[week] = units.astype(np.int64)
        return taken, served

    def reorder(self, week: int) -> None:
        """Order up to the target, but nothing that will be withdrawn before it arrives."""
        recent = self.sold[max(0, week + 1 - MEMORY) : week + 1].mean(axis=0)
        missing = self.target(recent) + 1 - self.stock - self.pipeline[1:].sum(axis=0)
        alive = (self.catalogue.launch <= week) & (self.catalogue.withdrawal > week + LEAD)
        order = np.where(alive, np.maximum(missing, 0), 0)
        self.pipeline = np.vstack([self.pipeline[1:], order])

    def _sell(self, variant: NDArray[np.int64], quantity: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which lines, first come first served, find all their units; those leave the stock."""
        served = _asked(variant, quantity) <= self.stock[variant]
        used = np.bincount(variant[served], quantity[served], len(self.stock))
        self.stock = self.stock - used.astype(np.int64)
        return served


def _asked(variant: NDArray[np.int64], quantity: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) units asked of each line's variant up to and with that line."""
    order = np.argsort(variant, kind="stable")
    units = quantity[order]
    running = np.cumsum(units)
    first = np.searchsorted(variant[order], variant[order])
    asked = np.empty(len(order), np.int64)
    asked[order] = running - (running - units)[first]
    return asked


def _in_stock(
    stock: NDArray[np.int64], variant: NDArray[np.int64], quantity: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(V,) share of a week's lines, in order of arrival, that came before a variant ran out."""
    asked = _asked(variant, quantity)
    clock = np.arange(len(variant)) / max(len(variant), 1)
    until = np.where(stock > 0, 1.0, 0.0)
    out = asked >= stock[variant]
    # The last unit is still sold: the variant is gone after that line, not before it.
    since = clock[out] + (asked[out] == stock[variant[out]]) / max(len(variant), 1)
    np.minimum.at(until, variant[out], since)
    return until


def units_by_week(lines: Lines, shape: tuple[int, int]) -> NDArray[np.int64]:
    """(weeks, V) units of the lines, those of later weeks left out."""
    lines = lines.take(lines.week < shape[0])
    cells = np.bincount(lines.week * shape[1] + lines.variant, lines.quantity, shape[0] * shape[1])
    return cells.astype(np.int64).reshape(shape)


def stock_frame(catalogue: Catalogue, factors: Factors, sales: Sales) -> pd.DataFrame:
    """The canonical `stock` table: every variant in every week that it is on sale.

    Shares are rounded to whole per cent, as a shop writes them down; only a variant that never
    ran out has all of the week, only one that was never there has nothing of it.
    """
    weeks = np.arange(len(sales.in_stock))[:, None]
    on_sale = (catalogue.launch <= weeks) & (catalogue.withdrawal > weeks)
    week, variant = np.nonzero(on_sale)
    share = sales.in_stock[week, variant]
    rounded = np.clip(np.round(share, 2), 0.01, 0.99)
    return pd.DataFrame(
        {
            "variant_id": catalogue.variant_ids[variant],
            "date": factors.days[week * DAYS].astype("datetime64[us]"),
            "in_stock": np.where((share > 0) & (share < 1), rounded, share),
            "on_hand": sales.opening[week, variant],
        }
    ).sort_values(["variant_id", "date"], kind="stable", ignore_index=True)


def _siblings(
    catalogue: Catalogue, variant: NDArray[np.int64], week: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """For each variant one drawn from its style; -1 unless it is another, of the same size."""
    style = catalogue.style[variant]
    count = np.append(catalogue.first[1:], len(catalogue)) - catalogue.first
    sibling = catalogue.first[style] + rng.integers(0, count[style])
    fits = (sibling != variant) & (catalogue.size[sibling] == catalogue.size[variant])
    fits &= (catalogue.launch[sibling] <= week) & (catalogue.withdrawal[sibling] > week)
    return np.where(fits, sibling, -1)


def _merge(lines: Lines, variants: int) -> Lines:
    """One line for each visit and variant, quantities summed."""
    cells, first, place = np.unique(
        lines.visit * variants + lines.variant, return_index=True, return_inverse=True
    )
    units = np.bincount(place, lines.quantity, len(cells)).astype(np.int64)
    return replace(lines.take(first), quantity=units)
