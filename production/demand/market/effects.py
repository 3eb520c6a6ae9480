"""What each factor does to the demand of a group: units = level x exp(sum of effects).

Where periods are short and many, as days are, the market's say is large (a Sunday, a storm) and
there is enough past to learn it from the units themselves. Effects are learned by Poisson
regression on a group's totals, over a level that is smoothed from units cleared of effects; both
are found by turns. The effects of all demand come first, and each of the largest groups' are
shrunk towards them; smaller groups share them.

Penalty and smoothing are chosen by forecasting past origins with effects learned before them,
where a factor that is unknown ahead stands at what would have been expected of it then. So
weather that nobody can foresee gets no more say than it earns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.features import decayed_ratio
from production.demand.forecast import DemandHistory
from production.demand.market.calendar import CALENDAR
from production.demand.market.future import Ahead, foreseen
from production.demand.market.shapes import Shapes, shapes_of
from production.demand.poisson import WIDEST, poisson_ridge

PENALTIES: Final = (0.001, 0.01, 0.03, 0.1, 1.0, 10.0)
"""Ridge strengths tried; the last leaves next to nothing of any effect."""

ALPHAS: Final = (0.02, 0.05, 0.1, 0.2, 0.3)
"""Weights of the newest period tried for the level."""

USUAL_ALPHA: Final = 0.1
TURNS: Final = 2
"""Times that level and effects are found by turns."""

SETTLED_WEEKS: Final = 4
"""The first weeks, whose level is none yet, teach no effect."""

LARGEST: Final = np.exp(WIDEST) / 8
"""Periods of more than so many times the usual, the median of USUAL_WEEKS around, are cut."""

USUAL_WEEKS: Final = 6
OWN_GROUPS: Final = 12
"""Groups, the largest, that have effects of their own."""

CUTS: Final = 8
"""Past moments at which effects are learned anew, to be judged on what followed."""

CUT_WEEKS: Final = 4
FIRST_WEEKS: Final = 8
"""Weeks before the first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Effects learned at one moment, and what they say of the origins that follow.

    Attributes:
        origins: (O,) positions of origins.
        effects: (G, 1 + K) intercept and effects of each group.
        past: (G, T) exp(effects) of every period.
        ahead: (G, O, H) the same over each origin's horizon, with what was foreseen then.
    """

    origins: NDArray[np.int64]
    effects: NDArray[np.float64]
    past: NDArray[np.float64]
    ahead: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketEffects:
    """What was learned.

    Attributes:
        names: (C,) factors.
        groups: (G,) group names.
        shapes: how factors become columns.
        now: effects learned at the origin itself; its only origin is T.
        trials: the same at past moments, for past origins one a week.
        penalty: chosen.
        alpha: weight of the newest period in a group's level, chosen.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    shapes: Shapes
    now: Span
    trials: tuple[Span, ...]
    penalty: float
    alpha: float


def learn_effects(history: DemandHistory) -> MarketEffects:
    """Learn from all periods before the origin.

    The history must reach FIRST_WEEKS and twice the horizon back.
    """
    span, horizon, per_week = len(history.periods), history.horizon, history.per_week
    past = history.regressors.to_numpy(float)
    names = tuple(map(str, history.regressors.columns))
    fixed = np.array([name in CALENDAR for name in names], dtype=bool)
    shapes = shapes_of(past, fixed)
    columns = shapes.columns(past)  # (T, K)
    totals = np.zeros((len(history.groups), span))
    np.add.at(totals, history.group, history.units)
    totals = _tempered(totals, per_week)
    moments = _moments(span, horizon, per_week)
    rules = _rules(history)
    ahead = []
    for cut, until in moments:
        origins = np.arange(cut, until, per_week)
        seen = foreseen(past, origins, rules, horizon, per_week)
        ahead.append((origins, _by_column(shapes, seen)))
    penalty, alpha, trials = _chosen(totals, columns, ahead, per_week)
    future = _by_column(shapes, history.future.to_numpy(float)[None])
    tuning = _Tuning(penalty=penalty, alpha=alpha, settled=SETTLED_WEEKS * per_week)
    now = _learned(totals, columns, span, tuning)
    return MarketEffects(
        names=names,
        groups=tuple(map(str, history.groups)),
        shapes=shapes,
        now=_span(now, columns, np.array([span]), future),
        trials=trials,
        penalty=penalty,
        alpha=alpha,
    )


def _tempered(totals: NDArray[np.float64], per_week: int) -> NDArray[np.float64]:
    """(G, T) totals cut at LARGEST times the usual around: one bulk order is no market."""
    frame = pd.DataFrame(np.where(totals > 0, totals, np.nan).T)
    span = USUAL_WEEKS * per_week
    usual = frame.rolling(2 * span + 1, center=True, min_periods=1).median().to_numpy().T
    tempered: NDArray[np.float64] = np.fmin(totals, LARGEST * usual)
    return np.where(totals > 0, tempered, 0.0)


