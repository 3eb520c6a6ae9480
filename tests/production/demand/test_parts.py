"""A forecast taken apart: the parts add up, and what was planted is what they show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from production.demand.features import MEANINGS
from production.demand.forecast import PARTS, Forecast
from production.demand.forecasters import make_forecaster, method_names
from production.demand.parts import (
    TERMS,
    closed,
    combined,
    of_contributions,
    of_linear,
    of_market,
    of_mean,
    of_terms,
    part_of_regressor,
)
from tests.production import markets

NUMBERS = st.floats(-1e3, 1e3, allow_nan=False)
ORIGIN = markets.START + 62 * markets.WEEK


def column(parts: NDArray[np.float64] | None, name: str) -> NDArray[np.float64]:
    assert parts is not None
    values: NDArray[np.float64] = parts[:, PARTS.index(name)]
    return values


def adds_up(found: Forecast) -> None:
    assert found.parts is not None
    assert found.parts.shape == (len(found.variants), len(PARTS))
    assert np.isfinite(found.parts).all()
    size = np.abs(found.parts).sum(axis=1)
    assert (np.abs(found.parts.sum(axis=1) - found.mean) <= 1e-9 * np.maximum(size, 1e-300)).all()


@pytest.mark.parametrize("method", method_names())
def test_the_parts_of_every_method_that_gives_them_add_up(method: str) -> None:
    history = markets.panel(factors=markets.market()).at(ORIGIN, horizon=4)
    found = make_forecaster(method).forecast(history)
    if found.parts is None:
        pytest.skip(f"'{method}' does not say what its mean is made of")
    adds_up(found)


def test_the_default_says_what_its_forecast_is_made_of() -> None:
    history = markets.panel(factors=markets.market()).at(ORIGIN, horizon=4)
    adds_up(make_forecaster(method_names()[0]).forecast(history))


@given(
    values=arrays(float, (4, 5), elements=NUMBERS),
    coefficients=arrays(float, 5, elements=NUMBERS),
    logs=arrays(float, (4, 3, 4), elements=st.floats(-3, 3)),
    mean=arrays(float, 4, elements=st.floats(0, 1e6)),
)
@settings(max_examples=60, deadline=None)
def test_terms_times_market_add_up(
    values: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    logs: NDArray[np.float64],
    mean: NDArray[np.float64],
) -> None:
    names = ("constant", "level", "level_fast", "usual", "preferences")
    terms = of_terms(values, names, coefficients)
    linear = values @ coefficients
    size = np.abs(values) @ np.abs(coefficients) + 1.0
    assert (np.abs(terms.sum(axis=1) - linear) <= 1e-9 * size).all()
    widest = float(np.log(4.0))
    market = of_market(logs, ("christmas", "promotion", "temperature", "oil"), widest)
    factors = np.exp(np.clip(logs.sum(axis=2), -widest, widest))  # (V, H)
    whole = of_linear(terms, market, 3)
    assert (np.abs(whole.sum(axis=1) - linear * factors.sum(axis=1)) <= 1e-7 * size).all()
    final = closed(whole, mean)
    assert (np.abs(final.sum(axis=1) - mean) <= 1e-9 * np.abs(final).sum(axis=1)).all()


@given(
    contributions=arrays(float, (3, 4), elements=NUMBERS),
    scale=arrays(float, 3, elements=st.floats(0, 1e4)),
    weight=st.floats(0, 1),
)
@settings(max_examples=40, deadline=None)
def test_contributions_and_weighted_sums_add_up(
    contributions: NDArray[np.float64], scale: NDArray[np.float64], weight: float
) -> None:
    shap = of_contributions(contributions, ("level", "promotion", "odd"), scale)
    whole = contributions.sum(axis=1) * scale
    size = np.abs(contributions).sum(axis=1) * scale
    assert (np.abs(shap.sum(axis=1) - whole) <= 1e-9 * size + 1e-12).all()
    other = of_mean(scale)
    mixed = combined((shap, other), (weight, 1 - weight))
    expected = weight * whole + (1 - weight) * scale
    assert (np.abs(mixed.sum(axis=1) - expected) <= 1e-9 * (size + scale) + 1e-12).all()


def test_a_market_of_one_factor_is_all_its_own() -> None:
    logs = np.full((1, 2, 1), np.log(1.5))
    market = of_market(logs, ("promotion",), np.log(4.0))
    assert column(market, "promotion")[0] == pytest.approx(2 * 0.5)
    assert np.abs(market).sum() == pytest.approx(1.0)


def test_opposite_factors_of_one_size_cancel() -> None:
    logs = np.array([[[0.3, -0.3]]])
    market = of_market(logs, ("promotion", "temperature"), np.log(4.0))
    assert column(market, "promotion")[0] == pytest.approx(0.3)
    assert column(market, "weather")[0] == pytest.approx(-0.3)


def test_what_preferences_say_beyond_the_level_alone_is_preference() -> None:
    names = ("level", "usual", "preferences")
    agreed = of_terms(np.array([[5.0, 5.0, 5.0]]), names, np.array([0.5, 0.2, 0.3]))
    assert column(agreed, "preference")[0] == 0
    assert column(agreed, "level")[0] == pytest.approx(5.0)
    more = of_terms(np.array([[5.0, 5.0, 9.0]]), names, np.array([0.5, 0.2, 0.3]))
    assert column(more, "preference")[0] == pytest.approx(0.3 * 4)


def test_a_scale_moves_all_parts_and_a_cut_goes_to_the_level() -> None:
    parts = of_mean(np.array([4.0, -3.0]))
    parts[:, PARTS.index("season")] = 2.0
    final = closed(parts, np.array([9.0, 0.0]))
    assert column(final, "season").tolist() == pytest.approx([3.0, 2.0])
    assert column(final, "level").tolist() == pytest.approx([6.0, -2.0])


def test_every_term_that_is_split_is_a_term() -> None:
    for name, (part, against) in TERMS.items():
        assert part in PARTS
        assert name in MEANINGS
        assert not against or against in MEANINGS


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("season_sine", "season"),
        ("christmas", "season"),
        ("holidays", "holiday"),
        ("holidays_market", "holiday"),
        ("promotion_gloves", "promotion"),
        ("temperature", "weather"),
        ("sky=rain", "weather"),
        ("weathersit=3", "weather"),
        ("price_plan", "price"),
        ("consumer_confidence", "market"),
    ],
)
def test_names_of_regressors_say_their_part(name: str, part: str) -> None:
    assert part_of_regressor(name) == part


def promoted(lift: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders that rise in weeks of promotion, the last of which is the first to forecast."""
    weeks = 66
    on = np.random.default_rng(4).random(weeks) < 0.3
    on[60:62], on[62:66] = False, True
    lines = markets.orders(weeks=weeks, rate=12.0)
    week = ((lines["ordered_at"].to_numpy() - markets.START) / markets.WEEK).astype(int)
    lines["quantity"] = lines["quantity"].mask(on[week], lines["quantity"] * lift)
    days = markets.START + np.arange(7 * weeks)
    table = pd.DataFrame(
        {"date": days.astype("datetime64[us]"), "promotion": np.repeat(on, 7).astype(float)}
    )
    return lines, table


def test_an_injected_promotion_shows_up_as_promotion() -> None:
    for lift, least, most in ((3, 0.25, 0.8), (1, -0.1, 0.1)):
        lines, table = promoted(lift)
        history = markets.panel(lines, table).at(ORIGIN, horizon=4)
        found = make_forecaster(method_names()[0]).forecast(history)
        adds_up(found)
        share = column(found.parts, "promotion").sum() / found.mean.sum()
        assert least < share < most
