"""The generated catalogue: styles, their variants, launches and discontinuations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.simulator.categories import (
    CATEGORIES,
    COLOUR_POPULARITY,
    COLOURS,
    FACTORS,
    MATERIAL_COST,
    MATERIALS,
    MIDDLE_SIZE,
    PLANTS,
    SIZES,
)
from data.simulator.settings import MarketSettings

NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Styles and variants; variants of a style lie side by side.

    Attributes:
        style_ids: (S,) str.
        names: (S,) str, a style's title.
        category: (S,) int, position in CATEGORIES.
        factors: (S, F) float64, where a style lies in the space of tastes.
        appeal: (S,) float64, log popularity.
        first: (S,) int, position of a style's first variant.
        variant_ids: (V,) str.
        style: (V,) int, position of a variant's style.
        colour, size, material: (V,) int, positions in COLOURS, SIZES, MATERIALS.
        price, unit_cost, salvage: (V,) float64, money a unit.
        launch: (V,) int, the week from which it is on sale; 0 or less: from before the start.
        withdrawal: (V,) int, the first week in which it is not; NEVER if it stays.
    """

    style_ids: NDArray[np.str_]
    names: NDArray[np.str_]
    category: NDArray[np.int64]
    factors: NDArray[np.float64]
    appeal: NDArray[np.float64]
    first: NDArray[np.int64]
    variant_ids: NDArray[np.str_]
    style: NDArray[np.int64]
    colour: NDArray[np.int64]
    size: NDArray[np.int64]
    material: NDArray[np.int64]
    price: NDArray[np.float64]
    unit_cost: NDArray[np.float64]
    salvage: NDArray[np.float64]
    launch: NDArray[np.int64]
    withdrawal: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.variant_ids)

    def frame(self, start: date) -> pd.DataFrame:
        """The canonical `variants` table, with category, colour, size and material."""
        known = self.launch > 0
        gone = self.withdrawal != NEVER
        monday = np.datetime64(start, "us")
        week = np.timedelta64(7, "D")
        return pd.DataFrame(
            {
                "variant_id": self.variant_ids,
                "style_id": self.style_ids[self.style],
                "title": _titles(self),
                "price": self.price,
                "unit_cost": self.unit_cost,
                "salvage_value": self.salvage,
                "introduced_at": _days(monday + self.launch * week, known),
                "discontinued_at": _days(monday + np.where(gone, self.withdrawal, 0) * week, gone),
                "category": np.array([c.name for c in CATEGORIES])[self.category][self.style],
                "colour": np.array([name for _, name in COLOURS])[self.colour],
                "size": np.array(SIZES)[self.size],
                "material": np.array([name for _, name in MATERIALS])[self.material],
            }
        )


def draw_catalogue(settings: MarketSettings, rng: np.random.Generator) -> Catalogue:
    """A catalogue of `settings.styles` styles with about nine variants each."""
    count = settings.styles
    share = np.array([c.share for c in CATEGORIES])
    category = np.sort(_proportional(share, count))
    codes = np.array([c.code for c in CATEGORIES])[category]
    number = np.arange(count) + 1 - np.searchsorted(category, category)
    style_ids = np.array([f"{c}{n:03d}" for c, n in zip(codes, number, strict=True)])
    style, colour, size, material = _forms(count, rng)
    launch, withdrawal = _life(settings, style, colour, rng)
    base = np.array([c.price for c in CATEGORIES])[category] * np.exp(rng.normal(0, 0.22, count))
    list_price = np.round(base, 0)[style] + 0.0
    cost_share = rng.uniform(0.34, 0.48, count)[style]
    unit_cost = np.round(list_price * cost_share * np.array(MATERIAL_COST)[material], 2)
    centre = rng.normal(0, 0.7, (len(CATEGORIES), FACTORS))
    return Catalogue(
        style_ids=style_ids,
        names=_names(category, number),
        category=category,
        factors=centre[category] + rng.normal(0, 0.8, (count, FACTORS)),
        appeal=rng.normal(0, 0.65, count),
        first=np.searchsorted(style, np.arange(count)),
        variant_ids=_ids(style_ids, style, colour, size, material),
        style=style,
        colour=colour,
        size=size,
        material=material,
        price=list_price,
        unit_cost=unit_cost,
        salvage=np.round(unit_cost * rng.uniform(0.3, 0.6, count)[style], 2),
        launch=launch,
        withdrawal=withdrawal,
    )


