"""The mix: shares of a style's demand over its variants, with intervals.

Shares are a Dirichlet-multinomial's at two speeds (`production.demand.mix.smoothing`), its prior
learned from price, attributes and preferences (`prior`), its speeds chosen on past horizons
(`speeds`).

The interval is for the share that the coming weeks will show: what is not known of the true share
and the chance of few orders together, Var = p (1 - p) (D + A') / (D (1 + A')), with the evidence A'
and the coming demand D counted in independent choices. An order line of fifty units is one
customer's choice, not fifty, and customers repeat themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from production.demand.mix.candidates import Candidates, Floats, within
from production.demand.mix.prior import learn_prior
from production.demand.mix.settings import MixSettings
from production.demand.mix.smoothing import counted, decay, two_speed_shares
from production.demand.mix.speeds import chosen_speed

LEAST_STRENGTH: Final = 0.2
"""Below this the Beta is all at its two ends and its quantiles say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Shares of V variants within their styles.

    Attributes:
        style: (V,) which style each variant is of, from 0.
        share: (V,) sums to one over each style.
        low: (V,) lower end of the coming share's interval.
        high: (V,) upper end.
        strength: (V,) of the coming shares' Dirichlet, one for a style: their variance is
            share * (1 - share) / (1 + strength).
        per_week: periods a week.
    """

    style: NDArray[np.int64]
    share: Floats
    low: Floats
    high: Floats
    strength: Floats
    per_week: int = 1


def mix_of(
    past: Candidates,
    *,
    horizon: int,
    rows: NDArray[np.integer] | None = None,
    settings: MixSettings | None = None,
) -> Mix:
    """The mix of every style, with a prior learned from all of them.

    Args:
        past: all variants, those that have gone quiet too.
        horizon: periods that the intervals are for.
        rows: the variants to split a style's demand over; without it, all.
        settings: forgetting, prior and evidence; without them, the speeds that did best on past
            horizons.
    """
    prior = learn_prior(past, horizon, settings or MixSettings())
    settings = settings or chosen_speed(past, prior, horizon)
    asked = past if rows is None else past.take(rows)
    return style_mix(
        asked.units,
        asked.lines,
        asked.style,
        horizon=horizon,
        prior=prior.shares(asked),
        settings=settings,
        per_week=asked.per_week,
    )


def style_mix(
    units: Floats,
    lines: Floats,
    style: NDArray[np.int64],
    *,
    horizon: int,
    prior: Floats | None = None,
    settings: MixSettings | None = None,
    per_week: int = 1,
) -> Mix:
    """The mix of every style from its past periods; O(V T).

    Args:
        units: (V, T) units by period, the latest last.
        lines: (V, T) order lines that carried them.
        style: (V,) which style each variant is of, from 0; each has a variant.
        horizon: periods that the intervals are for.
        prior: (V,) shares that sum to one over each style; equal ones without.
        settings: forgetting, prior and evidence.
        per_week: periods a week.
    """
    settings = settings or MixSettings()
    equal = 1 / within(style, np.ones(len(style)))
    prior = equal if prior is None else prior
    counts = counted(units, lines, settings)
    share = two_speed_shares(counts, style, prior, settings, per_week)
    evidence, coming = _choices(
        counts,
        lines,
        style,
        horizon=horizon,
        half_life=settings.half_life * per_week,
        settings=settings,
    )
    strength = np.maximum(coming * (1 + evidence) / (coming + evidence) - 1, LEAST_STRENGTH)
    low, high = _interval(share, evidence, coming, settings)
    alone = equal == 1
    return Mix(
        style=style,
        share=np.where(alone, 1.0, share),
        low=np.where(alone, 1.0, low),
        high=np.where(alone, 1.0, high),
        strength=strength,
        per_week=per_week,
    )


def _choices(
    counts: Floats,
    lines: Floats,
    style: NDArray[np.int64],
    *,
    horizon: int,
    half_life: float,
    settings: MixSettings,
) -> tuple[Floats, Floats]:
    """(V,) the style's evidence, and its coming demand (at least one), in independent choices."""
    weight = decay(counts.shape[1], half_life)
    orders = within(style, lines @ weight)
    counted = within(style, counts @ weight)
    sold = (orders > 0) & (counted > 0)
    a_line = np.divide(counted, orders, out=np.ones(len(orders)), where=sold)
    evidence = (orders + settings.concentration / a_line) / settings.lines_a_choice
    coming = horizon * orders / weight.sum() / settings.lines_a_choice
    return evidence, np.maximum(coming, 1.0)


def _interval(
    share: Floats, evidence: Floats, coming: Floats, settings: MixSettings
) -> tuple[Floats, Floats]:
    """Ends of the coming share's interval.

    Inside, those of the Beta of its mean and variance; 0 or 1 where the chance that none or all
    of the coming choices fall on the variant (beta-binomial) is more than a tail.
    """
    inside = (share > 0) & (share < 1)
    tail = (1 - settings.coverage) / 2
    part, known, drawn = share[inside], evidence[inside], coming[inside]
    strength = np.maximum(drawn * (1 + known) / (drawn + known) - 1, LEAST_STRENGTH)
    below = stats.beta.ppf(tail, part * strength, (1 - part) * strength)
    above = stats.beta.ppf(1 - tail, part * strength, (1 - part) * strength)
    none = _never(1 - part, known, drawn) >= tail
    every = _never(part, known, drawn) >= tail
    low, high = share.copy(), share.copy()
    low[inside] = np.where(none, 0.0, np.minimum(below, part))
    high[inside] = np.where(every, 1.0, np.maximum(above, part))
    return low, high


def _never(other: Floats, evidence: Floats, coming: Floats) -> Floats:
    """(N,) probability that all coming choices fall on a share `other`: B(a + D, b) / B(a, b)."""
    first = other * evidence
    log = (
        special.gammaln(first + coming)
        - special.gammaln(first)
        + special.gammaln(evidence)
        - special.gammaln(evidence + coming)
    )
    chance: Floats = np.exp(log)
    return chance
