"""The generated market: canonical tables, and the truth behind them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.progress import Progress, silent
from data.simulator.behaviour import draw_events
from data.simulator.catalogue import Catalogue, draw_catalogue
from data.simulator.categories import CATEGORIES, FACTORS
from data.simulator.composing import Composers, configurations_frame, draw_composers
from data.simulator.customers import Customers, draw_customers, preferences
from data.simulator.demand import Demand, draw_demand
from data.simulator.effects import ADVERTISING, market_effects
from data.simulator.factors import DAYS, Factors, draw_factors
from data.simulator.factory import draw_usage, lots_frame, options, resources_frame
from data.simulator.knowledge import knowledge_frames
from data.simulator.sales import moments, orders_frame, returns_frame
from data.simulator.settings import SAMPLE, MarketSettings
from data.simulator.stock import Sales, sell, stock_frame, units_by_week
from data.simulator.streams import Streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What nobody in a real market knows.

    Attributes:
        demand: a row for each variant and week on sale: variant_id, week, expected (mean units
            wanted), demand (units wanted), sold, lost (units wanted while sold out). Weeks after
            the last order have demand, and neither sold nor lost.
        customers: a row a customer: region, size, rates, habit, taste factors, log preferences
            for colours and materials, weeks of joining and lapsing.
        styles: a row a style: factors, log appeal.
        campaigns: a row a promotion: campaign, category (missing: all), first_day, weeks, depth.
        effects: by category: elasticity, season, weather and Christmas effects (logs).
        options: options of custom orders and the rules between them.
        questions: other ways to ask what the knowledge table answers, and what it does not.
        composing: why customers choose the options that they choose.
    """

    demand: pd.DataFrame
    customers: pd.DataFrame
    styles: pd.DataFrame
    campaigns: pd.DataFrame
    effects: dict[str, object]
    options: dict[str, object]
    composing: dict[str, object]
    questions: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A generated market: the canonical tables by the names of `data.tables`, and the truth."""

    settings: MarketSettings
    orders: pd.DataFrame
    events: pd.DataFrame
    variants: pd.DataFrame
    market: pd.DataFrame
    resources: pd.DataFrame
    usage: pd.DataFrame
    lots: pd.DataFrame
    stock: pd.DataFrame
    configurations: pd.DataFrame
    knowledge: pd.DataFrame
    truth: Truth
    people: Customers
    catalogue: Catalogue
    composers: Composers

    def preference(self, rows: slice) -> NDArray[np.float64]:
        """(customers of `rows`, V) true preferences, in the order of the truth's customers.

        Variants are in the order of the `variants` table; each row sums to one. Favourites,
        which shift a customer's habit towards some variants for a while, are left aside.
        """
        return preferences(self.people, self.catalogue, rows)


def simulate(settings: MarketSettings = SAMPLE, progress: Progress = silent) -> Market:
    """Draw a market; the same settings give the same market.

    O(customers x (variants + weeks) + lines log lines); about 1 s for the sample.
    """
    streams = Streams.of(settings.seed)
    catalogue = draw_catalogue(settings, streams.catalogue)
    customers = draw_customers(settings, streams.customers)
    factors = draw_factors(settings, streams.factors)
    effects = market_effects(catalogue, factors, streams.factors)
    demand = draw_demand(
        customers,
        catalogue,
        effects,
        streams.demand,
        browsing=settings.browsing / 2,
        progress=progress,
    )
    sales = sell(settings, catalogue, demand, streams.sales, progress)
    orders, events = _written(
        settings,
        catalogue,
        customers,
        factors=factors,
        demand=demand,
        sales=sales,
        streams=streams,
    )
    composers = draw_composers(customers, streams.composing)
    usage, amounts = draw_usage(catalogue, streams.factory)
    variants = catalogue.frame(settings.start)
    knowledge, questions = knowledge_frames(variants)
    return Market(
        settings=settings,
        orders=orders,
        events=events,
        variants=variants,
        market=factors.frame(settings.weeks),
        resources=resources_frame(settings, amounts, demand.expected, sales.on_hand),
        usage=usage,
        lots=lots_frame(settings, catalogue, sales.on_hand),
        stock=stock_frame(catalogue, factors, sales),
        configurations=configurations_frame(
            settings,
            catalogue,
            customers,
            composers=composers,
            orders=orders,
            rng=streams.composing,
        ),
        knowledge=knowledge,
        truth=Truth(
            demand=_demand_frame(catalogue, factors, demand, sales),
            customers=customers.frame(),
            styles=_styles_frame(catalogue),
            campaigns=factors.campaigns,
            effects=_effects(),
            options=options(),
            composing=composers.to_json(),
            questions=questions,
        ),
        people=customers,
        catalogue=catalogue,
        composers=composers,
    )


def _written(
    settings: MarketSettings,
    catalogue: Catalogue,
    customers: Customers,
    *,
    factors: Factors,
    demand: Demand,
    sales: Sales,
    streams: Streams,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The orders and events of what was sold, lost and looked at before the end."""
    end = factors.days[settings.weeks * DAYS]
    left = demand.browsed.take(demand.browsed.week < settings.weeks)
    visits = 1 + max(
        (int(part.visit.max()) for part in (demand.wanted, demand.browsed) if len(part)), default=-1
    )
    week = np.zeros(visits, np.int64)
    for part in (demand.wanted, demand.browsed):
        week[part.visit] = part.week
    moment = moments(visits, week, factors, streams.sales)
    sold = orders_frame(
        settings,
        catalogue,
        customers,
        sold=sales.sold,
        moment=moment,
        factors=factors,
        rng=streams.sales,
    )
    returned = returns_frame(settings, sold, end, streams.returns)
    orders = pd.concat([sold, returned], ignore_index=True).drop(columns="misfit")
    orders = orders.sort_values(["ordered_at", "order_id", "variant_id"], kind="stable")
    events = draw_events(
        customers,
        catalogue,
        bought=sales.sold,
        left=left,
        lost=sales.lost,
        moment=moment,
        end=end,
        share=settings.browsing,
        rng=streams.behaviour,
    )
    return orders.reset_index(drop=True), events


