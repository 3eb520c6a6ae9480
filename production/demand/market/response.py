"""How the market moves demand: one factor a group of variants and week, from the regressors.

The totals of a group are far less noisy than its variants, and the number of weeks, not of
rows, is what a shared regressor is learned from. So the response is learned on totals: the
logarithm of a week's units over the group's level some weeks before, on how far each regressor
stands from where it stood lately (ridge; one response for all groups and, shrunk towards it,
one for each). Its strength is chosen by forecasting later past origins from earlier ones, so
regressors that explain nothing ahead of time get no say.

A regressor whose name ends with a group's name (`promotion_shirts`) speaks of that group alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

from production.demand.features import MEDIUM, decayed_mean
from production.demand.forecast import DemandHistory
from production.demand.periods import paced

PENALTIES: Final = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 1e6)
"""Ridge strengths tried, a regressor in standard deviations; the last is no response at all."""

GROUP_SHRINKAGE: Final = 3.0
"""How many times harder a group's own response is shrunk than the shared one."""

WIDEST: Final = np.log(4.0)
"""No market moves a group beyond a quarter or four times its level."""

SETTLED: Final = 8
"""Weeks before the first origin that is learned from: a level of fewer is no level yet."""

BLOCK: Final = 4
"""Past origins between two trials of a penalty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketResponse:
    """What was learned of the regressors.

    Attributes:
        names: (C,) regressors.
        groups: (G,) group names.
        slopes: (G, C) change of the logarithm of demand for one standard deviation.
        penalty: the ridge strength chosen.
        moves: (T + 1, H, C) the regressors' distance from lately, in standard deviations.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    slopes: NDArray[np.float64]
    penalty: float
    moves: NDArray[np.float64]

    def logs(self) -> NDArray[np.float64]:
        """(G, H, C) what each regressor adds to the logarithm of demand from the origin on."""
        result: NDArray[np.float64] = self.slopes[:, None, :] * self.moves[-1]
        return result

    def factors(self) -> NDArray[np.float64]:
        """(G, T + 1, H) what demand is multiplied with, in the weeks from each week on."""
        logs = np.einsum("gc,thc->gth", self.slopes, self.moves)
        result: NDArray[np.float64] = np.exp(np.clip(logs, -WIDEST, WIDEST))
        return result


def regressor_moves(history: DemandHistory) -> NDArray[np.float64]:
    """(T + 1, H, C) how far each regressor stands, in the weeks from each week on, from lately.

    In standard deviations of the past. Lately is the decayed mean over the weeks that the level
    is smoothed over, so a factor that stays as it was moves nothing. Past rows use what the
    regressor was, the origin's row what is known or usual.
    """
    past, future = history.regressors.to_numpy(float), history.future.to_numpy(float)
    scale = past.std(axis=0)
    scale[scale == 0] = 1.0
    lately = decayed_mean(past.T, paced(MEDIUM, history.per_week)).T  # (T + 1, C)
    both = np.vstack([past, future])
    span, horizon = len(past), len(future)
    index = np.arange(span + 1)[:, None] + np.arange(horizon)[None, :]
    moves: NDArray[np.float64] = (both[index] - lately[:, None, :]) / scale
    return moves


def learn_response(history: DemandHistory) -> MarketResponse:
    """Learn from every past origin whose horizon has passed, once a history.

    O(T² G H (C G)²) time at most. The history must reach further than its horizon.
    """
    if "response" not in history.memo:
        history.memo["response"] = _learned(history)
    learned: MarketResponse = history.memo["response"]
    return learned


