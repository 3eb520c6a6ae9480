"""Comparison: what the customers of an experiment's arms did, and whether the split is sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from recsys.errors import TooFewCustomers
from recsys.evaluation.bootstrap import LEVEL, Interval

Floats = NDArray[np.float64]

FEWEST: Final = 2
"""Customers of an arm without whom there is no interval."""

MISMATCH: Final = 0.001
"""A split as uneven by chance alone is less likely than this: something sorts customers."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """What n customers did, each counted once.

    Attributes:
        arm: (n,) str, the arm that the customer was in.
        responses: (n,) float64, what the customer did in the days after the first list of it.
        before: (n,) float64, the same in as many days before.
    """

    arm: NDArray[np.object_]
    responses: Floats
    before: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A mean over an arm's customers, where it lies, and how far from the control's.

    Attributes:
        value: the mean.
        interval: where it lies with probability `LEVEL`.
        difference: to the control's; None for the control.
        difference_interval: likewise.
        p: two-sided p-value of Welch's test of no difference; None for the control.
    """

    value: float
    interval: Interval
    difference: float | None = None
    difference_interval: Interval | None = None
    p: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        inside = self.difference_interval
        return {
            "value": self.value,
            "low": self.interval.low,
            "high": self.interval.high,
            "difference": self.difference,
            "difference_low": None if inside is None else inside.low,
            "difference_high": None if inside is None else inside.high,
            "p": self.p,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """An arm of an experiment.

    Attributes:
        name: of the arm.
        customers: how many were shown a list.
        expected: how many the weights would have.
        rate: share of the customers who responded.
        responses: responses a customer.
        adjusted: the same, less what the days before explain (CUPED; Deng et al. 2013).
    """

    name: str
    customers: int
    expected: float
    rate: Measured
    responses: Measured
    adjusted: Measured

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "arm": self.name,
            "customers": self.customers,
            "expected": self.expected,
            "rate": self.rate.to_json(),
            "responses": self.responses.to_json(),
            "adjusted": self.adjusted.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The arms of an experiment beside its control.

    Attributes:
        control: name of the arm that the others are compared to.
        arms: the control first, the others by name.
        split_p: p-value of the split under the weights (chi-squared).
        explained: share of the variance of responses that the days before explain.
    """

    control: str
    arms: tuple[Arm, ...]
    split_p: float
    explained: float

    @property
    def mismatch(self) -> bool:
        """Whether the split is not as the weights say, so that no difference can be trusted."""
        return self.split_p < MISMATCH

    def to_json(self) -> dict[str, Any]:
        """Plain values, numbers as numbers."""
        return {
            "control": self.control,
            "arms": [arm.to_json() for arm in self.arms],
            "split_p": self.split_p,
            "mismatch": self.mismatch,
            "explained": self.explained,
        }


def compare(outcomes: Outcomes, weights: Mapping[str, float], control: str) -> Comparison:
    """Arms beside the control, by Welch's intervals over customers.

    Args:
        outcomes: what the customers did.
        weights: by arm; those of weight 0 are left out.
        control: one of them.

    Raises:
        TooFewCustomers: an arm has fewer than two.
    """
    names = [control, *sorted(name for name in weights if name != control and weights[name] > 0)]
    rows = [outcomes.arm == name for name in names]
    counts = np.array([mask.sum() for mask in rows], dtype=np.float64)
    if counts.min() < FEWEST:
        few = names[int(counts.argmin())]
        raise TooFewCustomers(
            f"Arm '{few}' has {int(counts.min())} customers whose days are over.",
            where="experiment",
            fix="Wait until more customers have been shown a list, or count fewer days.",
        )
    parts = np.array([weights[name] for name in names])
    expected = counts.sum() * parts / parts.sum()
    split_p = float(stats.chisquare(counts, expected).pvalue) if len(names) > 1 else 1.0
    adjusted, explained = _adjusted(outcomes, rows)
    figures = (outcomes.responses > 0).astype(np.float64), outcomes.responses, adjusted
    arms = []
    for place, name in enumerate(names):
        rate, responses, less = (
            _measured(values[rows[place]], values[rows[0]] if place else None) for values in figures
        )
        arms.append(
            Arm(
                name=name,
                customers=int(counts[place]),
                expected=float(expected[place]),
                rate=rate,
                responses=responses,
                adjusted=less,
            )
        )
    return Comparison(control=control, arms=tuple(arms), split_p=split_p, explained=explained)


def _adjusted(outcomes: Outcomes, rows: list[NDArray[np.bool_]]) -> tuple[Floats, float]:
    """Responses less θ (before - mean of before), θ as within arms; and the share explained."""
    before, responses = outcomes.before.copy(), outcomes.responses.copy()
    for mask in rows:  # an arm's own effect must not pass for one of the days before
        before[mask] -= before[mask].mean()
        responses[mask] -= responses[mask].mean()
    among = np.logical_or.reduce(rows)
    square = float(np.square(before[among]).sum())
    cross = float((before[among] * responses[among]).sum())
    total = float(np.square(responses[among]).sum())
    if square <= 0 or total <= 0:
        return outcomes.responses, 0.0
    slope = cross / square
    mean = outcomes.before[among].mean()
    return outcomes.responses - slope * (outcomes.before - mean), cross * slope / total


def _measured(values: Floats, control: Floats | None) -> Measured:
    """A mean, and its difference to the control's (Welch 1947)."""
    mean, error = float(values.mean()), float(values.var(ddof=1)) / len(values)
    interval = _interval(mean, error, len(values) - 1)
    if control is None:
        return Measured(value=mean, interval=interval)
    other = float(control.var(ddof=1)) / len(control)
    difference, both = mean - float(control.mean()), error + other
    if both == 0:
        exact = Interval(difference, difference)
        p = 1.0 if difference == 0 else 0.0
        return Measured(
            value=mean, interval=interval, difference=difference, difference_interval=exact, p=p
        )
    freedom = both**2 / (error**2 / (len(values) - 1) + other**2 / (len(control) - 1))
    return Measured(
        value=mean,
        interval=interval,
        difference=difference,
        difference_interval=_interval(difference, both, freedom),
        p=float(2 * stats.t.sf(abs(difference) / np.sqrt(both), freedom)),
    )


def _interval(middle: float, variance: float, freedom: float) -> Interval:
    reach = float(stats.t.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(variance))
    return Interval(middle - reach, middle + reach)
