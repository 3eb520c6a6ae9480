"""Generated customers: taste, size, home and habits, and the preferences that follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from data.simulator.catalogue import Catalogue
from data.simulator.categories import (
    ARCHETYPES,
    COLOUR_POPULARITY,
    COLOURS,
    FACTORS,
    MATERIALS,
    MIDDLE_SIZE,
    REGION_SHARE,
    REGIONS,
    SIZE_SPAN,
    SIZES,
)
from data.simulator.settings import MarketSettings

TASTE_SCALE = 0.9
NORTHERN_WOOL = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """Everything true of the customers.

    Attributes:
        ids: (U,) str.
        region: (U,) int, position in REGIONS.
        taste: (U, F) float64, in the space of the styles' factors.
        colour: (U, C) float64, log preference for a colour.
        material: (U, M) float64, log preference for a material.
        size: (U,) float64, own size, in positions of SIZES.
        visits: (U,) float64, visits a week while active.
        basket: (U,) float64, order lines a visit, at list prices and in a common week.
        habit: (U,) float64, share of lines that repeat a favourite.
        extra: (U,) float64, mean units of a line beyond the first.
        joined, lapsed: (U,) int, first week of activity and first week after it.
    """

    ids: NDArray[np.str_]
    region: NDArray[np.int64]
    taste: NDArray[np.float64]
    colour: NDArray[np.float64]
    material: NDArray[np.float64]
    size: NDArray[np.float64]
    visits: NDArray[np.float64]
    basket: NDArray[np.float64]
    habit: NDArray[np.float64]
    extra: NDArray[np.float64]
    joined: NDArray[np.int64]
    lapsed: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def frame(self) -> pd.DataFrame:
        """The truth about every customer, one a row."""
        columns: dict[str, object] = {
            "customer_id": self.ids,
            "region": np.array(REGIONS)[self.region],
            "size": np.round(self.size, 2),
            "visits": np.round(self.visits, 4),
            "basket": np.round(self.basket, 2),
            "habit": np.round(self.habit, 3),
            "units_a_line": np.round(1 + self.extra, 2),
            "joined_week": self.joined,
            "lapsed_week": self.lapsed,
        }
        columns |= {f"taste_{f}": np.round(self.taste[:, f], 3) for f in range(FACTORS)}
        columns |= {
            f"colour_{name}": np.round(self.colour[:, c], 2) for c, (_, name) in enumerate(COLOURS)
        }
        columns |= {
            f"material_{name}": np.round(self.material[:, m], 2)
            for m, (_, name) in enumerate(MATERIALS)
        }
        return pd.DataFrame(columns)


def draw_customers(settings: MarketSettings, rng: np.random.Generator) -> Customers:
    """`settings.customers` customers; two thirds were there before the first week."""
    count = settings.customers
    kinds = rng.normal(0, 1.5, (ARCHETYPES, FACTORS))
    kind = rng.integers(0, ARCHETYPES, (count, 2))
    lean = rng.beta(3, 1, count)[:, None]
    taste = lean * kinds[kind[:, 0]] + (1 - lean) * kinds[kind[:, 1]]
    region = rng.choice(len(REGIONS), count, p=REGION_SHARE)
    material = rng.normal(0, 0.8, (count, len(MATERIALS)))
    material[:, 2] += NORTHERN_WOOL * (region == 1)
    total = settings.weeks + settings.future_weeks
    there = rng.random(count) < 2 / 3
    joined = np.where(there, 0, rng.integers(1, max(total, 2), count))
    trader = rng.random(count) < 0.02
    return Customers(
        ids=np.array([f"{number}" for number in 10_001 + rng.permutation(count)]),
        region=region,
        taste=taste + rng.normal(0, 0.35, (count, FACTORS)),
        colour=np.log(COLOUR_POPULARITY) + rng.normal(0, 1.1, (count, len(COLOURS))),
        material=material,
        size=np.clip(rng.normal(MIDDLE_SIZE, 0.9, count), 0.0, len(SIZES) - 1.0),
        visits=np.minimum(settings.visits * rng.gamma(1.5, 1 / 1.5, count), 1.0),
        basket=settings.basket * rng.gamma(4, 1 / 4, count),
        habit=_around(settings.habit, rng, count),
        extra=np.where(trader, rng.lognormal(1.4, 0.5, count), rng.gamma(2, 0.15, count)),
        joined=joined,
        lapsed=joined + rng.geometric(settings.lapse, count),
    )


def _around(mean: float, rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """(count,) shares that scatter about their mean; all alike at 0 and at 1."""
    draws = rng.random((2, count))
    spread = 0.8 * min(mean, 1 - mean)
    shares: NDArray[np.float64] = mean + spread * (draws[0] - draws[1])
    return shares


def preferences(customers: Customers, catalogue: Catalogue, rows: slice) -> NDArray[np.float64]:
    """True preference of some customers for every variant, favourites left aside.

    P(variant) = softmax over styles of (taste · factors + appeal) x softmax within the style of
    (colour + material - (size misfit)² / (2 span²)). O(customers x variants).

    Returns:
        (customers of `rows`, V) float64; each row sums to one.
    """
    pull = TASTE_SCALE * customers.taste[rows] @ catalogue.factors.T + catalogue.appeal  # (B, S)
    style = softmax(pull, axis=1)
    misfit = customers.size[rows, None] - catalogue.size[None, :]
    form = np.exp(
        customers.colour[rows][:, catalogue.colour]
        + customers.material[rows][:, catalogue.material]
        - 0.5 * (misfit / SIZE_SPAN) ** 2
    )  # (B, V)
    whole = np.add.reduceat(form, catalogue.first, axis=1)  # (B, S)
    shares: NDArray[np.float64] = form * (style / whole)[:, catalogue.style]
    return shares
