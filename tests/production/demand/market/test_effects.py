from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from production.demand.forecast import PARTS, DemandHistory
from production.demand.forecasters import make_forecaster
from production.demand.market.effects import learn_effects
from production.demand.reading import build_panel
from production.demand.settings import DemandSettings
from tests.production.markets import START

DAYS = 400


def shop(settings: DemandSettings, *, seed: int = 1, end: int = 380) -> DemandHistory:
    """Two variants by day: busy weekends, closed on Mondays; warm days sell, a plan doubles."""
    random = np.random.default_rng(seed)
    day = np.arange(DAYS)
    warm = 15 + 10 * np.sin(day / 58) + random.normal(0, 3, DAYS)
    plan = (random.random(DAYS) < 0.2).astype(float)
    weekday = day % 7
    rate = np.exp(0.03 * warm + 0.7 * plan + 0.5 * (weekday >= 5)) * (weekday > 0)
    units = random.poisson(np.array([[40.0], [10.0]]) * rate)
    rows, days = np.nonzero(units)
    lines = pd.DataFrame(
        {
            "order_id": "o",
            "customer_id": "c",
            "variant_id": np.array(["a", "b"], dtype=object)[rows],
            "quantity": units[rows, days],
            "unit_price": 1.0,
            "ordered_at": (START + days).astype("datetime64[us]"),
        }
    )
    market = pd.DataFrame(
        {"date": (START + day).astype("datetime64[us]"), "promotion": plan, "temperature": warm}
    )
    panel = build_panel(lines, None, market, settings)
    return panel.at(START + end, horizon=7)


KNOWN = DemandSettings(period="day", country="", ahead={"temperature": "known"})
UNKNOWN = DemandSettings(period="day", country="")


def test_a_day_panel_has_days() -> None:
    history = shop(KNOWN)
    assert history.per_week == 7
    assert len(history.periods) == 379  # the shop's first day, a Monday, sold nothing
    assert history.periods[-1] == START + 379


def test_planted_effects_are_found() -> None:
    learned = learn_effects(shop(KNOWN))
    history = shop(KNOWN)
    found = make_forecaster("log_linear").forecast(history)
    assert found.effects is not None
    effects = found.effects.set_index("term")["mean"]
    spread = history.regressors.std(ddof=0)
    assert effects["promotion"] / spread["promotion"] == pytest.approx(0.7, abs=0.1)
    assert effects["weekday_saturday"] / spread["weekday_saturday"] > 2  # Mondays are closed
    assert learned.penalty < 10


def test_a_day_is_forecast_as_its_weekday_and_weather_say() -> None:
    history = shop(KNOWN)
    found = make_forecaster("atelier").forecast(history)
    last = history.future
    plan, warm = last["promotion"].to_numpy(), last["temperature"].to_numpy()
    weekday = (np.arange(380, 387)) % 7
    rate = np.exp(0.03 * warm + 0.7 * plan + 0.5 * (weekday >= 5)) * (weekday > 0)
    truth = np.array([[40.0], [10.0]]) * rate
    assert np.abs(found.weekly - truth).sum() < 0.15 * truth.sum()
    assert found.weekly[:, weekday == 0].sum() < 0.01 * truth.sum()


def test_parts_of_a_day_forecast_add_up_and_name_what_moves_it() -> None:
    history = shop(KNOWN)
    found = make_forecaster("log_linear").forecast(history)
    assert found.parts is not None
    np.testing.assert_allclose(found.parts.sum(axis=1), found.mean)
    parts = dict(zip(PARTS, found.parts[0], strict=True))
    planned = history.future["promotion"].mean() > history.regressors["promotion"].mean()
    assert (parts["promotion"] > 0) == planned
    assert parts["preference"] == parts["price"] == 0


def test_unknown_weather_has_less_of_a_say_than_known() -> None:
    truth = shop(KNOWN)
    known = make_forecaster("log_linear").forecast(truth)
    unknown = make_forecaster("log_linear").forecast(shop(UNKNOWN))
    assert not np.allclose(known.weekly, unknown.weekly)
    wide = np.ptp(shop(UNKNOWN).future["temperature"])
    assert wide < np.ptp(truth.future["temperature"])


def test_a_giant_day_is_no_market() -> None:
    history = shop(KNOWN)
    units = history.units.copy()
    units[0, 300] = 80_000
    spiked = learn_effects(_with_units(history, units))
    clean = learn_effects(history)
    place = clean.names.index("promotion")
    planned = [learned.now.effects[0, 1 + place] for learned in (spiked, clean)]
    assert planned[0] == pytest.approx(planned[1], rel=0.15)
    weekend = clean.names.index("weekday_sunday") + 1
    assert spiked.now.effects[0, weekend] > 0.5


def _with_units(history: DemandHistory, units: np.ndarray) -> DemandHistory:
    from dataclasses import replace

    return replace(history, units=units)
