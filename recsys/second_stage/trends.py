"""Trends: what sells at present, what did before and a year ago, and who takes to it anew."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions

NAMES: Final = (
    "popularity_4", "popularity_10", "popularity_30", "popularity_90", "trend_4_10", "trend_10_30",
    "trend_30_90", "season", "last_sold_days", "first_sold_days", "days_sold_7", "days_sold_28",
    "rebuy_rate", "return_rate_28", "acquisition_rate_14", "acquisition_rate_56", "log_price",
    "style_size", "log_units_usual",
)  # fmt: skip
_DECAYS: Final = (4.0, 10.0, 30.0, 90.0)
_YEAR: Final = 364.0


def trends_of(
    interactions: Interactions, catalogue: Catalogue, horizon: int
) -> NDArray[np.float32]:
    """(V, 19) float32, `NAMES`; O(lines * log lines).

    Popularity is the log share of decayed lines, a trend the difference of two of them, the season
    that of the days a year ago that lie as the horizon does (NaN before there is a year of lines).
    Rates are shrunk towards the shop's own: of buyers who bought again; of those who had it and
    were active, who bought it again lately; of active customers without it, who took it lately.

    Args:
        interactions: all lines before the moment.
        catalogue: prices and styles.
        horizon: days ahead that are ranked for.
    """
    bought = interactions.bought()
    variants = interactions.shape[1]
    variant, age = interactions.variant[bought], interactions.age[bought].astype(np.float64)
    customer = interactions.customer[bought]

    sold_ever = max(len(np.unique(variant)), 1)  # next season's rows move no share
    shares = []
    for decay in _DECAYS:
        lines = np.bincount(variant, np.exp(-age / decay), minlength=variants)
        shares.append(np.log((lines + 0.02) / (lines.sum() + 0.02 * sold_ever) * sold_ever))
    last, first = np.full(variants, 1e4), np.zeros(variants)
    np.minimum.at(last, variant, age)
    np.maximum.at(first, variant, age)
    day = np.floor(age).astype(np.int64)
    sold = np.unique(np.column_stack([variant, day]), axis=0)
    days_sold = [np.bincount(sold[sold[:, 1] < w, 0], minlength=variants) for w in (7, 28)]
    _, style, size = np.unique(catalogue.styles, return_inverse=True, return_counts=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        price = np.log(catalogue.prices)
    price[~np.isfinite(price)] = np.nan
    columns = [
        *shares,
        *(shares[place] - shares[place + 1] for place in range(3)),
        _season(variant, age, variants, horizon),
        last,
        first,
        *days_sold,
        *_rates(customer, variant, age, interactions.shape),
        price,
        size[style],
        _usual_units(variant, interactions.quantity[bought], variants),
    ]
    return np.column_stack(columns).astype(np.float32)


def _usual_units(
    variant: NDArray[np.integer], quantity: NDArray[np.float32], variants: int
) -> NDArray[np.float64]:
    """(V,) mean log of a line's units; NaN where there is no line."""
    lines = np.bincount(variant, minlength=variants)
    total = np.bincount(variant, np.log(quantity.astype(np.float64)), minlength=variants)
    return np.where(lines > 0, total / np.maximum(lines, 1), np.nan)


def _season(
    variant: NDArray[np.integer], age: NDArray[np.float64], variants: int, horizon: int
) -> NDArray[np.float64]:
    """(V,) log share of the lines of the same days a year ago; NaN without a year of lines."""
    if age.max(initial=0) < _YEAR:
        return np.full(variants, np.nan)
    then = (age <= _YEAR) & (age > _YEAR - horizon)
    lines = np.bincount(variant[then], minlength=variants)
    some = max(len(np.unique(variant)), 1)
    share: NDArray[np.float64] = np.log((lines + 0.1) / (lines.sum() + 0.1 * some) * some)
    return share


def _rates(
    customer: NDArray[np.integer],
    variant: NDArray[np.integer],
    age: NDArray[np.float64],
    shape: tuple[int, int],
) -> list[NDArray[np.float64]]:
    """Rates of buying again, of coming back and of taking anew, relative to the shop's."""
    customers, variants = shape
    key = customer.astype(np.int64) * variants + variant
    order = np.lexsort((age, key))
    key, days = key[order], np.floor(age[order])
    pair, start, count = np.unique(key, return_index=True, return_counts=True)
    last, first = days[start], days[start + count - 1] if len(pair) else days
    owner, item = pair // variants, pair % variants
    idle = np.full(customers, np.inf)
    np.minimum.at(idle, owner, last)

    def count_of(rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.bincount(item[rows], minlength=variants).astype(np.float64)

    everybody = np.ones(len(pair), dtype=bool)
    again = first > last
    rates = [_shrunk(count_of(again), count_of(everybody), 5.0)]
    active = idle < 28
    had = active[owner] & (first >= 28)
    rates.append(_shrunk(count_of(had & (last < 28)), count_of(had), 8.0))
    for window in (14, 56):
        awake = idle < window
        anew = awake[owner] & (first < window)
        without = awake.sum() - count_of(awake[owner] & (first >= window))
        sold = count_of(everybody) > 0
        usual = max(count_of(anew).sum(), 1.0) / max(without[sold].sum(), 1.0)
        rates.append(np.log((count_of(anew) + 1) / (without * usual + 1)))
    return rates


def _shrunk(
    hits: NDArray[np.float64], tries: NDArray[np.float64], prior: float
) -> NDArray[np.float64]:
    """(V,) rate over the shop's own, which counts as `prior` tries."""
    usual = max(hits.sum(), 1.0) / max(tries.sum(), 1.0)
    rate: NDArray[np.float64] = (hits + prior * usual) / (tries + prior) / usual
    return rate
