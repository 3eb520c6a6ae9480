"""Orders since a plan: what is compared, when an alert is raised, and how seldom it is false."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import gamma, nbinom, poisson

from production.demand.forecast import LEVELS, Forecast
from production.demand.saved import SavedForecast
from production.plans.plan import LINE_COLUMNS, Plan
from production.report.evidence import FALSE_ALARMS, alerting, excess_of, log_evidence
from production.report.live import LiveMix, orders_so_far

MONDAY = np.datetime64("2026-03-02")
END = MONDAY + np.timedelta64(28, "D")
SPREAD = 0.3
"""Standard deviation of a variant's rate, as a share of its mean, before its horizon begins."""


def fortunes(mean: NDArray[np.float64], draws: int, seed: int) -> NDArray[np.float64]:
    """(draws, V) rates of a horizon whose variants do well or badly over all of it."""
    shape = 1 / SPREAD**2
    return np.random.default_rng(seed).gamma(shape, mean / shape, (draws, len(mean)))


def forecast_of(mean: NDArray[np.float64]) -> SavedForecast:
    """A right forecast of units whose rates are `fortunes`."""
    shape, count = 1 / SPREAD**2, len(mean)
    chances = np.linspace(0.0025, 0.9975, 200)
    rates = gamma.ppf(chances, shape) / shape
    units = np.arange(0, int(mean.max() * 4))
    total = np.array([poisson.cdf(units, one * rates[:, None]).mean(axis=0) for one in mean])
    quantiles = np.array([[np.searchsorted(row, level) for level in LEVELS] for row in total])
    ids = np.array([f"v{place:03d}" for place in range(count)], dtype=object)
    forecast = Forecast(
        method="right",
        origin=MONDAY,
        variants=ids,
        weekly=np.repeat(mean[:, None] / 4, 4, axis=1),
        mean=mean,
        quantiles=quantiles.astype(float),
    )
    nothing = np.full(count, "", dtype=object)
    return SavedForecast(
        forecast_id="f",
        forecast=forecast,
        per_week=1,
        style_ids=np.array([f"s{place // 4}" for place in range(count)], dtype=object),
        titles=nothing,
        groups=nothing,
        periods=np.array([], dtype="datetime64[D]"),
        past=np.zeros((count, 0)),
        asked={},
    )


def plan_of(forecast: SavedForecast) -> Plan:
    """A plan to make the mean of each variant, with one in stock."""
    lines = pd.DataFrame(0.0, index=range(len(forecast.style_ids)), columns=list(LINE_COLUMNS))
    lines["variant_id"], lines["style_id"] = forecast.forecast.variants, forecast.style_ids
    lines["quantity"], lines["on_hand"] = np.round(forecast.forecast.mean), 1.0
    return Plan(
        plan_id="p", as_of=MONDAY, horizon=4, method="right", lines=lines, resources=(),
        expected_cost=0.0, bound=0.0, gap=0.0, status="optimal", assumptions=(),
    )  # fmt: skip


def lines_of(*told: tuple[str | None, str, int, str]) -> pd.DataFrame:
    """Order lines of customer, variant, units, moment."""
    frame = pd.DataFrame(told, columns=["customer_id", "variant_id", "quantity", "ordered_at"])
    return frame.astype({"ordered_at": "datetime64[us]", "customer_id": "str"})


def drawn(units: NDArray[np.int64], seed: int = 0) -> pd.DataFrame:
    """Units spread evenly at random over the horizon, a line each."""
    random = np.random.default_rng(seed)
    variant = np.repeat(np.arange(len(units)), units)
    seconds = random.integers(0, 28 * 86400, len(variant))
    return pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(len(variant))],
            "variant_id": [f"v{place:03d}" for place in variant],
            "quantity": 1,
            "ordered_at": MONDAY.astype("datetime64[us]") + seconds.astype("timedelta64[s]"),
        }
    )


@pytest.fixture(scope="module")
def forecast() -> SavedForecast:
    return forecast_of(np.repeat([2.0, 8.0, 20.0, 60.0], 15))


@pytest.fixture(scope="module")
def right(forecast: SavedForecast) -> pd.DataFrame:
    """Orders as the forecast has them: each variant's units are near its mean."""
    return drawn(np.random.default_rng(4).poisson(forecast.forecast.mean))


