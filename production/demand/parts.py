"""A forecast's mean taken apart: what each of PARTS adds to it, summing to it exactly.

Three kinds of method give parts, and each in its own way:

- A linear sum of terms gives each term's product with its coefficient. A term that is a variant's
  level said in another way (a faster mean, what its customers prefer) is split against what it
  departs from: as far as both agree it speaks of the level, and only the difference is trend or
  preference.
- A market that multiplies demand with exp(sum of logs) is made a sum by the logarithmic mean:
  f - 1 = L(f, 1) log f, where L(a, b) = (a - b) / (log a - log b), and log f is a sum already.
  The split leaves no rest and does not depend on an order of the factors (the additive LMDI-I of
  Ang 2005, "The LMDI approach to decomposition analysis: a practical guide", Energy Policy 33).
- Trees give SHAP values (Lundberg et al. 2020, "From local explanations to global understanding
  with explainable AI for trees", Nature Machine Intelligence 2), which add up to the prediction.

What comes after (quantiles sorted and cut at zero, calibration) scales all parts alike, at most
by LARGEST_SCALE; what a scale cannot say goes to the level. See `closed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.demand.forecast import PARTS

LARGEST_SCALE: Final = 2.0
"""Parts are scaled to the final mean by at most so much, or its inverse."""

TERMS: Final[dict[str, tuple[str, str]]] = {
    "level_slow": ("trend", "level"),
    "level_fast": ("trend", "level"),
    "mean_13_weeks": ("trend", "level"),
    "steady_slow": ("trend", "steady"),
    "steady_fast": ("trend", "steady"),
    "usual_slow": ("trend", "usual"),
    "usual_fast": ("trend", "usual"),
    "momentum": ("trend", ""),
    "price": ("price", ""),
    "preferences": ("preference", "usual"),
    "style_others": ("style", ""),
}
"""Terms of a variant's own history that are more than its level: the part that each speaks of,
and the term that it is held against; empty where the whole term is the part."""

PATTERNS: Final = (
    ("holiday", ("*holiday*", "*bridge_day*", "*workingday*", "*working_day*")),
    ("promotion", ("*promo*", "*campaign*", "*advert*", "*discount*", "*event*")),
    ("price", ("*price*",)),
    ("season", ("season*", "christmas*", "weekday*", "month*", "*seasonal*", "*same_weeks*",
                "*last_year*")),
    ("weather", ("*weather*", "*temp*", "*rain*", "*snow*", "*wind*", "*humid*", "*sun*", "*sky*",
                 "*cloud*", "hum", "*precipitation*", "*frost*")),
    ("preference", ("*preference*", "*expected*", "*customers*", "*buyers*")),
    ("style", ("style*", "*attribute*", "*sibling*", "*colour*", "*category*", "launch*",
               "*neighbour*")),
    ("trend", ("*trend*", "*momentum*", "*growth*")),
)  # fmt: skip
"""Which part a name speaks of, as glob patterns on its lower case; the first that fits counts."""


def part_of_regressor(name: str) -> str:
    """The part that a market factor or a term of the calendar speaks of.

    >>> [part_of_regressor(name) for name in ("christmas", "promotion_hats", "oil_index")]
    ['season', 'promotion', 'market']
    """
    return _matched(name, "market")


def part_of_term(name: str) -> str:
    """The part that a term or a feature of a variant's own history speaks of.

    >>> [part_of_term(name) for name in ("level_fast", "regularity", "preferences")]
    ['trend', 'level', 'preference']
    """
    return TERMS[name][0] if name in TERMS else _matched(name, "level")


def _matched(name: str, otherwise: str) -> str:
    lower = name.lower()
    for part, patterns in PATTERNS:
        if any(fnmatch(lower, pattern) for pattern in patterns):
            return part
    return otherwise


def of_terms(
    values: NDArray[np.float64], names: Sequence[str], coefficients: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(V, P) what a linear sum's terms add to it, without the market.

    Args:
        values: (V, F) terms.
        names: F names.
        coefficients: (F,) what one unit of each adds.
    """
    parts = np.zeros((len(values), len(PARTS)))
    added = values * coefficients  # (V, F)
    for place, name in enumerate(names):
        against = TERMS.get(name, ("", ""))[1]
        usual = np.zeros(len(values))
        if against in names:
            usual = values[:, list(names).index(against)] * coefficients[place]
            parts[:, PARTS.index("level")] += usual
        parts[:, PARTS.index(part_of_term(name))] += added[:, place] - usual
    return parts


