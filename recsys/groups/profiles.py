"""Profiles: a group of customers in figures and words that a person can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.groups.classes import CLASSES, Standing
from recsys.groups.likings import Liking, distinct, likings
from recsys.interactions import Interactions

OTHER: Final = "other"
"""The regions that hold too few customers to be told, summed."""

UNKNOWN: Final = "unknown"
"""Customers whose region nobody noted."""

NAMED: Final = 3
"""Likings that a group's name is made of."""

DEARER, CHEAPER = 1.15, 1 / 1.15
"""Price level, against all customers', from which the name says so."""

LARGER, SMALLER = 1.6, 1 / 1.6
"""Money of a purchase, likewise."""

RECENT_DAYS: Final = 90

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RegionShare:
    """Customers of a group in a region; `share` of the group's, `of_all` of all customers."""

    region: str
    customers: int
    share: float
    of_all: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One group.

    Attributes:
        group_id: "g1" for the largest.
        name: what it takes more than others, and how it buys, in a few words.
        customers: how many.
        customer_share: of all customers.
        unit_share: of all units that known customers ordered.
        money_share: of all money that they spent.
        price_level: geometric mean price of a line against all customers', each customer
            counting once; 1 for the same.
        money_a_purchase: median over its customers of the mean money of a day's order.
        lines_a_purchase: likewise of order lines.
        days_between: median over its customers of the mean days between orders; NaN where nobody
            ordered twice.
        recent_share: ordered within the last RECENT_DAYS.
        long_chance: mean chance of an order within 90 days; NaN where it could not be learned.
        classes: customers by class; None for a count too small to be told.
        likings: what it takes more than others, the most telling of each kind first.
        variants: the variants that stand for it.
        regions: where its customers are, the most first.
    """

    group_id: str
    name: str
    customers: int
    customer_share: float
    unit_share: float
    money_share: float
    price_level: float
    money_a_purchase: float
    lines_a_purchase: float
    days_between: float
    recent_share: float
    long_chance: float
    classes: dict[str, int | None]
    likings: tuple[Liking, ...]
    variants: tuple[Liking, ...]
    regions: tuple[RegionShare, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What profiles say of each of U customers, beside what they took.

    Attributes:
        units, money, lines: (U,) sums.
        log_price: (U,) mean logarithm of a line's price; NaN where every line was free.
        regions: (U,) str; UNKNOWN where not noted.
        stand: classes and rhythm, in the same order.
    """

    units: Floats
    money: Floats
    lines: Floats
    log_price: Floats
    regions: NDArray[np.object_]
    stand: Standing

    @classmethod
    def of(cls, lines: pd.DataFrame, taken: Interactions, stand: Standing) -> Self:
        """The facts of order lines of known customers, all of them in `taken`."""
        who = np.searchsorted(taken.customers, lines["customer_id"].to_numpy(dtype=object))
        people = len(taken.customers)
        quantity = lines["quantity"].to_numpy(dtype=float)
        price = lines["unit_price"].to_numpy(dtype=float)
        paid = price > 0
        logs = np.bincount(who[paid], weights=np.log(price[paid]), minlength=people)
        priced = np.bincount(who[paid], minlength=people)
        return cls(
            units=np.bincount(who, weights=quantity, minlength=people).astype(float),
            money=np.bincount(who, weights=quantity * price, minlength=people).astype(float),
            lines=np.bincount(who, minlength=people).astype(float),
            log_price=np.divide(logs, priced, out=np.full(people, np.nan), where=priced > 0),
            regions=np.where(taken.regions == "", UNKNOWN, taken.regions),
            stand=stand,
        )


def profiles(
    taken: Interactions,
    catalogue: Catalogue,
    facts: Facts,
    label: NDArray[np.intp],
    *,
    least: int,
) -> tuple[Profile, ...]:
    """A profile of each group, in the order of the labels.

    Args:
        taken: order lines of U customers over the catalogue's variants.
        catalogue: titles and attributes.
        facts: of the same customers.
        label: (U,) the group of each, from 0 without a gap.
        least: customers below which nothing is told.
    """
    count = int(label.max()) + 1
    liked = likings(taken, catalogue, label, count, least=least)
    return tuple(_profile(facts, label, group, liked[group], least) for group in range(count))


