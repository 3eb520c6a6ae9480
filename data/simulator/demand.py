"""True demand of the generated market: what customers would take were everything in stock.

A customer visits with a fixed chance each week; a visit brings Poisson many order lines of
each variant, with mean basket x preference x market effect. The draw is by thinning: candidate
lines come from the preferences alone, at the rate of the week's largest effect, and each stays
with chance effect / largest effect. What falls through is what a customer looked at and left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.progress import Progress, silent
from data.simulator.catalogue import Catalogue
from data.simulator.categories import FAVOURITE_WEEKS, FAVOURITES
from data.simulator.customers import Customers, preferences

CELLS_A_BLOCK = 2_000_000
"""Cells of customers x variants that are held at once (16 MB an array)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Wanted order lines (N), by visit, then as drawn.

    Attributes:
        visit: (N,) int64, the visit's number; ascending.
        customer: (N,) int64, position of the customer.
        week: (N,) int64.
        variant: (N,) int64, position of the variant.
        quantity: (N,) int64, units.
    """

    visit: NDArray[np.int64]
    customer: NDArray[np.int64]
    week: NDArray[np.int64]
    variant: NDArray[np.int64]
    quantity: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.visit)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Lines:
        """Some of the lines, by mask or position."""
        return Lines(
            visit=self.visit[rows],
            customer=self.customer[rows],
            week=self.week[rows],
            variant=self.variant[rows],
            quantity=self.quantity[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What customers wanted.

    Attributes:
        wanted: order lines that they would take.
        browsed: a sample of candidate lines that they looked at and left.
        expected: (T, V) float64, the mean of wanted units before any luck.
    """

    wanted: Lines
    browsed: Lines
    expected: NDArray[np.float64]


def draw_demand(
    customers: Customers,
    catalogue: Catalogue,
    effects: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    browsing: float,
    progress: Progress = silent,
) -> Demand:
    """Demand of all customers, block by block of customers.

    O(customers x (variants + weeks)) time; memory for the lines and CELLS_A_BLOCK cells.

    Args:
        customers: who wants.
        catalogue: what there is.
        effects: (T, V) market effects.
        rng: the part's generator.
        browsing: browsed lines kept for each wanted one, on average.
        progress: told after each block.
    """
    size = max(1, CELLS_A_BLOCK // max(effects.shape[1], effects.shape[0]))
    base = np.zeros(effects.shape)
    wanted: list[Lines] = []
    browsed: list[Lines] = []
    visits = 0
    for start in range(0, len(customers), size):
        rows = slice(start, min(start + size, len(customers)))
        taste = preferences(customers, catalogue, rows)
        wheel = _Wheel(taste)
        favourites = _favourites(wheel, len(effects), rng)
        base += _rates(customers, rows, taste, favourites, len(effects))
        lines, accepted, count = _draw_block(
            customers, rows, wheel=wheel, favourites=favourites, effects=effects, rng=rng
        )
        lines = replace(lines, visit=lines.visit + visits)
        visits += count
        left = ~accepted
        share = min(1.0, browsing * accepted.sum() / max(left.sum(), 1))
        wanted.append(lines.take(accepted))
        browsed.append(lines.take(left & (rng.random(len(left)) < share)))
        progress("Simulating demand", rows.stop, len(customers))
    return Demand(wanted=_join(wanted), browsed=_join(browsed), expected=base * effects)


def _join(blocks: list[Lines]) -> Lines:
    """The lines of all blocks."""
    return Lines(
        visit=np.concatenate([b.visit for b in blocks]),
        customer=np.concatenate([b.customer for b in blocks]),
        week=np.concatenate([b.week for b in blocks]),
        variant=np.concatenate([b.variant for b in blocks]),
        quantity=np.concatenate([b.quantity for b in blocks]),
    )


class _Wheel:
    """Draws variants from the rows of a matrix of preferences, by inverse distribution."""

    def __init__(self, taste: NDArray[np.float64]) -> None:
        self.rows, self.variants = taste.shape
        heights = np.cumsum(taste, axis=1)
        heights /= heights[:, -1:]
        self.heights = (heights + np.arange(len(taste))[:, None]).ravel()

    def draw(self, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """(len(rows),) a variant for each row."""
        places = np.searchsorted(self.heights, rows + rng.random(len(rows)), side="right")
        variant: NDArray[np.int64] = np.minimum(places - rows * self.variants, self.variants - 1)
        return variant


def _favourites(wheel: _Wheel, weeks: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(B, spells, FAVOURITES) the variants that each customer of a block keeps to."""
    spells = -(-weeks // FAVOURITE_WEEKS)
    rows = np.repeat(np.arange(wheel.rows), spells * FAVOURITES)
    return wheel.draw(rows, rng).reshape(wheel.rows, spells, FAVOURITES)


def _rates(
    customers: Customers,
    rows: slice,
    taste: NDArray[np.float64],
    favourites: NDArray[np.int64],
    weeks: int,
) -> NDArray[np.float64]:
    """(T, V) mean units wanted by a block of customers, before market effects."""
    rate = customers.visits[rows] * customers.basket[rows] * (1 + customers.extra[rows])
    habit = customers.habit[rows]
    joined, lapsed = customers.joined[rows], customers.lapsed[rows]
    week = np.arange(weeks)
    active = (week >= joined[:, None]) & (week < lapsed[:, None])  # (B, T)
    rates: NDArray[np.float64] = (active * (rate * (1 - habit))[:, None]).T @ taste  # (T, V)
    spell = (week - joined[:, None]) // FAVOURITE_WEEKS  # (B, T)
    for nth in range(int(spell.max(initial=0)) + 1):
        person, at = np.nonzero(active & (spell == nth))
        cells = at[:, None] * taste.shape[1] + favourites[person, nth]  # (cells, FAVOURITES)
        weight = np.repeat((rate * habit / FAVOURITES)[person], FAVOURITES)
        rates += np.bincount(cells.ravel(), weight, rates.size).reshape(rates.shape)
    return rates


def _draw_block(
    customers: Customers,
    rows: slice,
    *,
    wheel: _Wheel,
    favourites: NDArray[np.int64],
    effects: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[Lines, NDArray[np.bool_], int]:
    """Candidate lines of a block of customers, which of them are wanted, and the visits."""
    week = np.arange(len(effects))
    joined, lapsed = customers.joined[rows], customers.lapsed[rows]
    active = (week >= joined[:, None]) & (week < lapsed[:, None])
    person, at = np.nonzero(active & (rng.random(active.shape) < customers.visits[rows][:, None]))
    ceiling = effects.max(axis=1)
    count = rng.poisson(customers.basket[rows][person] * ceiling[at])
    visit = np.repeat(np.arange(len(person)), count)
    person, at = person[visit], at[visit]
    variant = wheel.draw(person, rng)
    spell = (at - joined[person]) // FAVOURITE_WEEKS
    favourite = favourites[person, spell, rng.integers(0, FAVOURITES, len(person))]
    variant = np.where(rng.random(len(person)) < customers.habit[rows][person], favourite, variant)
    extra = customers.extra[rows][person]
    lines = Lines(
        visit=visit,
        customer=person + rows.start,
        week=at,
        variant=variant,
        quantity=1 + rng.poisson(extra * rng.gamma(2, 0.5, len(person))),
    )
    accepted = rng.random(len(lines)) * ceiling[at] < effects[at, variant]
    return lines, accepted, int(visit[-1]) + 1 if len(visit) else 0
