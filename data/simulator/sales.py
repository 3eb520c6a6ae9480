"""What the shop writes down of its sales: orders and returns."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.simulator.catalogue import Catalogue
from data.simulator.categories import CHANNEL_SHARE, CHANNELS, REGIONS
from data.simulator.customers import Customers
from data.simulator.demand import Lines
from data.simulator.factors import DAYS, Factors
from data.simulator.settings import MarketSettings

DAY_WEIGHTS: Final = (1.0, 0.9, 0.9, 1.0, 1.15, 1.3, 1.2)
HOLIDAY_WEIGHT: Final = 0.6
HOUR_WEIGHTS: Final = (
    1, 0, 0, 0, 0, 1, 3, 6, 10, 14, 16, 17, 18, 16, 14, 14, 15, 17, 20, 22, 22, 18, 10, 4,
)  # fmt: skip


def moments(
    visits: int, week: NDArray[np.int64], factors: Factors, rng: np.random.Generator
) -> NDArray[np.datetime64]:
    """(visits,) datetime64[s], when each visit took place, by its week.

    Days weigh by day of the week, less on public holidays, nothing on 25 December; hours by
    the hour of the day.
    """
    weight = np.tile(DAY_WEIGHTS, len(factors.days) // DAYS)
    weight = weight * np.where(factors.holiday, HOLIDAY_WEIGHT, 1.0)
    dates = pd.DatetimeIndex(factors.days)
    weight[(dates.month == 12) & (dates.day == 25)] = 0.0
    heights = np.cumsum(weight.reshape(-1, DAYS), axis=1)
    heights /= heights[:, -1:]
    day = (rng.random(visits)[:, None] >= heights[week]).sum(axis=1)
    hours = np.cumsum(HOUR_WEIGHTS) / np.sum(HOUR_WEIGHTS)
    hour = np.searchsorted(hours, rng.random(visits), side="right")
    second = day * 86_400 + hour * 3600 + rng.integers(0, 3600, visits)
    start: NDArray[np.datetime64] = factors.days[week * DAYS].astype("datetime64[s]")
    moment: NDArray[np.datetime64] = start + second.astype("timedelta64[s]")
    return moment


def orders_frame(
    settings: MarketSettings,
    catalogue: Catalogue,
    customers: Customers,
    *,
    sold: Lines,
    moment: NDArray[np.datetime64],
    factors: Factors,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The canonical `orders` table of the lines sold, without returns, by time.

    Args:
        settings: the share of guests.
        catalogue: list prices.
        customers: their regions and names.
        sold: the lines sold.
        moment: (visits,) when each visit took place.
        factors: price cuts.
        rng: draws channels and guests, one of each a visit.
    """
    visits = len(moment)
    channel = rng.choice(len(CHANNELS), visits, p=CHANNEL_SHARE)
    guest = rng.random(visits) < settings.guests
    order = np.lexsort((sold.variant, sold.visit, moment[sold.visit]))
    sold = sold.take(order)
    is_first = np.diff(sold.visit, prepend=-1) != 0
    number = 200_000 + np.cumsum(is_first)
    category = catalogue.category[catalogue.style[sold.variant]]
    cut = factors.depth[sold.week, category]
    names = pd.array(customers.ids[sold.customer], dtype="str")
    names[guest[sold.visit]] = pd.NA
    return pd.DataFrame(
        {
            "order_id": number.astype(str),
            "customer_id": names,
            "variant_id": catalogue.variant_ids[sold.variant],
            "quantity": sold.quantity,
            "unit_price": np.round(catalogue.price[sold.variant] * (1 - cut), 2),
            "ordered_at": moment[sold.visit].astype("datetime64[us]"),
            "region": np.array(REGIONS)[customers.region[sold.customer]],
            "channel": np.array(CHANNELS)[channel[sold.visit]],
            "misfit": np.abs(customers.size[sold.customer] - catalogue.size[sold.variant]),
        }
    )


def returns_frame(
    settings: MarketSettings, sales: pd.DataFrame, end: np.datetime64, rng: np.random.Generator
) -> pd.DataFrame:
    """Lines that come back within three weeks, the likelier the worse the size fits.

    A return is an order line of its own: `R` and the order's number, minus the units.
    """
    chance = np.minimum(settings.returns * (0.4 + sales["misfit"].to_numpy()), 1.0)
    back = rng.random(len(sales)) < chance
    days = rng.integers(3, 21, len(sales)).astype("timedelta64[D]")
    hours = rng.integers(9 * 60, 18 * 60, len(sales)).astype("timedelta64[m]")
    at = sales["ordered_at"].to_numpy().astype("datetime64[D]") + days + hours
    back &= at < end
    returned = sales[back].copy()
    returned["order_id"] = "R" + returned["order_id"]
    returned["quantity"] = -returned["quantity"]
    returned["ordered_at"] = at[back].astype("datetime64[us]")
    return returned