def _demand_frame(
    catalogue: Catalogue, factors: Factors, demand: Demand, sales: Sales
) -> pd.DataFrame:
    """True demand of every variant in every week that it is on sale."""
    shape = demand.expected.shape
    units = units_by_week(demand.wanted, (shape[0], shape[1]))
    known = len(sales.sold_units)
    week, variant = np.nonzero(demand.expected > 0)
    seen = week < known
    place = np.where(seen, week, 0)
    frame = pd.DataFrame(
        {
            "variant_id": catalogue.variant_ids[variant],
            "week": factors.days[week * DAYS].astype("datetime64[us]"),
            "expected": np.round(demand.expected[week, variant], 2),
            "demand": units[week, variant],
            "sold": pd.array(sales.sold_units[place, variant], dtype="Int64"),
            "lost": pd.array(sales.lost_units[place, variant], dtype="Int64"),
        }
    )
    frame.loc[~seen, ["sold", "lost"]] = pd.NA
    return frame


def _styles_frame(catalogue: Catalogue) -> pd.DataFrame:
    """The truth about every style."""
    columns: dict[str, object] = {
        "style_id": catalogue.style_ids,
        "appeal": np.round(catalogue.appeal, 3),
    }
    columns |= {f"factor_{f}": np.round(catalogue.factors[:, f], 3) for f in range(FACTORS)}
    return pd.DataFrame(columns)


def _effects() -> dict[str, object]:
    """What moves demand, by category."""
    names = ("elasticity", "peak", "season", "warmth", "rain", "gift")
    return {
        "advertising": ADVERTISING,
        "categories": {
            category.name: {name: asdict(category)[name] for name in names}
            for category in CATEGORIES
        },
    }
