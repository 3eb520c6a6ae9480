"""Demand by group: how a variant's forecast splits over groups of customers, or over regions.

Shares of groups in a variant's demand are those of its order lines, decayed, and drawn towards
those of its style, and those towards the whole shop's: the Dirichlet-multinomial of the mix
(`production.demand.mix`) one level deeper, so that a variant with few lines is split as its style
is, and one without any has shares all the same.

    n_vg = sum of lines of v by g, each counting 2^(-age / h)
    p_vg = (n_vg + A p_sg) / (N_v + A)     p_sg = (n_sg + A p_g) / (N_s + A)

Lines are counted and not units: one order of five thousand is one customer's choice. The split
adds up to the variant's forecast exactly. Lines of customers who are in no group are a group of
their own, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.groups.groups import LEAST, CustomerGroups
from recsys.groups.profiles import OTHER, UNKNOWN

HALF_LIFE: Final = 26.0
"""Weeks after which a line counts half; chosen by the log-loss of the lines of the four weeks
after three origins of Online Retail II's first year, as is STRENGTH: both are flat around."""

STRENGTH: Final = 30.0
"""Lines that the shares of the style, or of the shop, are worth."""

NO_GROUP: Final = "no group"
"""Lines without a customer, or of one who is in no group."""

WEEK: Final = np.timedelta64(7 * 24 * 3600 * 1_000_000, "us")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSplit:
    """A forecast, as far as a split needs it.

    Attributes:
        variants: (V,) str, ids.
        style: (V,) str, the style of each.
        mean: (V,) expected units over the horizon.
        origin: the first day of the horizon.
    """

    variants: NDArray[np.object_]
    style: NDArray[np.object_]
    mean: Floats
    origin: np.datetime64


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandByGroup:
    """A forecast split over groups.

    Attributes:
        by: "group" or "region".
        names: (G,) str, the groups.
        variants: (V,) str, ids.
        style: (V,) str, their styles.
        demand: (V, G) expected units over the horizon; each row adds up to the variant's.
    """

    by: str
    names: tuple[str, ...]
    variants: NDArray[np.object_]
    style: NDArray[np.object_]
    demand: Floats

    @property
    def total(self) -> Floats:
        """(G,) expected units of each group."""
        total: Floats = self.demand.sum(axis=0)
        return total

    def mix(self) -> Floats:
        """(V, G) shares of a style's demand over its variants, for each group; 0 where none."""
        _, place = np.unique(self.style.astype(str), return_inverse=True)
        totals = np.zeros((place.max() + 1, self.demand.shape[1])) if len(place) else self.demand
        np.add.at(totals, place, self.demand)
        whole = totals[place]
        return np.divide(self.demand, whole, out=np.zeros_like(self.demand), where=whole > 0)

    def table(self) -> pd.DataFrame:
        """A row a variant and group with demand: variant_id, style_id, by, name, demand, share of
        the style's demand of that group.
        """  # noqa: D205  # one sentence
        row, column = np.nonzero(self.demand > 0)
        return pd.DataFrame(
            {
                "variant_id": pd.array(self.variants[row], dtype="str"),
                "style_id": pd.array(self.style[row], dtype="str"),
                "by": self.by,
                "name": pd.array([self.names[one] for one in column], dtype="str"),
                "demand": self.demand[row, column],
                "mix": self.mix()[row, column],
            }
        )

    def to_json(self, *, most: int = 5) -> list[dict[str, Any]]:
        """Each group with its demand, its share and its largest variants."""
        whole = float(self.demand.sum())
        return [
            {
                "name": name,
                "demand": float(self.total[place]),
                "share": float(self.total[place]) / whole if whole else 0.0,
                "variants": [
                    {
                        "variant_id": str(self.variants[one]),
                        "demand": float(self.demand[one, place]),
                    }
                    for one in np.lexsort((self.variants.astype(str), -self.demand[:, place]))[
                        :most
                    ]
                    if self.demand[one, place] > 0
                ],
            }
            for place, name in enumerate(self.names)
        ]


def by_customers(forecast: ToSplit, orders: pd.DataFrame, groups: CustomerGroups) -> DemandByGroup:
    """Split a forecast over groups of customers.

    Args:
        forecast: what is split.
        orders: the orders table; lines at or after the forecast's origin are not looked at.
        groups: of customers, as known at that origin or before.
    """
    label = groups.label_of(orders["customer_id"].to_numpy(dtype=object))
    names = (*(group.group_id for group in groups.groups), NO_GROUP)
    label = np.where(label < 0, len(names) - 1, label)
    return _split(forecast, "group", names, _shares(forecast, orders, label, len(names)))


