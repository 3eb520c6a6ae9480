"""Splits in time: what is known before an origin, and what customers bought after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import OutsideData
from recsys.behaviour import preference_lines
from recsys.catalogue import Catalogue
from recsys.errors import TooFewInteractions
from recsys.evaluation.metrics import contains, pair_keys
from recsys.interactions import Interactions

STEP_DAYS: Final = 28
SPARSE_LINES: Final = 2
"""A customer with at most so many order lines is sparse: little is known to learn from."""

DEFAULT_ORIGINS: Final = 3
_NO_TIME = np.datetime64("1970-01-01", "us")


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomers:
    """Customers without any training line, of whom the first order tells the region.

    Attributes:
        customers: (n,) str, their ids, ascending.
        regions: (n,) str, the region of each one's first order line in the window that names one.
        row: (M,) int, whose test item: position in `customers`, ascending.
        item: (M,) int, which one, ascending within a row: as in `Split.item`, but a variant first
            sold in the window is numbered apart from that.
    """

    customers: NDArray[np.object_]
    regions: NDArray[np.object_]
    row: NDArray[np.intp]
    item: NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Training interactions, and the test purchases of the customers known in them.

    Attributes:
        origin: first day of the test window, `YYYY-MM-DD`; None for a pair of files.
        train: interactions of all customers before the origin.
        catalogue: the attributes of `train.variants`, as the origin knows them.
        on_sale: (V,) bool, which of `train.variants` may be recommended at the origin.
        customers: (n,) int, position in `train.customers` of each with a test purchase, ascending.
        row: (M,) int, whose test item: position in `customers`, ascending.
        item: (M,) int, which one: position in `train.variants`, ascending within a row; a variant
            first sold in the window has a number from V up, and nobody can recommend it.
        seen: (M,) bool, whether that customer had bought it before.
        unknown_customers: customers with test purchases and no order line before; left out.
        newcomers: those of them of whom nothing but a region is known; None where there is none.
    """

    origin: str | None
    train: Interactions
    catalogue: Catalogue
    on_sale: NDArray[np.bool_]
    customers: NDArray[np.intp]
    row: NDArray[np.intp]
    item: NDArray[np.intp]
    seen: NDArray[np.bool_]
    unknown_customers: int
    newcomers: Newcomers | None = None

    @property
    def order_lines(self) -> NDArray[np.intp]:
        """(n,) int: how many order lines before the origin each of `customers` has."""
        history = self.train.take(self.customers)
        return np.bincount(history.customer[history.bought()], minlength=len(self.customers))

    @property
    def sparse(self) -> NDArray[np.bool_]:
        """(n,) bool: which of `customers` have at most `SPARSE_LINES` order lines."""
        few: NDArray[np.bool_] = self.order_lines <= SPARSE_LINES
        return few

    @property
    def width(self) -> int:
        """More than any number in `item`, and than any position in `train.variants`."""
        return int(max(len(self.train.variants), self.item.max() + 1))

    @property
    def offered(self) -> int:
        """How many variants may be recommended."""
        return int(self.on_sale.sum())

    @property
    def unsold_items(self) -> int:
        """Test items that were first sold in the window."""
        return int((self.item >= len(self.train.variants)).sum())


def split_at(
    orders: pd.DataFrame,
    variants: pd.DataFrame,
    events: pd.DataFrame | None = None,
    *,
    origin: pd.Timestamp,
    test_days: int,
) -> Split:
    """The split of a workspace's tables at an origin.

    No variant is known that the origin does not know: one counts from its first order line on, or
    from its introduced_at, and until its discontinued_at. Its attributes are those of the table as
    it is, so a price or title that the import derives from all orders knows later ones too.

    Args:
        orders: the orders table.
        variants: the variants table.
        events: the events table, learned from as the product does; None where there is none.
            A customer is known, and a variant seen, by order lines alone.
        origin: training lines lie strictly before it, the test window starts with it.
        test_days: length of the test window.

    Raises:
        TooFewInteractions: no training line, or no known customer bought in the window.
    """
    placed = orders["ordered_at"]
    end = origin + pd.Timedelta(days=test_days)
    known, gone = _catalogue(orders[placed < origin], variants, origin)
    lines = preference_lines(orders, events, origin.to_datetime64())
    train = Interactions.from_lines(lines, as_of=origin.to_datetime64(), variants=known)
    on_sale = ~np.isin(train.variants, gone)
    test = orders[(placed >= origin) & (placed < end)]
    rows = variants[variants["variant_id"].isin(known)] if len(variants) else None
    catalogue = Catalogue.of(known, rows)
    return _split(train, catalogue, test, on_sale=on_sale, origin=origin.strftime("%Y-%m-%d"))


def split_files(train: pd.DataFrame, test: pd.DataFrame) -> Split:
    """The split that two files make; where the training file has times, ages count from its last.

    Args:
        train: lines as `recsys.evaluation.datasets.read_lines` gives them.
        test: likewise; its times, if any, do not matter.

    Raises:
        TooFewInteractions: no training line, or no customer of both files.
    """
    as_of = _NO_TIME
    if "ordered_at" in train:
        as_of = (train["ordered_at"].max() + pd.Timedelta(microseconds=1)).to_datetime64()
    known = Interactions.from_lines(train, as_of=as_of)
    catalogue, on_sale = Catalogue.of(known.variants), np.ones(len(known.variants), dtype=np.bool_)
    return _split(known, catalogue, test, on_sale=on_sale, origin=None)