def compared(forecast: SavedForecast, orders: pd.DataFrame, now: str | np.datetime64) -> LiveMix:
    return orders_so_far(plan_of(forecast), forecast, orders, pd.Timestamp(now).to_datetime64())


def test_the_variance_is_that_of_the_forecasts_distribution(forecast: SavedForecast) -> None:
    mean = forecast.forecast.mean
    found = excess_of(mean, forecast.forecast.quantiles)
    assert found[mean >= 8] == pytest.approx(SPREAD**2 * mean[mean >= 8], rel=0.35)


def test_evidence_has_expectation_one_under_the_forecast() -> None:
    units = np.arange(400.0)
    mean, excess = np.float64(12.0), np.array(3.0)
    for passed in (0.1, 0.5, 1.0):
        chance = nbinom.pmf(units, passed * mean / excess, 1 / (1 + excess))
        value = np.exp(log_evidence(units, np.array(passed * mean), excess))
        assert chance @ value == pytest.approx(1.0)


def test_alerts_are_seldom_raised_where_the_forecast_is_right(forecast: SavedForecast) -> None:
    """Looked at every day of 200 horizons: a horizon with any alert is as rare as stated."""
    mean, days = forecast.forecast.mean, 28
    excess = excess_of(mean, forecast.forecast.quantiles)
    random, false = np.random.default_rng(6), 0
    for rates in fortunes(mean, 200, seed=5):
        units = np.cumsum(random.poisson(rates / days, (days, len(mean))), axis=0)
        passed = np.arange(1, days + 1)[:, None] / days * mean
        evidence = log_evidence(units.astype(float), passed, excess)
        false += any(alerting(row).any() for row in evidence)
    assert false <= FALSE_ALARMS * 200


@pytest.mark.parametrize(("factor", "direction"), [(5.0, "above"), (0.0, "below")])
def test_a_variant_that_leaves_its_band_alerts_and_no_other(
    forecast: SavedForecast, right: pd.DataFrame, factor: float, direction: str
) -> None:
    star = "v050"
    rest = right[right["variant_id"] != star]
    more = drawn(np.array([0] * 50 + [int(60 * factor)]), seed=9)
    orders = pd.concat([rest, more], ignore_index=True)
    found = compared(forecast, orders, END)
    assert found.alerts["variant_id"].to_list() == [star]
    alert = found.alerts.iloc[0]
    assert alert["alert"] == direction
    assert not alert["low"] <= alert["ordered"] <= alert["high"]
    assert MONDAY < alert["first_at"] < END
    # raised at that look, and not a day before
    first = alert["first_at"].to_datetime64()
    assert star in compared(forecast, orders, first).alerts["variant_id"].to_list()
    before = compared(forecast, orders, first - np.timedelta64(1, "D"))
    assert star not in before.alerts["variant_id"].to_list()


def test_an_alert_says_how_many_more_to_make(forecast: SavedForecast, right: pd.DataFrame) -> None:
    burst = pd.concat([right, drawn(np.array([0] * 50 + [400]), seed=1)], ignore_index=True)
    row = compared(forecast, burst, MONDAY + np.timedelta64(14, "D")).alerts.iloc[0]
    assert row["supply"] == 61
    missing = round(row["projected"]) - 61
    assert row["projected"] > row["ordered"] > 150
    assert f"make {missing:,} more" in row["do"]


def test_what_is_expected_by_now_follows_the_weeks(forecast: SavedForecast) -> None:
    uneven = replace(
        forecast,
        forecast=replace(
            forecast.forecast,
            weekly=forecast.forecast.mean[:, None] * np.array([0.1, 0.2, 0.3, 0.4]),
        ),
    )
    orders = lines_of(("c", "v050", 1, "2026-03-18T11:00"))
    found = compared(uneven, orders, "2026-03-18T12:00")  # two weeks and two and a half days
    row = found.rows.set_index("variant_id").loc["v050"]
    assert row["expected"] == pytest.approx(60 * (0.3 + 0.3 * 2.5 / 7))
    assert found.passed == pytest.approx(0.3 + 0.3 * 2.5 / 7)


