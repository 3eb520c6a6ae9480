"""The mix's prior: which variants of a style sell, from price, lot, attributes and preferences.

A conditional logit (McFadden 1974) over the variants of each style,

    pi_v = exp(x_v b) / sum over w of v's style of exp(x_w b)

fitted to the mixes of all styles in past horizons by log loss, each style with the weight of its
demand, with a ridge on b. The features x_v are known before the horizon that they speak of:

    price        log of the usual price, against that of the style's other variants
    lot          log of the usual units a line, against those of the style's lines
    preference   log of the units expected from customers' preferences, against the style's mean
    column=value one for each value of the catalogue's other columns

A variant that never sold thus has a share: what its price, its attributes and, where a
preference model knows it, its likely buyers say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from production.demand.mix.candidates import Candidates, Floats, within
from production.demand.mix.settings import MixSettings
from production.demand.mix.smoothing import counted

PAST_HORIZONS: Final = 6
"""Past horizons whose mixes the prior is learned from."""

FIRST_WEEK: Final = 6
"""Weeks that must lie before such a horizon."""

PRICE_WEEKS: Final = 26
"""Weeks whose median is the usual price."""

LEAST_PRICE: Final = 0.01
FURTHEST: Final = 1.0
"""Log prices further from the style's mean than this are slips or bulk deals: cut off here."""

STYLE_PERIODS: Final = 2.0
"""Periods with sales of the style's usual lot that a variant's own are added to."""

LEAST_PREFERENCE: Final = 0.05
"""Part of the style's mean that every variant's expected units are raised by: no share is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What the features do to a variant's share.

    Attributes:
        names: (F,) the features: price, lot, preference, and the traits.
        effects: (F,) what one more of each adds to the log of the share.
    """

    names: tuple[str, ...]
    effects: Floats

    def shares(self, now: Candidates) -> Floats:
        """(V,) the prior share of every variant in its style, from all that is known."""
        return _softmax(np.asarray(features(now) @ self.effects), now.style)


def features(now: Candidates) -> sparse.csr_matrix[np.float64]:
    """(V, 3 + K) the features at the end of the candidates' periods."""
    own = np.column_stack([_price(now), _lot(now), _preference(now)])
    return sparse.csr_matrix(sparse.hstack([sparse.csr_matrix(own), now.traits.has]))


def learn_prior(past: Candidates, horizon: int, settings: MixSettings) -> Prior:
    """The prior of a history; all its effects are 0, so equal shares, where it is too short.

    Args:
        past: all variants, those that have gone quiet too.
        horizon: periods of the past horizons whose mixes it is learned from.
        settings: the ridge and how weeks are counted.
    """
    names = ("price", "lot", "preference", *past.traits.names)
    siblings = past.take(past.several())
    tables, counts, styles, offset = [], [], [], 0
    for week in past_weeks(past, horizon):
        then, units, lines = siblings.split(week, horizon)
        if not len(then.style) or not _knows_preferences_like(past, then):
            continue
        tables.append(features(then))
        counts.append(counted(units, lines, settings))
        styles.append(then.style + offset)
        offset += int(then.style.max()) + 1
    if not tables:
        return Prior(names=names, effects=np.zeros(len(names)))
    effects = _fitted(
        sparse.vstack(tables, format="csr"),
        np.concatenate(counts),
        np.concatenate(styles),
        settings.prior_ridge,
    )
    return Prior(names=names, effects=effects)


def past_weeks(past: Candidates, horizon: int) -> range:
    """Starts of the latest past horizons, the latest first, none overlapping another."""
    last, first = past.units.shape[1] - horizon, FIRST_WEEK * past.per_week
    return range(last, first - 1, -horizon)[:PAST_HORIZONS]


def _knows_preferences_like(now: Candidates, then: Candidates) -> bool:
    """Whether a past week has expected units wherever the present has."""
    if now.preference is None or not np.isfinite(now.preference[:, -1]).any():
        return True
    return then.preference is not None and bool(np.isfinite(then.preference[:, -1]).any())


def _fitted(
    table: sparse.csr_matrix[np.float64], counts: Floats, style: NDArray[np.int64], ridge: float
) -> Floats:
    """(F,) effects of the least penalized log loss; convex, so one answer."""
    total = within(style, counts)
    share = np.divide(counts, total, out=np.zeros(len(counts)), where=total > 0)
    weight = total / max(float(counts.sum()), 1e-300)
    # as many styles of like size tell as much as these do: 1 / sum of squared weights (Kish 1965)
    of_style = np.bincount(style, weights=counts) / max(float(counts.sum()), 1e-300)
    ridge *= float(of_style @ of_style)

    def loss(effects: Floats) -> tuple[float, Floats]:
        fitted = _softmax(np.asarray(table @ effects), style)
        value = -float((weight * share) @ np.log(np.maximum(fitted, 1e-300)))
        slope = table.T @ (weight * (fitted - share)) + ridge * effects
        return value + ridge * float(effects @ effects) / 2, slope

    found = minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B")
    effects: Floats = found.x
    return effects


def _softmax(score: Floats, style: NDArray[np.int64]) -> Floats:
    most = np.full(int(style.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(most, style, score)
    raised = np.exp(score - most[style])
    shares: Floats = raised / within(style, raised)
    return shares


def _price(now: Candidates) -> Floats:
    """(V,) log of the usual price, less the mean over the style; 0 where none is known."""
    recent = now.price[:, -PRICE_WEEKS * now.per_week :]
    logs = np.log(np.maximum(np.median(recent, axis=1), LEAST_PRICE))
    known = np.isfinite(logs)
    count = within(now.style, known.astype(float))
    total = within(now.style, np.where(known, logs, 0.0))
    mean = np.divide(total, count, out=np.zeros(len(logs)), where=count > 0)
    return np.clip(np.where(known, logs - mean, 0.0), -FURTHEST, FURTHEST)


def _lot(now: Candidates) -> Floats:
    """(V,) mean log of units a line over periods with sales, against the style's, shrunk to it."""
    sold = now.lines > 0
    a_line = np.divide(now.units, now.lines, out=np.ones_like(now.units), where=sold)
    total = np.log(np.maximum(a_line, 1.0)).sum(axis=1)
    periods = sold.sum(axis=1).astype(np.float64)
    usual = within(now.style, total) / np.maximum(within(now.style, periods), 1.0)
    lot: Floats = (total + STYLE_PERIODS * usual) / (periods + STYLE_PERIODS) - usual
    return lot


def _preference(now: Candidates) -> Floats:
    """(V,) log of expected units against the style's mean; 0 where nobody computed them."""
    if now.preference is None:
        return np.zeros(len(now.style))
    units = now.preference[:, -1]
    known = np.isfinite(units)
    count = within(now.style, known.astype(float))
    total = within(now.style, np.where(known, units, 0.0))
    mean = np.divide(total, count, out=np.zeros(len(units)), where=count > 0)
    told = mean > 0
    ratio = np.where(known, units, mean)[told] / mean[told] + LEAST_PREFERENCE
    result = np.zeros(len(units))
    result[told] = np.log(ratio)
    return result
