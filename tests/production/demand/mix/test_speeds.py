from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from production.demand.mix.candidates import Candidates
from production.demand.mix.prior import learn_prior
from production.demand.mix.settings import MixSettings
from production.demand.mix.smoothing import two_speed_shares
from production.demand.mix.speeds import SPEEDS, chosen_speed
from production.demand.mix.traits import traits_of


def market(drift: float) -> Candidates:
    """Eighty styles of three variants over a year; their logits walk by `drift` a week."""
    random = np.random.default_rng(2)
    walk = random.normal(0, drift, (80, 3, 52)).cumsum(axis=2)
    share = np.exp(walk) / np.exp(walk).sum(axis=1, keepdims=True)
    units = random.poisson(8 * share).reshape(240, 52).astype(float)
    return Candidates(
        style=np.repeat(np.arange(80), 3),
        units=units,
        lines=units,
        price=np.full_like(units, 10.0),
        traits=traits_of(None, 240),
    )


@pytest.mark.parametrize(("drift", "place"), [(0.8, 0), (0.0, len(SPEEDS) - 1)])
def test_a_mix_that_turns_over_is_followed_fast_and_a_lasting_one_slowly(
    drift: float, place: int
) -> None:
    past = market(drift)
    prior = learn_prior(past, 4, MixSettings())
    assert chosen_speed(past, prior, 4) == SPEEDS[place]


def test_a_short_history_keeps_the_default() -> None:
    past = market(0.0)
    short = replace(past, units=past.units[:, :8], lines=past.lines[:, :8], price=past.price[:, :8])
    assert chosen_speed(short, learn_prior(short, 4, MixSettings()), 4) == SPEEDS[0]


def test_periods_of_a_day_forget_as_fast_as_weeks_do() -> None:
    counts = np.repeat([[3.0, 0.0, 1.0], [1.0, 2.0, 0.0]], 7, axis=1) / 7
    weekly = counts.reshape(2, 3, 7).sum(axis=2)
    style, prior = np.zeros(2, dtype=int), np.full(2, 0.5)
    slow = MixSettings(recent_concentration=1e15, half_life=200.0)
    by_day = two_speed_shares(counts, style, prior, slow, 7)
    np.testing.assert_allclose(by_day, two_speed_shares(weekly, style, prior, slow), atol=1e-3)