def of_market(
    logs: NDArray[np.float64], names: Sequence[str], widest: float
) -> NDArray[np.float64]:
    """(V, P) what the market adds to one unit a period over the horizon.

    Args:
        logs: (V, H, C) what each regressor adds to the logarithm of a period's demand.
        names: C names of regressors.
        widest: the sum of logs is cut at minus and plus this; the cut falls on all alike.

    Returns:
        Parts that sum to Σ_h (f_h - 1), f_h the period's factor.
    """
    raw = logs.sum(axis=2)  # (V, H)
    log = np.clip(raw, -widest, widest)
    kept = np.divide(log, raw, out=np.ones_like(raw), where=raw != 0)
    mean = np.divide(np.expm1(log), log, out=np.ones_like(log), where=log != 0)  # L(f, 1)
    added = np.einsum("vhc,vh->vc", logs, kept * mean)
    parts = np.zeros((len(logs), len(PARTS)))
    for place, name in enumerate(names):
        parts[:, PARTS.index(part_of_regressor(name))] += added[:, place]
    return parts


def of_linear(
    terms: NDArray[np.float64], market: NDArray[np.float64], horizon: int
) -> NDArray[np.float64]:
    """(V, P) what terms and market add over the horizon: terms as they are, then the market.

    Args:
        terms: (V, P) from `of_terms`, units a period.
        market: (V, P) from `of_market`.
        horizon: periods.
    """
    parts: NDArray[np.float64] = terms * horizon + market * terms.sum(axis=1, keepdims=True)
    return parts


def of_contributions(
    contributions: NDArray[np.float64],
    names: Sequence[str],
    scale: NDArray[np.float64],
    regressors: frozenset[str] = frozenset(),
) -> NDArray[np.float64]:
    """(V, P) from SHAP values of trees, as LightGBM's `predict(..., pred_contrib=True)` gives.

    Args:
        contributions: (V, F + 1) each feature's share of the prediction; last, what is predicted
            of a variant that nothing is known of, which is level.
        names: F names of features.
        scale: (V,) units that one of the prediction stands for, over the horizon.
        regressors: names of features that are market factors; one that nothing says more of is
            `market`, while any other feature that nothing says more of is `level`.
    """
    parts = np.zeros((len(contributions), len(PARTS)))
    parts[:, PARTS.index("level")] = contributions[:, -1]
    for place, name in enumerate(names):
        part = part_of_regressor(name) if name in regressors else part_of_term(name)
        parts[:, PARTS.index(part)] += contributions[:, place]
    scaled: NDArray[np.float64] = parts * scale[:, None]
    return scaled


def combined(
    parts: Sequence[NDArray[np.float64]], weights: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.float64]:
    """(V, P) of a weighted sum of forecasts.

    Args:
        parts: (V, P) of each.
        weights: one each, or (V,) of each.
    """
    total = np.zeros_like(parts[0])
    for each, weight in zip(parts, weights, strict=True):
        total += each * np.reshape(weight, (-1, 1))
    return total


def of_mean(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V, P) of a method that knows a variant's level alone."""
    parts = np.zeros((len(mean), len(PARTS)))
    parts[:, PARTS.index("level")] = mean
    return parts


def closed(parts: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V, P) the same parts, made to sum to the final mean.

    All are scaled alike, by at most LARGEST_SCALE or its inverse, as a calibration of the whole
    distribution does; the level takes what is then left: where a sum below zero was cut, or a
    tail was lifted out of proportion.

    >>> closed(of_mean(np.array([2.0])), np.array([3.0]))[0, 0]
    np.float64(3.0)
    """
    total = parts.sum(axis=1)
    least = np.maximum(total, mean / LARGEST_SCALE)
    ratio = np.divide(mean, least, out=np.ones_like(total), where=total > 0)
    scaled: NDArray[np.float64] = parts * np.clip(ratio, 1 / LARGEST_SCALE, LARGEST_SCALE)[:, None]
    level = PARTS.index("level")
    scaled[:, level] = 0.0
    scaled[:, level] = mean - scaled.sum(axis=1)
    return scaled