def _learned(history: DemandHistory) -> MarketResponse:
    last = len(history.periods) - history.horizon
    first = min(SETTLED * history.per_week, last)
    origins = np.arange(last, first - 1, -history.per_week)[::-1]  # one a week
    moves = regressor_moves(history)
    ratio, weight = _total_ratios(history, origins)
    scope = _scope(history)
    X = _columns(moves[origins], scope)  # (G, O, H, K)
    penalty = _best_penalty(X, ratio, weight, -(-history.horizon // history.per_week))
    shared, *own = _solve(*_moments(X, ratio, weight), (penalty,), scope.shape)[0]
    return MarketResponse(
        names=tuple(str(name) for name in history.regressors.columns),
        groups=tuple(history.groups),
        slopes=(shared + np.array(own)) * scope,
        penalty=penalty,
        moves=moves,
    )


def _total_ratios(
    history: DemandHistory, origins: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(G, O, H) log of a group's units over its level at the origin, and the rows' weights."""
    totals = np.zeros((len(history.groups), len(history.periods)))
    np.add.at(totals, history.group, history.units)
    level = decayed_mean(totals, paced(MEDIUM, history.per_week))[:, origins]  # (G, O)
    ahead = totals[:, origins[:, None] + np.arange(history.horizon)[None, :]]
    known = level[:, :, None] > 0
    ratio = np.divide(ahead, level[:, :, None], out=np.ones_like(ahead), where=known)
    logs = np.log(np.clip(ratio, np.exp(-WIDEST), np.exp(WIDEST)))
    weight = np.broadcast_to(np.sqrt(level)[:, :, None], logs.shape)
    return logs, weight


def _scope(history: DemandHistory) -> NDArray[np.float64]:
    """(G, C) 1 where a regressor speaks of a group."""
    names = [str(name).lower() for name in history.regressors.columns]
    groups = [str(group).lower() for group in history.groups]
    ends = np.array(
        [[name.endswith(f"_{group}") for name in names] for group in groups], dtype=bool
    ).reshape(len(groups), len(names))
    return np.where(ends.any(axis=0), ends, True).astype(float)  # noqa: FBT003  # an array value


def _columns(moves: NDArray[np.float64], scope: NDArray[np.float64]) -> NDArray[np.float64]:
    """(G, O, H, (1 + G) C) shared columns, then each group's own."""
    groups = len(scope)
    seen = moves[None] * scope[:, None, None, :]  # (G, O, H, C)
    if groups == 1:
        return np.concatenate([seen, np.zeros_like(seen)], axis=-1)
    own = np.einsum("gj,gohc->gohjc", np.eye(groups), seen)
    return np.concatenate([seen, own.reshape(*seen.shape[:3], -1)], axis=-1)


def _moments(
    X: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """X'WX (K, K) and X'Wy (K,), the weights scaled to a sum of one."""
    flat = X.reshape(-1, X.shape[-1])
    share = weight.ravel() / max(float(weight.sum()), 1e-12)
    weighted = flat * share[:, None]
    return weighted.T @ flat, weighted.T @ y.ravel()


def _solve(
    gram: NDArray[np.float64],
    moment: NDArray[np.float64],
    penalties: tuple[float, ...],
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """(penalties, 1 + G, C) shared and own slopes under each penalty."""
    groups, columns = shape
    relative = np.repeat([1.0, *[GROUP_SHRINKAGE] * groups], columns)
    slopes = [
        solve(gram + np.diag(penalty * relative), moment, assume_a="pos") for penalty in penalties
    ]
    return np.array(slopes).reshape(-1, 1 + groups, columns)


def _best_penalty(
    X: NDArray[np.float64], ratio: NDArray[np.float64], weight: NDArray[np.float64], passed: int
) -> float:
    """The penalty that forecasts the later half of the origins best from those before each.

    `passed` is after how many origins the horizon of one has passed.
    """
    groups, origins, _, wide = X.shape
    trials = range(origins - 1, max(origins // 2, 2 * passed), -BLOCK)
    if not trials:
        return PENALTIES[-1]
    errors = np.zeros(len(PENALTIES))
    for trial in trials:
        seen = slice(0, trial - passed + 1)  # their horizons end by the trial's origin
        gram, moment = _moments(X[:, seen], ratio[:, seen], weight[:, seen])
        slopes = _solve(gram, moment, PENALTIES, (groups, wide // (1 + groups)))
        forecast = X[:, trial] @ slopes.reshape(len(PENALTIES), -1).T  # (G, H, penalties)
        missed = ratio[:, trial, :, None] - forecast
        errors += (weight[:, trial, :, None] * missed**2).sum(axis=(0, 1))
    return PENALTIES[int(errors.argmin())]
