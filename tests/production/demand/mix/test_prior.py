from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from production.demand.mix.candidates import Candidates
from production.demand.mix.known import mix_at
from production.demand.mix.prior import learn_prior
from production.demand.mix.settings import MixSettings
from production.demand.mix.traits import traits_of
from production.demand.reading import build_panel
from production.demand.settings import DemandSettings

STYLES, COLOURS = 60, ("black", "red", "yellow")
PULL = {"black": 1.0, "red": 0.0, "yellow": -1.0}
"""What a colour adds to the log of a share."""

TRUE = np.exp([1.0, 0.0, -1.0]) / np.exp([1.0, 0.0, -1.0]).sum()


def market(weeks: int = 40, *, price_effect: float = 0.0) -> tuple[Candidates, pd.DataFrame]:
    """Styles of three colours with known pulls; in half of them red costs half as much."""
    random = np.random.default_rng(4)
    style = np.repeat(np.arange(STYLES), 3)
    colour = np.tile(COLOURS, STYLES)
    cheap = (colour == "red") & (style % 2 == 0)
    price = np.where(cheap, 5.0, 10.0)
    pull = np.array([PULL[one] for one in colour]) + price_effect * np.log(price)
    share = np.exp(pull) / np.bincount(style, weights=np.exp(pull))[style]
    units = random.poisson(9 * share[:, None], (len(style), weeks)).astype(float)
    attributes = pd.DataFrame({"style_id": style.astype(str), "price": price, "colour": colour})
    past = Candidates(
        style=style,
        units=units,
        lines=units,
        price=np.repeat(price[:, None], weeks, axis=1),
        traits=traits_of(attributes, len(style)),
    )
    return past, attributes


def test_effects_of_attributes_are_found_again() -> None:
    past, _ = market()
    prior = learn_prior(past, 4, MixSettings())
    effect = dict(zip(prior.names, prior.effects, strict=True))
    assert effect["colour=black"] - effect["colour=red"] == pytest.approx(1, abs=0.1)
    assert effect["colour=red"] - effect["colour=yellow"] == pytest.approx(1, abs=0.1)
    assert effect["price"] == pytest.approx(0, abs=0.1)


def test_the_effect_of_a_price_against_the_style_is_found_again() -> None:
    past, _ = market(price_effect=-1.5)
    prior = learn_prior(past, 4, MixSettings())
    assert prior.effects[0] == pytest.approx(-1.5, abs=0.2)


def test_expected_units_from_preferences_count_where_they_tell() -> None:
    past, _ = market()
    told = np.repeat(past.units.mean(axis=1)[:, None], past.units.shape[1] + 1, axis=1)
    prior = learn_prior(
        replace(past, preference=told, traits=traits_of(None, len(told))), 4, MixSettings()
    )
    assert prior.names == ("price", "lot", "preference")
    assert prior.effects[2] == pytest.approx(1, abs=0.15)


def test_too_short_a_history_has_equal_shares_as_its_prior() -> None:
    past, _ = market(weeks=7)
    prior = learn_prior(past, 4, MixSettings())
    np.testing.assert_allclose(prior.shares(past), 1 / 3)


def test_what_comes_later_changes_no_prior() -> None:
    past, _ = market()
    spoilt = replace(past, units=past.units.copy(), lines=past.lines.copy())
    spoilt.units[:, 30:] = 0.0
    spoilt.units[0, 30:] = 1e5
    cut = [
        replace(one, units=one.units[:, :30], lines=one.lines[:, :30], price=one.price[:, :30])
        for one in (past, spoilt)
    ]
    first, second = (learn_prior(one, 4, MixSettings()).effects for one in cut)
    np.testing.assert_array_equal(first, second)


def orders_of(past: Candidates, ids: np.ndarray) -> pd.DataFrame:
    """One line a unit, on Sundays."""
    row, week = np.nonzero(past.units)
    repeat = past.units[row, week].astype(int)
    row, week = np.repeat(row, repeat), np.repeat(week, repeat)
    start = np.datetime64("2024-01-01")
    return pd.DataFrame(
        {
            "order_id": np.arange(len(row)).astype(str),
            "customer_id": "c",
            "variant_id": ids[row],
            "quantity": 1,
            "unit_price": past.price[row, 0],
            "ordered_at": (start + 7 * week + 6).astype("datetime64[us]"),
        }
    )


def test_a_variant_without_history_has_the_share_of_its_attributes_and_an_interval() -> None:
    past, attributes = market()
    ids = np.array([f"v{one:03d}" for one in range(len(past.style))], dtype=object)
    catalogue = attributes.assign(variant_id=ids)
    launched = pd.DataFrame(
        {"style_id": "new", "price": 10.0, "colour": COLOURS, "variant_id": ["n0", "n1", "n2"]}
    )
    panel = build_panel(orders_of(past, ids), catalogue, None, DemandSettings(country=""))
    history = panel.at(panel.end, horizon=4)
    asked = np.concatenate([launched["variant_id"].to_numpy(object), ids[:3]])
    mix = mix_at(history, asked, catalogue=pd.concat([catalogue, launched]))
    np.testing.assert_allclose(mix.share[:3], TRUE, atol=0.05)
    assert ((mix.low < mix.share) & (mix.share < mix.high))[:3].all()
    width = mix.high - mix.low
    assert (width[:3] > width[3:]).all()
    alone = mix_at(history, np.array(["nobody", *ids[:3]], dtype=object))
    assert alone.share[0] == 1
    np.testing.assert_allclose(alone.share[1:].sum(), 1)


def test_features_that_an_ablation_leaves_out_have_no_effect() -> None:
    past, attributes = market()
    ids = np.array([f"v{one:03d}" for one in range(len(past.style))], dtype=object)
    panel = build_panel(
        orders_of(past, ids), attributes.assign(variant_id=ids), None, DemandSettings(country="")
    )
    history = panel.at(panel.end, horizon=4)
    bare = Candidates.of(replace(history, without=frozenset({"attribute", "preference"})))
    assert learn_prior(bare, 4, MixSettings()).names == ("price", "lot", "preference")
    np.testing.assert_allclose(learn_prior(bare, 4, MixSettings()).effects, 0, atol=1e-6)
