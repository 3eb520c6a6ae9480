"""Decayed counts at two speeds, each shrunk to what is known more lastingly.

    n_v = sum_s c_{v, t-s} 2^(-s/h)        q_v = (n_v + A pi_v) / (N + A)      the lasting mix
    m_v = sum_s c_{v, t-s} 2^(-s/g)        p_v = (m_v + B q_v) / (M + B)       the share

A week's count c lies between its units and its order lines. The prior `pi`
(`production.demand.mix.prior`) weighs as much as A counts against what the style sold with
half-life h; that lasting mix weighs as much as B counts against what it sold lately, with half-life
g. A style of many orders follows its last weeks, one of few its longer past, one of none its prior.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from production.demand.mix.candidates import Floats, within
from production.demand.mix.settings import MixSettings


def two_speed_shares(
    counts: Floats,
    style: NDArray[np.int64],
    prior: Floats,
    settings: MixSettings,
    per_week: int = 1,
) -> Floats:
    """(V,) each variant's share of its style; O(V T).

    Args:
        counts: (V, T) what each period counts, the latest last (`counted`).
        style: (V,) which style each variant is of, from 0; each has a variant.
        prior: (V,) shares that sum to one over each style.
        settings: half-lives and concentrations.
        per_week: periods a week.
    """
    share = prior
    for half_life, concentration in (
        (settings.half_life, settings.concentration),
        (settings.recent_half_life, settings.recent_concentration),
    ):
        recent = counts @ decay(counts.shape[1], half_life * per_week)
        share = (recent + concentration * share) / (within(style, recent) + concentration)
    return share


def counted(units: Floats, lines: Floats, settings: MixSettings) -> Floats:
    """What units and the order lines that carried them count, of any shape."""
    counts: Floats = units**settings.units_power * lines ** (1 - settings.units_power)
    return counts


def decay(periods: int, half_life: float) -> Floats:
    """(T,) weights of past periods, the latest last and 1.

    >>> decay(3, 1.0)
    array([0.25, 0.5 , 1.  ])
    """
    weight: Floats = 0.5 ** (np.arange(periods - 1, -1, -1) / half_life)
    return weight
