"""What market factors, seasons and fashion make of demand, week by week and variant by variant."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from data.simulator.catalogue import Catalogue
from data.simulator.categories import CATEGORIES, COLOURS, MATERIAL_PEAK, MATERIAL_SEASON
from data.simulator.factors import Factors

ADVERTISING: Final = 0.15
"""Log lift of a campaign for the whole assortment beyond its price cut."""

LAUNCH: Final = 0.6
"""A launched style starts at (1 + this) times its level."""

LAUNCH_WEEKS: Final = 6.0
"""E-folding time of the launch effect, weeks."""

GIFT_WEEKS: Final = (48, 51)
"""ISO weeks over which the Christmas lift grows from a quarter to the whole."""


def market_effects(
    catalogue: Catalogue, factors: Factors, rng: np.random.Generator
) -> NDArray[np.float64]:
    """How much demand for each variant is multiplied in each week.

    The product of season, weather, Christmas, price and advertising, launch, the slow fashion
    of styles and colours, and 0 while a variant is not on sale.

    Returns:
        (T, V) float64, T = weeks + future_weeks.
    """
    by_category = _category_effects(factors)  # (T, C) logs
    weeks = len(factors.iso_week)
    styles = _fashion(weeks, len(catalogue.style_ids), rng, persistence=0.97, deviation=0.30)
    colours = _fashion(weeks, len(COLOURS), rng, persistence=0.985, deviation=0.35)
    year = 2 * np.pi * (factors.iso_week[:, None] - np.array(MATERIAL_PEAK)) / 52.18
    materials = np.array(MATERIAL_SEASON) * np.cos(year)  # (T, M)
    log = (by_category[:, catalogue.category] + styles)[:, catalogue.style]  # (T, V)
    log += colours[:, catalogue.colour] + materials[:, catalogue.material]
    age = np.arange(weeks)[:, None] - catalogue.launch
    fresh = np.where(catalogue.launch > 0, LAUNCH * np.exp(-np.maximum(age, 0) / LAUNCH_WEEKS), 0.0)
    on_sale = (age >= 0) & (np.arange(weeks)[:, None] < catalogue.withdrawal)
    effects: NDArray[np.float64] = np.where(on_sale, np.exp(log) * (1 + fresh), 0.0)
    return effects


def _category_effects(factors: Factors) -> NDArray[np.float64]:
    """(T, C) log effects of season, weather, Christmas and price on each category."""
    peak, season, warmth, rain, gift, elasticity = (
        np.array([getattr(category, name) for category in CATEGORIES])
        for name in ("peak", "season", "warmth", "rain", "gift", "elasticity")
    )
    week = factors.iso_week[:, None]
    warm = factors.by_week(factors.temperature - factors.normal_temperature)[:, None] / 5.0
    wet = factors.by_week(factors.rain - factors.normal_rain)[:, None] / 3.0
    first, last = GIFT_WEEKS
    ramp = (week - first + 1) / (last - first + 1)
    christmas = np.where((week >= first) & (week <= last), ramp, 0.0)
    logs: NDArray[np.float64] = (
        season * np.cos(2 * np.pi * (week - peak) / 52.18)
        + warmth * warm
        + rain * wet
        + gift * christmas
        - elasticity * np.log1p(-factors.depth)
        + ADVERTISING * (factors.everywhere[:, None] > 0)
    )
    return logs


def _fashion(
    weeks: int, count: int, rng: np.random.Generator, *, persistence: float, deviation: float
) -> NDArray[np.float64]:
    """(weeks, count) slow log trends: first-order autoregressions of a stationary deviation."""
    noise = rng.normal(0, deviation, (weeks, count))
    noise[1:] *= np.sqrt(1 - persistence**2)
    trend: NDArray[np.float64] = lfilter([1.0], [1.0, -persistence], noise, axis=0)
    return trend
