"""The default: the linear regression and gradient boosting, weighed by their past forecasts.

Each member's quantiles are averaged with weights that are not negative and sum to one (quantile
averaging, Lichtendahl, Grushka-Cockayne and Winkler 2013, "Is it better to average probabilities
or quantiles?"). The weights are those that would have lost least, by pinball, at the past
origins whose horizon has passed, from forecasts made there without knowing what came; they are
shrunk towards equal ones, for few past origins say little ("forecast combination puzzle", Claeskens
et al. 2016). Where the combination would not have lost at least TIE less than the linear
regression alone, the regression is used alone, for it can be read.

Last, the combination's quantiles and mean are corrected by its own past errors
(`production.demand.calibration`). Parts are the members' parts, weighed alike, and made to add up
to the corrected mean (`production.demand.parts.closed`).

Where demand is read by day the default is `production.demand.forecasters.log_linear` as it is:
weekday, weather and holidays move a day far more than its variants' own terms do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.calibration import PastPredicted, Predicted, calibrated, pace_of
from production.demand.forecast import LEVELS, DemandHistory, Forecast, Forecaster
from production.demand.forecasters.boosting import Boosting
from production.demand.forecasters.linear import Regression
from production.demand.forecasters.log_linear import LogLinear
from production.demand.metrics import slices
from production.demand.parts import closed, combined, of_mean
from production.errors import TooLittleHistory

PAST_ORIGINS: Final = 6
STEPS: Final = 10
"""Weights are tried in steps of one over this."""

SHRINKAGE: Final = 0.02
"""What a weight vector at a corner pays against equal weights, as a share of the loss."""

TIE: Final = 0.01
"""A combination has to lose less than the linear regression by so much to be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMembers:
    """Members' forecasts at one past origin, and what came.

    Attributes:
        age: horizons from the end of that horizon to the present origin.
        quantiles: (M, V, Q) of each member.
        slices: (V,) str (`production.demand.metrics.slices`).
        actual: (V,) units over the horizon.
        pace: (V,) units that a horizon brings at the pace then; None where it is not to count.
    """

    age: float
    quantiles: NDArray[np.float64]
    slices: NDArray[np.object_]
    actual: NDArray[np.float64]
    pace: NDArray[np.float64] | None = None

    def combined(self, weights: NDArray[np.float64]) -> PastPredicted:
        """What the combination would have said, uncorrected."""
        return PastPredicted(
            age=self.age,
            predicted=Predicted(
                quantiles=np.sort(_averaged(weights, self.quantiles), axis=1),
                slices=self.slices,
                pace=self.pace,
            ),
            actual=self.actual,
        )


class Atelier(Forecaster):
    """The product's default demand method."""

    name: ClassVar[str] = "atelier"

    def forecast(self, history: DemandHistory) -> Forecast:
        """Combine the members at this origin by what they were worth at past ones."""
        if history.per_week > 1:  # what a day adds is the market's say, and that is LogLinear's
            return replace(LogLinear().forecast(history), method=self.name)
        members = (Regression(), Boosting())
        made = [member.forecast(history) for member in members]
        past = _past(history, members)
        weights = weights_of(past, len(members))
        quantiles, mean = calibrated(
            Predicted(
                quantiles=np.sort(_averaged(weights, [each.quantiles for each in made]), axis=1),
                slices=slices(history),
                pace=pace_of(history),
            ),
            [each.combined(weights) for each in past],
        )
        weekly = mean[:, None] * _profile(combined([each.weekly for each in made], weights))
        parts = [of_mean(each.mean) if each.parts is None else each.parts for each in made]
        return Forecast(
            method=self.name,
            origin=history.origin,
            variants=history.variants[history.active],
            weekly=weekly,
            mean=weekly.sum(axis=1),
            quantiles=quantiles,
            parts=closed(combined(parts, weights), weekly.sum(axis=1)),
            effects=made[0].effects,
        )


def _averaged(
    weights: NDArray[np.float64], quantiles: NDArray[np.float64] | Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """(V, Q) the members' quantiles, weighed."""
    return np.asarray(np.einsum("m,mvq->vq", weights, np.asarray(quantiles)), dtype=float)


def _profile(weekly: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V, H) each period's share of the horizon; equal shares where nothing is expected."""
    total = weekly.sum(axis=1, keepdims=True)
    even = np.full_like(weekly, 1 / weekly.shape[1])
    return np.asarray(np.divide(weekly, total, out=even, where=total > 0))


def _past(history: DemandHistory, members: Sequence[Forecaster]) -> list[PastMembers]:
    """What the members said at past origins, oldest first; only where all of them could."""
    if history.past is None:
        return []
    found = []
    origins = history.past.origins(PAST_ORIGINS)
    for place, origin in enumerate(origins):
        try:
            made = [history.past.forecast(member, origin) for member in members]
        except TooLittleHistory:
            continue
        then = _history_then(history, made[0])
        found.append(
            PastMembers(
                age=float(len(origins) - 1 - place),
                quantiles=np.stack([each.quantiles for each in made]),
                slices=slices(then),
                actual=history.past.actual(made[0]),
                pace=pace_of(then),
            )
        )
    return found


def _history_then(history: DemandHistory, made: Forecast) -> DemandHistory:
    """The periods before an earlier origin, the variants that were forecast there active."""
    place = int(np.searchsorted(history.periods, made.origin))
    return replace(
        history,
        periods=history.periods[:place],
        units=history.units[:, :place],
        active=pd.Index(history.variants).isin(made.variants),
    )


def weights_of(past: Sequence[PastMembers], members: int) -> NDArray[np.float64]:
    """(M,) what each member weighs; equal where there is no past. The first is the linear one."""
    equal = np.full(members, 1 / members)
    if not past:
        return equal
    steps = [step for step in product(range(STEPS + 1), repeat=members) if sum(step) == STEPS]
    tried = np.vstack([equal, np.array(steps) / STEPS])
    loss = np.mean([losses_of(each, tried) for each in past], axis=0)  # (tried,)
    alone = loss[np.flatnonzero(tried[:, 0] == 1.0)[0]]
    away = ((tried - equal) ** 2).sum(axis=1) / (1 - 1 / members)  # 1 in a corner
    best = int(np.argmin(loss + SHRINKAGE * alone * away))
    if loss[best] > (1 - TIE) * alone:
        best = int(np.flatnonzero(tried[:, 0] == 1.0)[0])
    chosen: NDArray[np.float64] = tried[best]
    return chosen


def losses_of(past: PastMembers, tried: NDArray[np.float64]) -> NDArray[np.float64]:
    """(tried,) pinball loss of each weighing, a unit of demand."""
    tau = np.array(LEVELS)
    units = max(float(past.actual.sum()), 1.0)
    losses = []
    for weights in tried:
        miss = past.actual[:, None] - _averaged(weights, past.quantiles)
        losses.append(float(np.maximum(tau * miss, (tau - 1) * miss).mean(axis=1).sum()) / units)
    return np.array(losses)
