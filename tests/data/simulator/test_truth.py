"""The truth is what moves the market: demand, preferences and effects are as stated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data.simulator import Market, MarketSettings, simulate
from data.simulator.catalogue import draw_catalogue
from data.simulator.categories import CATEGORIES
from data.simulator.effects import ADVERTISING, market_effects
from data.simulator.factors import Factors, draw_factors

SETTINGS = MarketSettings(seed=11, customers=1500, styles=20, weeks=80)


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(SETTINGS)


@pytest.fixture(scope="module")
def factors() -> Factors:
    return draw_factors(SETTINGS, np.random.default_rng(0))


def effects_of(factors: Factors) -> np.ndarray:
    catalogue = draw_catalogue(SETTINGS, np.random.default_rng(1))
    return market_effects(catalogue, factors, np.random.default_rng(2))


def by_variant(values: list[float]) -> np.ndarray:
    catalogue = draw_catalogue(SETTINGS, np.random.default_rng(1))
    return np.array(values)[catalogue.category][catalogue.style]


def test_demand_scatters_about_what_is_expected(market: Market) -> None:
    truth = market.truth.demand
    assert truth["demand"].sum() == pytest.approx(truth["expected"].sum(), rel=0.03)
    weekly = truth.groupby("week")[["demand", "expected"]].sum()
    assert weekly["demand"].corr(weekly["expected"]) > 0.95
    variants = truth.groupby("variant_id")[["demand", "expected"]].sum()
    slope = (variants["demand"] * variants["expected"]).sum() / (variants["expected"] ** 2).sum()
    assert slope == pytest.approx(1, abs=0.05)


def test_a_price_cut_moves_demand_by_the_elasticity(factors: Factors) -> None:
    still = replace(factors, depth=factors.depth * 0, everywhere=factors.everywhere * 0)
    sale = replace(still, depth=still.depth + 0.3, everywhere=still.everywhere + 0.3)
    ratio = effects_of(sale) / np.maximum(effects_of(still), 1e-12)
    lift = by_variant([0.7**-c.elasticity * np.exp(ADVERTISING) for c in CATEGORIES])
    on_sale = effects_of(still) > 0
    np.testing.assert_allclose(ratio[on_sale], np.broadcast_to(lift, ratio.shape)[on_sale])


def test_weather_moves_demand_by_its_departure_from_the_normal(factors: Factors) -> None:
    normal = replace(factors, temperature=factors.normal_temperature, rain=factors.normal_rain)
    warm = replace(normal, temperature=normal.temperature + 5.0)
    wet = replace(normal, rain=normal.rain + 3.0)
    base = effects_of(normal)
    on_sale = base > 0
    for changed, name in ((warm, "warmth"), (wet, "rain")):
        ratio = effects_of(changed)[on_sale] / base[on_sale]
        lift = np.exp(by_variant([getattr(c, name) for c in CATEGORIES]))
        np.testing.assert_allclose(ratio, np.broadcast_to(lift, base.shape)[on_sale])


def test_nobody_knows_the_weather_to_come_but_sales_and_holidays_are_planned(
    market: Market,
) -> None:
    known = SETTINGS.weeks * 7
    again = draw_factors(SETTINGS, np.random.default_rng(0))
    frame = again.frame(SETTINGS.weeks)
    outlook = frame["temperature"].to_numpy()[known:]
    np.testing.assert_allclose(outlook, again.normal_temperature[known:], atol=0.051)
    assert not np.allclose(again.temperature[known:], again.normal_temperature[known:], atol=1)
    np.testing.assert_array_equal(
        frame["temperature"].to_numpy()[:known], again.temperature[:known]
    )
    ahead = market.market.iloc[known:]
    campaigns = market.truth.campaigns
    planned = campaigns[campaigns["first_day"] >= ahead["date"].iloc[0]]
    promotions = [name for name in ahead.columns if name.startswith("promotion")]
    assert len(planned) > 0
    assert ahead[promotions].to_numpy().any()


def test_holidays_are_those_of_england(market: Market) -> None:
    days = market.market.loc[market.market["holiday"] == 1, "date"]
    for day in ("2024-01-01", "2024-03-29", "2024-12-25", "2025-04-21"):
        assert pd.Timestamp(day) in set(days)
    assert pd.Timestamp("2024-07-04") not in set(days)


def test_nothing_is_ordered_on_christmas_day(market: Market) -> None:
    days = market.orders.loc[market.orders["quantity"] > 0, "ordered_at"].dt.strftime("%m-%d")
    assert "12-24" in set(days)
    assert "12-25" not in set(days)


def test_preferences_are_shares_and_customers_buy_what_they_prefer(market: Market) -> None:
    people = market.truth.customers["customer_id"]
    shares = market.preference(slice(0, len(people)))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    lines = market.orders[market.orders["customer_id"].notna() & (market.orders["quantity"] > 0)]
    customer = pd.Index(people).get_indexer(pd.Index(lines["customer_id"]))
    variant = pd.Index(market.variants["variant_id"]).get_indexer(pd.Index(lines["variant_id"]))
    rank = shares.argsort(axis=1)
    place = np.empty_like(rank)
    np.put_along_axis(place, rank, np.arange(rank.shape[1])[None, :], axis=1)
    quantile = place[customer, variant] / (rank.shape[1] - 1)
    assert quantile.mean() > 0.85
    shuffled = np.random.default_rng(0).permutation(customer)
    assert quantile.mean() > place[shuffled, variant].mean() / (rank.shape[1] - 1) + 0.15


def test_customers_repeat_their_favourites() -> None:
    new = []
    for habit in (0.9, 0.0):
        drawn = simulate(SETTINGS.model_copy(update={"habit": habit}))
        lines = drawn.orders[drawn.orders["customer_id"].notna() & (drawn.orders["quantity"] > 0)]
        new.append(1 - lines.duplicated(["customer_id", "variant_id"]).mean())
    assert new[0] < 0.8 * new[1]
