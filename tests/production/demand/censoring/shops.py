"""Small shops whose true demand is known: drawn from a choice model, or from the simulator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.simulator import MarketSettings, simulate
from production.demand.censoring.choice import Spells
from production.demand.censoring.exposure import in_stock_shares
from production.demand.censoring.restore import Sold

WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What a shop sold, and what its customers wanted.

    Attributes:
        sold: sales and stock.
        demand: (V, T) units that customers wanted first.
        weights: (V,) true weights of the choice model; empty where it is no such shop.
    """

    sold: Sold
    demand: NDArray[np.float64]
    weights: NDArray[np.float64]


def sold(
    lines: NDArray[np.float64],
    in_stock: NDArray[np.float64],
    *,
    style: NDArray[np.int32] | None = None,
    units: NDArray[np.float64] | None = None,
    per_week: int = 1,
) -> Sold:
    """Sales of variants that are on sale from the first period to the last."""
    count, periods = lines.shape
    return Sold(
        units=lines if units is None else units,
        lines=lines,
        in_stock=in_stock,
        style=np.zeros(count, np.int32) if style is None else style,
        group=np.zeros(count, np.int32),
        first=np.zeros(count, np.int32),
        last=np.full(count, periods, np.int32),
        per_week=per_week,
    )


def choosing_shop(
    seed: int, share: float, *, styles: int = 16, weeks: int = 60, rate: float = 12.0
) -> Shop:
    """Poisson customers of styles of five variants, who choose by a multinomial logit.

    Each week a fifth or so of the variants is out from the start or runs out; availability is
    drawn at random, whatever demand is.
    """
    random = np.random.default_rng(seed)
    weights = random.gamma(2.0, 1.0, (styles, 5))
    weights = (weights / weights.sum(axis=1, keepdims=True)).ravel()
    style = np.repeat(np.arange(styles), 5).astype(np.int32)
    shape = (len(style), weeks)
    out = np.where(random.random(shape) < 0.5, 0.0, random.random(shape).round(2))
    in_stock = np.where(random.random(shape) < 0.75, 1.0, out)
    row, week = np.nonzero(np.ones(shape))
    block = style[row].astype(np.int64) * weeks + week
    reach = Spells(in_stock[row, week], block).reach(weights[row], share).reshape(shape)
    mean = (weights * (rate * random.lognormal(0, 0.5, styles))[style])[:, None]
    met = random.poisson(mean * in_stock).astype(float)
    moved = random.poisson(mean * np.maximum(reach - in_stock, 0.0)).astype(float)
    missed = random.poisson(mean * (1 - in_stock)).astype(float)
    return Shop(sold=sold(met + moved, in_stock, style=style), demand=met + missed, weights=weights)


def simulated_shop(settings: MarketSettings) -> Shop:
    """The simulator's shop, read through its tables, beside its truth."""
    market = simulate(settings)
    orders = market.orders[market.orders["quantity"] > 0]
    ids, row = np.unique(orders["variant_id"].to_numpy(dtype=object), return_inverse=True)
    first = np.datetime64(settings.start, "D")
    periods = first + WEEK * np.arange(settings.weeks)
    shape = (len(ids), len(periods))

    def laid(
        row: NDArray[np.int64], when: pd.Series, values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        week = ((when.to_numpy().astype("datetime64[D]") - first) // WEEK).astype(np.int64)
        cells = np.zeros(shape)
        np.add.at(cells, (row, week), values)
        return cells

    truth = market.truth.demand.dropna(subset="sold")
    truth = truth[truth["variant_id"].isin(ids)]
    wanted = pd.Index(ids).get_indexer(pd.Index(truth["variant_id"]))
    variants = market.variants.set_index("variant_id").loc[ids]
    units = laid(row, orders["ordered_at"], orders["quantity"].to_numpy(float))
    end = first + WEEK * settings.weeks
    gone = variants["discontinued_at"].fillna(pd.Timestamp(end)).to_numpy().astype("datetime64[D]")
    return Shop(
        sold=Sold(
            units=units,
            lines=laid(row, orders["ordered_at"], np.ones(len(orders))),
            in_stock=in_stock_shares(market.stock, ids, periods),
            style=pd.factorize(variants["style_id"])[0].astype(np.int32),
            group=pd.factorize(variants["category"])[0].astype(np.int32),
            first=np.argmax(units > 0, axis=1).astype(np.int32),
            last=((gone - first) // WEEK).astype(np.int32),
        ),
        demand=laid(wanted, truth["week"], truth["demand"].to_numpy(float)),
        weights=np.empty(0),
    )


def wape(found: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Sum of absolute errors over the sum of what was wanted."""
    return float(np.abs(found - truth).sum() / truth.sum())


def by_four(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V, T / 4) sums of four weeks."""
    whole = values.shape[1] // 4 * 4
    total: NDArray[np.float64] = values[:, :whole].reshape(len(values), -1, 4).sum(axis=2)
    return total