def _moments(span: int, horizon: int, per_week: int) -> list[tuple[int, int]]:
    """Past moments to learn at, ascending, each with the end of the origins that it serves."""
    step = max(CUT_WEEKS * per_week, -(-horizon // per_week) * per_week)
    last = span - horizon + 1
    first = max(FIRST_WEEKS * per_week, last - CUTS * step)
    cuts = np.arange(first, last, step).tolist()
    return list(zip(cuts, [*cuts[1:], last], strict=True))


def _rules(history: DemandHistory) -> list[Ahead | None]:
    """How each column was looked ahead with; None where its future was known."""
    forecast = {
        factor.name: factor.rule or "usual"
        for factor in history.factors
        if factor.future == "forecast"
    }
    return [forecast.get(str(name)) for name in history.regressors.columns]  # type: ignore[misc]  # rules are of Ahead


def _by_column(shapes: Shapes, factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(O, H, K) columns of (O, H, C) factors."""
    origins, horizon, count = factors.shape
    return shapes.columns(factors.reshape(-1, count)).reshape(origins, horizon, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tuning:
    """Penalty, weight of the newest period, and periods that teach no effect."""

    penalty: float
    alpha: float
    settled: int


def _learned(
    totals: NDArray[np.float64], columns: NDArray[np.float64], until: int, tuning: _Tuning
) -> NDArray[np.float64]:
    """(G, 1 + K) effects of each group, from the periods before `until`."""
    seen, X = totals[:, :until], columns[:until]
    shared = _by_turns(seen.sum(axis=0), X, tuning, np.zeros(1 + columns.shape[1]))
    effects = np.tile(shared, (len(totals), 1))
    if len(totals) > 1:
        largest = np.argsort(-seen.sum(axis=1), kind="stable")[:OWN_GROUPS]
        for group in largest.tolist():
            effects[group] = _by_turns(seen[group], X, tuning, shared)
    return effects


def _by_turns(
    units: NDArray[np.float64],
    X: NDArray[np.float64],
    tuning: _Tuning,
    centre: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(1 + K,) effects over a level that is smoothed from units without them."""
    floor = max(1e-3 * float(units.mean()), 1e-9)
    known = slice(tuning.settled, None)
    factor = np.exp(np.clip(X @ centre[1:], -WIDEST, WIDEST))
    b = centre
    for _ in range(1 + TURNS):
        level = np.maximum(decayed_ratio(units[None], factor[None], tuning.alpha)[0, :-1], floor)
        b = poisson_ridge(X[known], units[known], level[known], tuning.penalty, centre)
        factor = np.exp(np.clip(X @ b[1:], -WIDEST, WIDEST))
    return b


def _span(
    effects: NDArray[np.float64],
    columns: NDArray[np.float64],
    origins: NDArray[np.int64],
    ahead: NDArray[np.float64],
) -> Span:
    past = np.exp(np.clip(effects[:, 1:] @ columns.T, -WIDEST, WIDEST))
    logs = np.einsum("gk,ohk->goh", effects[:, 1:], ahead)
    return Span(
        origins=origins,
        effects=effects,
        past=past,
        ahead=np.exp(np.clip(logs, -WIDEST, WIDEST)),
    )


def _chosen(
    totals: NDArray[np.float64],
    columns: NDArray[np.float64],
    ahead: list[tuple[NDArray[np.int64], NDArray[np.float64]]],
    per_week: int,
) -> tuple[float, float, tuple[Span, ...]]:
    """Penalty and smoothing that would have forecast the groups' totals best, and the trials."""

    def spans(penalty: float) -> list[Span]:
        tuning = _Tuning(penalty=penalty, alpha=USUAL_ALPHA, settled=SETTLED_WEEKS * per_week)
        learned = [_learned(totals, columns, int(origins[0]), tuning) for origins, _ in ahead]
        return [
            _span(effects, columns, origins, seen)
            for effects, (origins, seen) in zip(learned, ahead, strict=True)
        ]

    by_penalty = {penalty: spans(penalty) for penalty in PENALTIES}
    penalty = min(PENALTIES, key=lambda one: _missed(totals, by_penalty[one], USUAL_ALPHA))
    trials = by_penalty[penalty]
    alpha = min(ALPHAS, key=lambda one: _missed(totals, trials, one))
    return penalty, alpha, tuple(trials)


def _missed(totals: NDArray[np.float64], spans: list[Span], alpha: float) -> float:
    """Squared errors of the square roots of the groups' totals by period.

    Roots, because units vary as their size does, and so that no single period decides.
    """
    missed = 0.0
    for span in spans:
        level = decayed_ratio(totals, span.past, alpha)[:, span.origins]  # (G, O)
        horizon = span.ahead.shape[2]
        came = totals[:, span.origins[:, None] + np.arange(horizon)]
        error = np.sqrt(level[:, :, None] * span.ahead) - np.sqrt(came)
        missed += float((error**2).sum())
    return missed
