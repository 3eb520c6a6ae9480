"""How fast the mix forgets, chosen on past horizons.

A gift shop's mix turns over within weeks, a clothes maker's hardly in a year. Of four sets of
half-lives and concentrations, from fast to slow, the one of the least share error over the latest
past horizons is taken: the figure that the mix is judged by. The first stays unless another was
better by MARGIN, so that chance alone does not change it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from production.demand.mix.candidates import Candidates, within
from production.demand.mix.prior import Prior, past_weeks
from production.demand.mix.settings import MixSettings
from production.demand.mix.smoothing import counted, two_speed_shares

SPEEDS: Final = (
    MixSettings(),
    MixSettings(recent_half_life=4.0, recent_concentration=40.0),
    MixSettings(half_life=13.0, recent_half_life=4.0, recent_concentration=80.0),
    MixSettings(units_power=1.0, half_life=26.0, recent_half_life=4.0, recent_concentration=80.0),
)
MARGIN: Final = 0.02
"""Part of the first one's error by which another has to be better."""


def chosen_speed(past: Candidates, prior: Prior, horizon: int) -> MixSettings:
    """The settings of SPEEDS to use from the end of the past on.

    Args:
        past: all variants, those that have gone quiet too.
        prior: the prior, the same for all.
        horizon: periods of the past horizons that decide.
    """
    siblings = past.take(past.several())
    error = np.zeros(len(SPEEDS))
    for week in past_weeks(past, horizon):
        then, came, _ = siblings.split(week, horizon)
        total = within(then.style, came)
        known = prior.shares(then)
        for place, settings in enumerate(SPEEDS):
            counts = counted(then.units, then.lines, settings)
            share = two_speed_shares(counts, then.style, known, settings, then.per_week)
            error[place] += float(np.abs(share * total - came).sum())
    best = int(error.argmin())
    return SPEEDS[best] if error[best] < (1 - MARGIN) * error[0] else SPEEDS[0]