def choose_origins(
    orders: pd.DataFrame, origins: Sequence[date] | None, *, test_days: int
) -> list[pd.Timestamp]:
    """The origins asked for, or the last three at 28-day steps that leave a full test window.

    Args:
        orders: the orders table.
        origins: days asked for; None for the default.
        test_days: length of the test window.

    Returns:
        Midnights, ascending, each once.

    Raises:
        OutsideData: no training line lies before an origin, or its window is not full.
    """
    if orders.empty:
        raise OutsideData("There are no orders.", fix="Import some.")
    first = orders["ordered_at"].min().normalize() + pd.Timedelta(days=1)
    last = orders["ordered_at"].max().normalize() + pd.Timedelta(days=1 - test_days)
    if last < first:
        raise OutsideData(
            f"The orders span too few days for a test window of {test_days}.",
            where="orders",
            fix="Choose a shorter test window, or import more orders.",
        )
    if not origins:
        steps = [last - pd.Timedelta(days=STEP_DAYS * step) for step in range(DEFAULT_ORIGINS)]
        return sorted(origin for origin in steps if origin >= first)
    chosen = sorted({pd.Timestamp(origin).normalize() for origin in origins})
    for origin in chosen:
        if not first <= origin <= last:
            raise OutsideData(
                f"The orders leave no room for training before {origin:%Y-%m-%d} "
                f"and {test_days} test days from it.",
                where=f"origin {origin:%Y-%m-%d}",
                fix=f"Choose an origin from {first:%Y-%m-%d} to {last:%Y-%m-%d}.",
            )
    return chosen


def _catalogue(
    past: pd.DataFrame, variants: pd.DataFrame, origin: pd.Timestamp
) -> tuple[list[str], list[str]]:
    """Variant ids known at the origin, and those of them no longer on sale."""
    known = set(past.loc[past["quantity"] > 0, "variant_id"])
    gone: list[str] = []
    if "introduced_at" in variants:
        known.update(variants.loc[variants["introduced_at"] < origin, "variant_id"])
    if "discontinued_at" in variants:
        gone = variants.loc[variants["discontinued_at"] <= origin, "variant_id"].tolist()
    return sorted(known), gone


def _split(
    train: Interactions,
    catalogue: Catalogue,
    test: pd.DataFrame,
    *,
    on_sale: NDArray[np.bool_],
    origin: str | None,
) -> Split:
    """Match test lines to the training interactions' customers and variants."""
    bought = test[test["customer_id"].notna()]
    if "quantity" in bought:
        bought = bought[bought["quantity"] > 0]
    pairs = bought[["customer_id", "variant_id"]].drop_duplicates()
    person = _positions(train.customers, pairs["customer_id"])
    strangers = pairs[person < 0]
    person[~np.isin(person, train.customer[train.bought()])] = -1
    unknown = int(pairs.loc[person < 0, "customer_id"].nunique())
    pairs, person = pairs[person >= 0], person[person >= 0]
    if pairs.empty:
        raise TooFewInteractions(
            "No customer with a training line bought anything in the test window.",
            where="" if origin is None else f"origin {origin}",
            fix="Choose another origin, or check that both sides use the same customer ids.",
        )
    customers, row = np.unique(person, return_inverse=True)
    row, item = _purchases(train, row, pairs["variant_id"])
    history = train.take(customers)
    width = int(max(len(train.variants), item.max() + 1))
    bought_before = history.bought()
    before = np.unique(
        pair_keys(history.customer[bought_before], history.variant[bought_before], width)
    )
    return Split(
        origin=origin,
        train=train,
        catalogue=catalogue,
        on_sale=on_sale,
        customers=customers,
        row=row,
        item=item,
        seen=contains(before, pair_keys(row, item, width)),
        unknown_customers=unknown,
        newcomers=_newcomers(train, bought, strangers),
    )


def _newcomers(
    train: Interactions, bought: pd.DataFrame, strangers: pd.DataFrame
) -> Newcomers | None:
    """Who of the strangers names a region, and what they bought; None where nobody does."""
    if "region" not in bought or strangers.empty:
        return None
    placed = bought[bought["region"].notna()].sort_values("ordered_at", kind="stable")
    first = placed.drop_duplicates("customer_id").set_index("customer_id")["region"]
    pairs = strangers[strangers["customer_id"].isin(first.index)]
    if pairs.empty:
        return None
    people, row = np.unique(pairs["customer_id"].to_numpy(dtype=object), return_inverse=True)
    row, item = _purchases(train, row, pairs["variant_id"])
    regions = first.reindex(people).to_numpy(dtype=object)
    return Newcomers(customers=people, regions=regions, row=row, item=item)


def _purchases(
    train: Interactions, row: NDArray[np.intp], variants: pd.Series[str]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and items, ascending; variants that training does not know get numbers from V up."""
    ids = variants.to_numpy(dtype=object)
    item = _positions(train.variants, variants)
    fresh = item < 0
    item[fresh] = len(train.variants) + np.unique(ids[fresh], return_inverse=True)[1]
    order = np.lexsort((item, row))
    return row[order], item[order]


def _positions(ids: NDArray[np.object_], asked: pd.Series[str]) -> NDArray[np.intp]:
    """(M,) int: where each id stands; -1 where it does not."""
    return pd.Index(ids).get_indexer(pd.Index(asked.astype(object)))
