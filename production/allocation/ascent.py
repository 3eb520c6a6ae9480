"""The climb to the prices at which a dual is highest: the semismooth Newton method.

A dual of an allocation is concave, once differentiable and piecewise quadratic, so Newton's method
with its generalised Hessian (Qi and Sun 1993), each step of which keeps prices from being negative,
ends after few steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from production.allocation.clock import Clock

Floats = NDArray[np.float64]

STEPS: Final = 100
"""Most Newton steps; a dozen are usual."""

RISES: Final = 1e-13
"""Share of itself by which the dual must promise to rise for another step."""

HALVINGS: Final = 40
"""Most times that a step is halved, or doubled."""


@dataclass(frozen=True, slots=True)
class Point:
    """A dual at some prices; P of them, one a limit.

    Attributes:
        prices: (P,) money a unit of each limit.
        value: money; no plan of the relaxation costs less.
        excess: (P,) use less capacity, the gradient.
        curvature: (P, P) minus the generalised Hessian, positive semidefinite.
        quantity: each variant's best units at these prices.
    """

    prices: Floats
    value: float
    excess: Floats
    curvature: Floats
    quantity: Floats


class Concave(Protocol):
    """A dual that can be climbed."""

    @property
    def ceiling(self) -> Floats:
        """(P,) prices at which no variant is worth a unit, or more of the resource is bought."""

    @property
    def worth(self) -> float:
        """Money that all demand is worth, as a scale."""

    def at(self, prices: Floats) -> Point:
        """Value, gradient and curvature at some prices (P,)."""


def ascend(dual: Concave, at: Point, size: Floats, clock: Clock, kept: float) -> Point:
    """The prices at which the dual is highest, between none and those at which nothing pays.

    Args:
        dual: what is climbed.
        at: where to begin.
        size: (R,) positive, use of each resource by which to measure a miss.
        clock: when to stop.
        kept: the largest miss at which to stop.
    """
    # where no variant's use answers to a price: a scale on which a step is neither nought nor huge
    floor = size**2 / (dual.worth if dual.worth > 0 else 1.0)
    for _ in range(STEPS):
        moving = _moving(at, dual.ceiling)
        if np.abs(at.excess[moving] / size[moving]).max(initial=0.0) <= kept or clock.over:
            break
        step = _step(at, dual.ceiling, floor)
        if float(at.excess @ step) <= RISES * abs(at.value):
            # cut at a ceiling a step may lead nowhere, and the gradient still does
            step = _uphill(at, dual.ceiling, floor)
            if float(at.excess @ step) <= RISES * abs(at.value):
                break
        following = _searched(dual, at, step, size)
        if following is None:
            break
        at = following
    return at


def _moving(at: Point, ceiling: Floats) -> NDArray[np.bool_]:
    """(R,) which prices are not held at a bound by the gradient."""
    held = ((at.prices <= 0) & (at.excess <= 0)) | ((at.prices >= ceiling) & (at.excess >= 0))
    return ~held


def _step(at: Point, ceiling: Floats, floor: Floats) -> Floats:
    """(R,) to the prices, none negative, at which the dual's quadratic model is highest.

    The model's least squares with non-negative prices are exact also where few variants use many
    resources, and the curvature is singular.
    """
    held = (at.prices >= ceiling) & (at.excess >= 0)
    if held.any():
        step = np.zeros(len(held))
        free = ~held
        inner = replace(at, prices=at.prices[free], excess=at.excess[free],
                        curvature=at.curvature[np.ix_(free, free)])  # fmt: skip
        if free.any():
            step[free] = _step(inner, ceiling[free], floor[free])
        return step
    diagonal = np.diagonal(at.curvature)
    small = 1e-12 * diagonal + np.where(diagonal > 1e-9 * floor, 0.0, floor)
    scale = 1.0 / np.sqrt(diagonal + small)
    scaled = (at.curvature + np.diag(small)) * scale * scale[:, None]
    pull = (at.excess + at.curvature @ at.prices + small * at.prices) * scale
    try:
        lower = np.linalg.cholesky(scaled)
        found, _ = optimize.nnls(lower.T, np.linalg.solve(lower, pull))
        step = np.minimum(found * scale, ceiling) - at.prices
    except (np.linalg.LinAlgError, RuntimeError):
        step = at.excess * scale * scale
    return np.maximum(at.prices + step, 0.0) - at.prices


def _uphill(at: Point, ceiling: Floats, floor: Floats) -> Floats:
    """(R,) a step along the gradient, scaled by each resource's own curvature."""
    scale = np.maximum(np.diagonal(at.curvature), 1e-9 * floor)
    return np.clip(at.prices + at.excess / scale, 0.0, ceiling) - at.prices


def _searched(dual: Concave, at: Point, step: Floats, size: Floats) -> Point | None:
    """The first of the halved steps that raises the dual enough; None where none does.

    Near the top the value is flat within its rounding, so there a step also counts that halves
    the largest miss.
    """
    ceiling = dual.ceiling
    moving = _moving(at, ceiling)
    missed = float(np.abs(at.excess[moving] / size[moving]).max())
    for halving in range(HALVINGS):
        tried = dual.at(np.clip(at.prices + step * 0.5**halving, 0.0, ceiling))
        rise = float(at.excess @ (tried.prices - at.prices))
        if tried.value >= at.value + 1e-4 * max(rise, 0.0) and tried.value > at.value:
            straight = float(step @ at.curvature @ step) < 0.5 * rise
            return _farther(dual, at, tried) if straight and not halving else tried
        moving = _moving(tried, ceiling)
        miss = np.abs(tried.excess[moving] / size[moving]).max(initial=0.0)
        if miss <= missed / 2 and tried.value >= at.value - 1e-12 * abs(at.value):
            return tried
    return None


def _farther(dual: Concave, at: Point, best: Point) -> Point:
    """Twice as far, and again, while the dual rises there as it did at the start.

    Where demand has lumps the dual is straight for a stretch, and no curvature says how long.
    """
    for _ in range(HALVINGS):
        step = best.prices - at.prices
        farther = np.clip(at.prices + 2.0 * step, 0.0, dual.ceiling)
        if float(best.excess @ (farther - best.prices)) < 0.5 * float(at.excess @ step):
            break
        tried = dual.at(farther)
        if tried.value <= best.value:
            break
        best = tried
    return best