def by_regions(forecast: ToSplit, orders: pd.DataFrame, *, most: int = 12) -> DemandByGroup:
    """Split a forecast over the regions that orders went to.

    Regions of fewer than LEAST customers, and those beyond the `most` largest by lines, are one,
    OTHER; orders that name none are UNKNOWN. See `by_customers` for the rest.
    """
    names, label = _regions(orders[orders["ordered_at"] < forecast.origin], orders, most)
    return _split(forecast, "region", names, _shares(forecast, orders, label, len(names)))


def region_shares(forecast: ToSplit, orders: pd.DataFrame, names: Sequence[str]) -> Floats:
    """(V, G + 1) shares of some regions in each variant's demand, and of all else last.

    See `by_customers`; each row adds up to one.
    """
    label = np.full(len(orders), len(names), dtype=np.intp)
    if "region" in orders:
        known = pd.Index(np.array(names, dtype=object))
        found = known.get_indexer(pd.Index(orders["region"].to_numpy(dtype=object)))
        label = np.where(found < 0, len(names), found)
    return _shares(forecast, orders, label, len(names) + 1)


def _regions(
    past: pd.DataFrame, orders: pd.DataFrame, most: int
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Names of regions, the largest first, and (N,) each order line's."""
    if "region" not in orders:
        return (UNKNOWN,), np.zeros(len(orders), dtype=np.intp)
    known = past[past["region"].notna()].groupby("region", observed=True)
    people, lines = known["customer_id"].nunique(), known.size()
    large = lines[people >= LEAST].sort_values(ascending=False, kind="stable").index[:most]
    names = [str(name) for name in large]
    region = orders["region"].to_numpy(dtype=object)
    label = pd.Index(names).get_indexer(pd.Index(region))
    missing = orders["region"].isna().to_numpy()
    for extra, here in ((OTHER, (label < 0) & ~missing), (UNKNOWN, missing)):
        if here.any():
            label = np.where(here, len(names), label)
            names.append(extra)
    return tuple(names), label


def _shares(forecast: ToSplit, orders: pd.DataFrame, label: NDArray[np.intp], count: int) -> Floats:
    """(V, G) shares of the groups in each variant's demand; each row adds up to one."""
    variants, origin = forecast.variants, forecast.origin.astype("datetime64[us]")
    row = pd.Index(variants).get_indexer(pd.Index(orders["variant_id"].astype(object)))
    at = orders["ordered_at"].to_numpy().astype("datetime64[us]")
    used = (row >= 0) & (at < origin) & (orders["quantity"].to_numpy() > 0)
    weight = 0.5 ** ((origin - at[used]) / (HALF_LIFE * WEEK))
    cell = row[used] * count + label[used]
    lines = np.bincount(cell, weights=weight, minlength=len(variants) * count).astype(float)
    of_variant = lines.reshape(len(variants), count)
    names, place = np.unique(forecast.style.astype(str), return_inverse=True)
    of_style = np.zeros((len(names), count))
    np.add.at(of_style, place, of_variant)
    shop = _drawn(of_style.sum(axis=0, keepdims=True), np.full((1, count), 1 / count))
    return _drawn(of_variant, _drawn(of_style, shop)[place])


def _drawn(lines: Floats, prior: Floats) -> Floats:
    """Shares of lines, drawn towards a prior that is worth STRENGTH of them."""
    drawn: Floats = (lines + STRENGTH * prior) / (lines.sum(axis=1, keepdims=True) + STRENGTH)
    return drawn


def _split(forecast: ToSplit, by: str, names: Sequence[str], shares: Floats) -> DemandByGroup:
    """The demand of each group; the largest takes what rounding leaves, so that rows add up."""
    mean = forecast.mean
    demand = mean[:, None] * shares
    row = np.arange(len(mean))
    largest = shares.argmax(axis=1)
    demand[row, largest] += mean - demand.sum(axis=1)
    return DemandByGroup(
        by=by,
        names=tuple(names),
        variants=forecast.variants,
        style=forecast.style,
        demand=np.maximum(demand, 0.0),
    )