def _proportional(share: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """`count` positions in `share`, in proportion to it."""
    edges = np.cumsum(share) / share.sum()
    return np.searchsorted(edges, (np.arange(count) + 0.5) / count)


def _forms(
    styles: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Style, colour, size and material of every variant: all combinations that a style has."""
    popularity = np.array(COLOUR_POPULARITY)
    taste = np.log(popularity) + rng.gumbel(0, 1, (styles, len(COLOURS)))
    colours = np.argsort(-taste, axis=1)
    colour_count = rng.choice([2, 3], styles, p=[0.5, 0.5])
    size_count = rng.choice([2, 3, 4], styles, p=[0.2, 0.6, 0.2])
    smallest = np.where(size_count >= 3, MIDDLE_SIZE - 1, MIDDLE_SIZE - rng.integers(0, 2, styles))
    materials = np.argsort(rng.random((styles, len(MATERIALS))), axis=1)
    material_count = rng.choice([1, 2], styles, p=[0.85, 0.15])
    total = colour_count * size_count * material_count
    style = np.repeat(np.arange(styles), total)
    nth = np.arange(len(style)) - np.repeat(np.cumsum(total) - total, total)
    size = nth % size_count[style]
    colour = nth // size_count[style] % colour_count[style]
    material = nth // (size_count * colour_count)[style]
    return style, colours[style, colour], smallest[style] + size, materials[style, material]


def _life(
    settings: MarketSettings,
    style: NDArray[np.int64],
    colour: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Weeks of launch and withdrawal of every variant.

    Three styles in ten are launched on the way and one in ten is withdrawn; one in six of the
    styles gets one of its colours later than the others.
    """
    styles, weeks = settings.styles, settings.weeks
    old = rng.random(styles) < 0.7
    launch = np.where(old, 0, rng.integers(1, weeks, styles))
    gone = rng.random(styles) < 0.1
    last = np.minimum(launch + rng.integers(30, 90, styles), weeks + settings.future_weeks)
    withdrawal = np.where(gone & (last < weeks), last, NEVER)
    late = rng.random(styles) < 1 / 6
    late_week = np.minimum(launch + rng.integers(8, 60, styles), weeks - 1)
    first_colour = colour[np.searchsorted(style, np.arange(styles))]
    is_late = late[style] & (colour == first_colour[style])
    is_late &= late_week[style] < withdrawal[style]
    return np.where(is_late, late_week[style], launch[style]), withdrawal[style]


def _names(category: NDArray[np.int64], number: NDArray[np.int64]) -> NDArray[np.str_]:
    """A plant and a garment: "Hazel jumper"; a number where the plants run out."""
    labels = []
    for place, (kind, nth) in enumerate(zip(category, number, strict=True)):
        turn = place // len(PLANTS)
        again = f" {turn + 1}" if turn else ""
        labels.append(f"{PLANTS[(place * 5 + nth) % len(PLANTS)]} {CATEGORIES[kind].title}{again}")
    return np.array(labels)


def _ids(
    style_ids: NDArray[np.str_],
    style: NDArray[np.int64],
    colour: NDArray[np.int64],
    size: NDArray[np.int64],
    material: NDArray[np.int64],
) -> NDArray[np.str_]:
    """`KN012-NAV-M-WO`: style, colour, size, material."""
    parts = zip(style_ids[style], colour, size, material, strict=True)
    return np.array([f"{s}-{COLOURS[c][0]}-{SIZES[z]}-{MATERIALS[m][0]}" for s, c, z, m in parts])


def _days(days: NDArray[np.datetime64], known: NDArray[np.bool_]) -> pd.Series:
    """Days, missing where they are not known."""
    series: pd.Series = pd.Series(days).where(known)
    return series


def _titles(catalogue: Catalogue) -> list[str]:
    """`Hazel jumper, navy, M, wool`."""
    rows = zip(
        catalogue.names[catalogue.style],
        catalogue.colour,
        catalogue.size,
        catalogue.material,
        strict=True,
    )
    return [f"{n}, {COLOURS[c][1]}, {SIZES[z]}, {MATERIALS[m][1]}" for n, c, z, m in rows]