def _profile(
    facts: Facts, label: NDArray[np.intp], group: int, liked: list[Liking], least: int
) -> Profile:
    mine = label == group
    stand = facts.stand
    gaps = stand.rhythm.gap[mine]
    gaps = gaps[~np.isnan(gaps)]
    price_level = float(np.exp(_mean(facts.log_price[mine]) - _mean(facts.log_price)))
    purchase = stand.rhythm.money
    larger = float(np.median(purchase[mine]) / max(float(np.median(purchase)), 1e-9))
    tastes = tuple(one for one in liked if one.kind != "variant")
    return Profile(
        group_id=f"g{group + 1}",
        name=_name(tastes, price_level, larger),
        customers=int(mine.sum()),
        customer_share=float(mine.mean()),
        unit_share=_share(facts.units, mine),
        money_share=_share(facts.money, mine),
        price_level=price_level,
        money_a_purchase=float(np.median(purchase[mine])),
        lines_a_purchase=float(np.median((facts.lines / stand.rhythm.count)[mine])),
        days_between=float(np.median(gaps)) if len(gaps) else float("nan"),
        recent_share=float((stand.rhythm.recency[mine] <= RECENT_DAYS).mean()),
        long_chance=float(stand.long_chance[mine].mean()),
        classes=told_classes(stand.klass[mine], least),
        likings=tastes,
        variants=tuple(one for one in liked if one.kind == "variant"),
        regions=_regions(facts.regions, mine, least),
    )


def told_classes(klass: NDArray[np.object_], least: int) -> dict[str, int | None]:
    """Customers by class as they may be told: None from 1 to below `least`.

    Where one alone would be hidden, the largest of the others is too: the sum would give it away.
    """
    counts = {name: int((klass == name).sum()) for name in CLASSES}
    hidden = [name for name in CLASSES if 0 < counts[name] < least]
    if len(hidden) == 1:
        others = [name for name in CLASSES if counts[name] >= least]
        hidden += sorted(others, key=lambda name: -counts[name])[:1]
    return {name: None if name in hidden else count for name, count in counts.items()}


def _name(tastes: tuple[Liking, ...], price_level: float, larger: float) -> str:
    """What is liked most, then how it is bought: "candle, heart and wooden; lower-priced"."""
    values = [one.value for one in distinct(tastes)[:NAMED]]
    manner = []
    if not CHEAPER < price_level < DEARER:
        manner.append("higher-priced" if price_level > 1 else "lower-priced")
    if not SMALLER < larger < LARGER:
        manner.append("large orders" if larger > 1 else "small orders")
    liked = " and ".join(filter(None, (", ".join(values[:-1]), *values[-1:])))
    return "; ".join(filter(None, (liked or "a bit of everything", ", ".join(manner))))


def _regions(
    regions: NDArray[np.object_], mine: NDArray[np.bool_], least: int
) -> tuple[RegionShare, ...]:
    """Where the group's customers are; what few of them share is summed as OTHER."""
    names, place = np.unique(regions.astype(str), return_inverse=True)
    here = np.bincount(place[mine], minlength=len(names))
    everywhere = np.bincount(place, minlength=len(names))
    shown = np.flatnonzero(here >= least)
    shown = shown[np.lexsort((names[shown], -here[shown]))]
    found = [(str(names[one]), int(here[one]), int(everywhere[one])) for one in shown]
    rest = int(here.sum() - here[shown].sum())
    if 0 < rest < least:  # as a difference from the sum it would be told: a shown one hides it
        found, shown = found[:-1], shown[:-1]
        rest = int(here.sum() - here[shown].sum())
    if rest:
        found.append((OTHER, rest, int(everywhere.sum() - everywhere[shown].sum())))
    return tuple(
        RegionShare(region, n, n / int(here.sum()), total / len(regions))
        for region, n, total in found
    )


def _share(values: Floats, mine: NDArray[np.bool_]) -> float:
    total = float(values.sum())
    return float(values[mine].sum()) / total if total else 0.0


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0