def test_a_return_takes_back_what_its_customer_ordered_since(forecast: SavedForecast) -> None:
    orders = lines_of(
        ("a", "v000", 3, "2026-03-02T10:00"),
        ("a", "v000", -2, "2026-03-02T11:00"),
        ("b", "v000", -5, "2026-03-02T12:00"),  # of an order before the plan
        (None, "v000", -1, "2026-03-02T12:30"),
        ("a", "v000", 9, "2026-02-27T12:00"),  # before the plan
        ("a", "v000", 9, "2026-03-04T12:00"),  # not yet
    )
    row = compared(forecast, orders, "2026-03-03T00:00").rows.set_index("variant_id").loc["v000"]
    assert row["ordered"] == 1
    assert row["returned"] == 8


def test_orders_that_no_longer_arrive_raise_no_alert(
    forecast: SavedForecast, right: pd.DataFrame
) -> None:
    stopped = right[right["ordered_at"] < "2026-03-10"]
    found = compared(forecast, stopped, END)
    assert found.until == stopped["ordered_at"].max().to_datetime64()
    assert found.alerts.empty
    assert "still arrive" in found.notes[0]
    never = compared(forecast, right.head(0), END)
    assert never.until == MONDAY
    assert never.alerts.empty
    assert never.rows["ordered"].sum() == 0
    assert "No order has arrived" in never.notes[0]


def test_before_the_horizon_nothing_is_expected(forecast: SavedForecast) -> None:
    found = compared(forecast, lines_of(), "2026-02-20")
    assert found.until == MONDAY
    assert found.passed == 0
    assert found.alerts.empty
    assert found.notes == ()


def test_a_variant_without_a_forecast_is_told_and_raises_no_alert(
    forecast: SavedForecast, right: pd.DataFrame
) -> None:
    extra = lines_of(("c", "unheard-of", 50, "2026-03-05T00:00"))
    found = compared(forecast, pd.concat([right, extra], ignore_index=True), END)
    row = found.rows.set_index("variant_id").loc["unheard-of"]
    assert (row["ordered"], row["expected"], row["alert"]) == (50, 0, "")
    assert any("50 units are of variants that no demand" in note for note in found.notes)


def test_styles_add_up(forecast: SavedForecast, right: pd.DataFrame) -> None:
    found = compared(forecast, right, "2026-03-20")
    styles = found.styles()
    assert len(styles) == 15
    for column in ("ordered", "expected", "mean", "supply"):
        assert styles[column].sum() == pytest.approx(found.rows[column].sum())


def test_the_order_of_lines_changes_nothing(forecast: SavedForecast, right: pd.DataFrame) -> None:
    shuffled = right.sample(frac=1.0, random_state=3)
    one, other = (compared(forecast, lines, "2026-03-20").rows for lines in (right, shuffled))
    pd.testing.assert_frame_equal(one, other)


def one_week(forecast: SavedForecast) -> SavedForecast:
    """The same demand in one week, 5 January to 11 January."""
    made = forecast.forecast
    weekly = made.mean[:, None].copy()
    origin = np.datetime64("2026-01-05")
    return replace(forecast, forecast=replace(made, origin=origin, weekly=weekly))


def test_the_horizons_end_is_no_part_of_it_and_now_is(forecast: SavedForecast) -> None:
    week = one_week(forecast)
    orders = lines_of(
        ("a", "v050", 1, "2026-01-05"),
        ("b", "v050", 2, "2026-01-06"),
        ("c", "v050", 4, "2026-01-12"),
    )
    told = {
        "2026-01-04T23:59": 0,
        "2026-01-05": 1,  # an order of this very moment has arrived
        "2026-01-05T23:59": 1,
        "2026-01-06": 3,
        "2026-01-11T23:59": 3,
        "2026-01-12": 3,
        "2026-02-01": 3,
    }
    for now, units in told.items():
        found = compared(week, orders, now)
        assert found.rows["ordered"].sum() == units, now
    assert found.end == np.datetime64("2026-01-12")


def test_an_order_of_midnight_is_of_the_day_that_begins(
    forecast: SavedForecast, right: pd.DataFrame
) -> None:
    sooner = np.datetime64("2026-01-05") + (right["ordered_at"] - MONDAY) / 4
    burst = lines_of(("a", "v050", 400, "2026-01-07"))
    orders = pd.concat([right.assign(ordered_at=sooner), burst], ignore_index=True)
    found = compared(one_week(forecast), orders, "2026-01-09")
    row = found.rows.set_index("variant_id").loc["v050"]
    # the look at the end of 6 January has nothing of the 7th yet
    assert (row["alert"], row["first_at"]) == ("above", pd.Timestamp("2026-01-08"))
