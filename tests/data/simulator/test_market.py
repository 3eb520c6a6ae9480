"""The generated market keeps its own books: tables, stock and truth agree."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from data.simulator import Market, MarketSettings, simulate
from data.tables import TABLES

SMALL = MarketSettings(seed=7, customers=300, styles=20, weeks=60)
NUMERIC = {"integer", "number", "money"}


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(SMALL)


def assert_canonical(name: str, frame: pd.DataFrame) -> None:
    table = TABLES[name]
    for column in table.columns:
        if column.name not in frame:
            assert not column.required, f"{name}.{column.name} is missing"
            continue
        values = frame[column.name]
        assert column.nullable or values.notna().all(), f"{name}.{column.name} has gaps"
        values = values.dropna()
        if column.choices:
            assert values.isin(column.choices).all()
        if column.kind in NUMERIC:
            assert np.isfinite(values.to_numpy(dtype=float)).all()
            assert column.minimum is None or (values >= column.minimum).all()
            assert column.maximum is None or (values <= column.maximum).all()
        if column.kind in {"timestamp", "date"}:
            assert values.dtype == np.dtype("datetime64[us]"), f"{name}.{column.name}"
    extra = set(frame.columns) - set(table.names)
    assert not extra or table.open_columns, f"{name} has {extra}"
    key = [column for column in table.key if column in frame]
    assert not key or not frame.duplicated(key).any()


def assert_sound(market: Market) -> None:
    for name in TABLES:
        assert_canonical(name, getattr(market, name))
    variants = set(market.variants["variant_id"])
    orders, events, lots = market.orders, market.events, market.lots
    assert set(orders["variant_id"]) <= variants
    assert set(events["variant_id"]) <= variants
    assert set(lots["variant_id"]) <= variants
    assert set(market.usage["variant_id"].dropna()) == variants
    assert set(market.usage["style_id"].dropna()) == set(market.variants["style_id"])
    assert set(market.usage["resource_id"]) == set(market.resources["resource_id"])
    assert not orders.duplicated(["order_id", "variant_id"]).any()
    start = pd.Timestamp(market.settings.start)
    end = start + pd.Timedelta(weeks=market.settings.weeks)
    for moments in (orders["ordered_at"], events["at"]):
        assert moments.lt(end).all()
        assert moments.is_monotonic_increasing
    assert orders["ordered_at"].ge(start).all()
    assert market.market["date"].iloc[-1] == end + pd.Timedelta(
        days=7 * market.settings.future_weeks - 1
    )


def sold_by_week(orders: pd.DataFrame) -> pd.Series:
    sold = orders[orders["quantity"] > 0]
    week = sold["ordered_at"].dt.normalize()
    week -= pd.to_timedelta(week.dt.day_of_week, "D")
    return sold.groupby([sold["variant_id"], week.rename("week")])["quantity"].sum()


def test_every_table_is_canonical_and_refers_to_what_exists(market: Market) -> None:
    assert_sound(market)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    customers=st.integers(1, 40),
    styles=st.integers(1, 9),
    weeks=st.integers(4, 60),
)
def test_any_size_and_seed_gives_a_sound_market(
    seed: int, customers: int, styles: int, weeks: int
) -> None:
    assert_sound(
        simulate(MarketSettings(seed=seed, customers=customers, styles=styles, weeks=weeks))
    )


def test_a_seed_gives_one_market_and_another_seed_another(market: Market) -> None:
    again = simulate(SMALL)
    other = simulate(SMALL.model_copy(update={"seed": 8}))
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(market, name), getattr(again, name))
    pd.testing.assert_frame_equal(market.truth.demand, again.truth.demand)
    assert not market.orders.equals(other.orders)


def test_one_part_of_the_market_does_not_disturb_the_draws_of_another(market: Market) -> None:
    other = simulate(SMALL.model_copy(update={"returns": 0.5, "browsing": 0.1}))
    sold = market.orders[market.orders["quantity"] > 0].reset_index(drop=True)
    same = other.orders[other.orders["quantity"] > 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(sold, same)
    assert len(other.events) < len(market.events)


def test_the_truths_sold_units_are_the_orders_units(market: Market) -> None:
    truth = market.truth.demand.dropna(subset="sold")
    units = truth[truth["sold"] > 0].set_index(["variant_id", "week"])["sold"].sort_index()
    sold = sold_by_week(market.orders).sort_index()
    pd.testing.assert_series_equal(units, sold, check_dtype=False, check_names=False)


def test_lost_demand_is_part_of_demand_and_what_is_not_lost_is_sold(market: Market) -> None:
    truth = market.truth.demand.dropna(subset="sold")
    assert truth["lost"].sum() > 0
    assert (truth["lost"] <= truth["demand"]).all()
    assert (truth["sold"] >= truth["demand"] - truth["lost"]).all()
    assert truth["sold"].sum() <= truth["demand"].sum()


def test_with_stock_for_a_year_nothing_is_lost() -> None:
    plenty = simulate(SMALL.model_copy(update={"cover": 52.0}))
    truth = plenty.truth.demand.dropna(subset="sold")
    settled = truth[truth["week"] >= truth["week"].min() + pd.Timedelta(weeks=8)]
    assert settled["lost"].sum() < 0.01 * settled["demand"].sum()
    kept = settled[settled["lost"] == 0]
    assert kept["sold"].sum() >= kept["demand"].sum()


def test_nothing_is_sold_before_its_launch_or_after_its_withdrawal(market: Market) -> None:
    lines = market.orders[market.orders["quantity"] > 0].merge(market.variants, on="variant_id")
    assert lines["introduced_at"].notna().any()
    assert lines["discontinued_at"].notna().any()
    assert not (lines["ordered_at"] < lines["introduced_at"]).any()
    assert not (lines["ordered_at"] >= lines["discontinued_at"]).any()


def test_prices_paid_are_list_prices_less_the_campaigns_cut(market: Market) -> None:
    lines = market.orders.merge(
        market.variants[["variant_id", "price", "category"]], on="variant_id"
    )
    lines = lines[lines["quantity"] > 0]
    day = lines["ordered_at"].dt.normalize().rename("date")
    cuts = market.market.set_index("date").loc[day].reset_index(drop=True)
    local = cuts.to_numpy()[
        np.arange(len(cuts)), cuts.columns.get_indexer("promotion_" + lines["category"])
    ].astype(float)
    paid = lines["price"].to_numpy() * (1 - np.maximum(local, cuts["promotion"].to_numpy()))
    np.testing.assert_allclose(lines["unit_price"], paid, atol=0.0051)
    assert cuts["promotion"].gt(0).any()
    assert (local > 0).any()


def test_worse_fits_come_back_more_often() -> None:
    market = simulate(SMALL.model_copy(update={"returns": 0.3, "guests": 0.0}))
    size = {name: place for place, name in enumerate(("XS", "S", "M", "L", "XL", "XXL"))}
    lines = market.orders.merge(market.variants[["variant_id", "size"]], on="variant_id")
    own = market.truth.customers.set_index("customer_id")["size"]
    misfit = (lines["size"].map(size) - lines["customer_id"].map(own)).abs()
    back = lines["quantity"] < 0
    assert misfit[back].mean() > 1.2 * misfit[~back].mean()


def test_every_return_undoes_an_earlier_line_of_the_same_customer(market: Market) -> None:
    back = market.orders[market.orders["quantity"] < 0].copy()
    assert len(back) > 0
    back["order_id"] = back["order_id"].str.removeprefix("R")
    lines = back.merge(market.orders, on=["order_id", "variant_id"], suffixes=("", "_bought"))
    assert len(lines) == len(back)
    assert (lines["quantity"] == -lines["quantity_bought"]).all()
    assert (lines["unit_price"] == lines["unit_price_bought"]).all()
    assert lines["customer_id"].equals(lines["customer_id_bought"])
    assert (lines["ordered_at"] > lines["ordered_at_bought"]).all()


def test_the_scarcest_resource_is_short_by_the_share_asked_for(market: Market) -> None:
    horizon = market.truth.demand[market.truth.demand["sold"].isna()]
    weeks = sorted(horizon["week"].unique())[:4]
    mean = horizon[horizon["week"].isin(weeks)].groupby("variant_id")["expected"].sum() / 4
    stock = market.lots.set_index("variant_id")["on_hand"].reindex(mean.index, fill_value=0)
    need = (mean - stock / 4).clip(lower=0)
    usage = market.usage[market.usage["style_id"].notna()]
    sewing = usage[usage["resource_id"] == "sewing"].set_index("style_id")["amount"]
    style = market.variants.set_index("variant_id")["style_id"]
    hours = (need * sewing.reindex(style.reindex(need.index)).to_numpy()).sum()
    capacity = market.resources.set_index("resource_id")["capacity"]
    assert capacity["sewing"] == pytest.approx(SMALL.capacity * hours, abs=2)
    assert capacity["sewing"] < hours


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": date(2024, 1, 2)},
        {"customers": 0},
        {"weeks": 3},
        {"habit": 1.5},
        {"seed": -1},
        {"colour": "blue"},
    ],
)
def test_settings_that_make_no_market_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MarketSettings(**wrong)


def test_stock_says_how_much_of_a_week_a_variant_could_be_bought(market: Market) -> None:
    truth = market.truth.demand.dropna(subset="sold")
    weeks = market.stock.merge(
        truth, left_on=["variant_id", "date"], right_on=["variant_id", "week"], how="outer"
    )
    assert weeks[["in_stock", "on_hand"]].notna().all().all()
    all_week, never = weeks["in_stock"] == 1, weeks["in_stock"] == 0
    assert all_week.any()
    assert never.any()
    assert (~all_week & ~never).any()
    assert (weeks.loc[all_week, "lost"] == 0).all()
    nothing = weeks["on_hand"] == 0
    assert never[nothing].all()
    assert (weeks.loc[nothing, "sold"] == 0).all()
    assert (weeks["sold"] <= weeks["on_hand"]).all()
    lost = weeks.loc[weeks["in_stock"] < 1, "lost"].sum()
    assert lost == truth["lost"].sum()
