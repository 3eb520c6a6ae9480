"""What a policy's lists would have earned: estimators, their intervals, and where they fail.

What a place earns is taken to depend on the list's context, the place and the variant there, not
on the other places (the item-position model; Li et al. 2018). Values are rewards a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from recsys.errors import BadLog
from recsys.evaluation.bootstrap import LEVEL, Interval
from recsys.evaluation.policy.log import Task
from recsys.evaluation.policy.rewards import cross_fitted

Floats = NDArray[np.float64]

METHODS: Final = ("ips", "self_normalised", "clipped", "doubly_robust", "direct")

FEW: Final = 100.0
"""Effective places below which nothing should be decided by the estimates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure and where it lies with probability `LEVEL`."""

    value: float
    interval: Interval

    def to_json(self) -> dict[str, float]:
        """Plain values."""
        return {"value": self.value, "low": self.interval.low, "high": self.interval.high}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyValue:
    """What a policy would have earned.

    Attributes:
        lists: how many were served, to `customers` customers.
        logged: what they earned, a list.
        estimates: by method, what the policy would have earned, a list.
        differences: by method, that less what was earned.
        covered: share of the policy's places that the log could have shown, by the mean weight;
            1 where every one of them had a chance.
        effective: places that count, (Σ w)² / Σ w².
        clip: the largest weight that `clipped` lets through.
        warnings: why not to trust the figures; empty where nothing speaks against them.
    """

    lists: int
    customers: int
    logged: Estimate
    estimates: Mapping[str, Estimate]
    differences: Mapping[str, Estimate]
    covered: Estimate
    effective: float
    clip: float
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values, numbers as numbers."""
        return {
            "lists": self.lists,
            "customers": self.customers,
            "logged": self.logged.to_json(),
            "estimates": {name: one.to_json() for name, one in self.estimates.items()},
            "differences": {name: one.to_json() for name, one in self.differences.items()},
            "covered": self.covered.to_json(),
            "effective_places": self.effective,
            "clip": self.clip,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Mean:
    """A ratio of sums over customers, and each customer's part in its error."""

    value: float
    influence: Floats

    def estimate(self, less: _Mean | None = None) -> Estimate:
        """It, or its difference to another of the same customers, with Student's interval."""
        value = self.value - (0.0 if less is None else less.value)
        influence = self.influence - (0.0 if less is None else less.influence)
        customers = len(influence)
        spread = np.sqrt(customers / (customers - 1) * np.square(influence).sum())
        reach = float(stats.t.ppf((1 + LEVEL) / 2, customers - 1) * spread)
        return Estimate(value=value, interval=Interval(value - reach, value + reach))


def estimate(task: Task, *, clip: float | None = None) -> PolicyValue:
    """What a policy would have earned, by five estimators.

    With w the policy's probability of what a place showed over its propensity, r its reward, q the
    cross-fitted reward model and p the policy's probabilities, sums over a list's places:

    - `ips`: Σ w r (Horvitz and Thompson 1952): unbiased where the log could show all that the
      policy would
    - `self_normalised`: Σ w r / Σ w, times the policy's places (Swaminathan and Joachims 2015)
    - `clipped`: Σ min(w, clip) r (Ionides 2008): less variance, biased towards 0
    - `doubly_robust`: Σ p q + Σ w (r - q) (Dudík, Langford and Li 2011): right where either the
      propensities or the reward model are
    - `direct`: Σ p q, the reward model alone

    Intervals are Student's over customers, whose lists are not independent; ratios by the delta
    method.

    Args:
        task: the log and the policy.
        clip: largest weight of `clipped`; without it the square root of the number of lists.

    Raises:
        BadLog: all lists are of one customer.
    """
    customers = int(task.customer.max()) + 1
    if customers < 2:
        raise BadLog(
            "All lists are of one customer.",
            where="log, column 'customer_id'",
            fix="Log lists of more customers; without them there is no interval.",
        )
    most = float(np.sqrt(task.lists)) if clip is None else clip
    weight, reward = task.weight, task.reward
    seen, told = cross_fitted(task)
    lists = np.bincount(task.customer, minlength=customers).astype(np.float64)
    shown = task.customer[task.logged.of]
    judged = task.customer[task.judged.of]

    def summed(of: NDArray[np.int64], values: Floats) -> Floats:
        return np.bincount(of, weights=values, minlength=customers).astype(np.float64)

    weights, places = summed(shown, weight), summed(judged, task.probability)
    direct = summed(judged, task.probability * told)
    earned = summed(shown, weight * reward)
    each = places.sum() / lists.sum()
    means = {
        "ips": _mean(earned, lists),
        "self_normalised": _mean(each * earned, weights),
        "clipped": _mean(summed(shown, np.minimum(weight, most) * reward), lists),
        "doubly_robust": _mean(direct + summed(shown, weight * (reward - seen)), lists),
        "direct": _mean(direct, lists),
    }
    logged = _mean(summed(shown, reward), lists)
    squares = np.square(weight).sum()
    effective = float(weight.sum() ** 2 / squares) if squares > 0 else 0.0
    covered = _mean(weights, places).estimate()
    return PolicyValue(
        lists=task.lists,
        customers=customers,
        logged=logged.estimate(),
        estimates={name: mean.estimate() for name, mean in means.items()},
        differences={name: mean.estimate(logged) for name, mean in means.items()},
        covered=covered,
        effective=effective,
        clip=most,
        warnings=_warnings(covered, effective),
    )


def _mean(above: Floats, below: Floats) -> _Mean:
    """The ratio of two sums, 0 where nothing lies below."""
    total = below.sum()
    if total == 0:
        return _Mean(0.0, np.zeros(len(above)))
    value = float(above.sum() / total)
    return _Mean(value, (above - value * below) / total)


def _warnings(covered: Estimate, effective: float) -> tuple[str, ...]:
    """Why not to trust the figures."""
    found = []
    if covered.interval.high < 1:
        found.append(
            f"Of the places of this policy the log could have shown about {covered.value:.0%} "
            "alone: what the others earn is counted as nothing by 'ips' and 'clipped', and guessed "
            "by the others."
        )
    elif covered.interval.low > 1:
        found.append("The mean weight is above 1: the logged propensities are too small.")
    if effective < FEW:
        found.append(
            f"The log is worth {effective:.0f} places of this policy: too few to decide by."
        )
    return tuple(found)
