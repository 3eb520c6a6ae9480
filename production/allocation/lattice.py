"""The dual of an allocation over its allowed quantities: lots, minimums and set-ups.

Each variant's best allowed quantity is found exactly, so the dual's value bounds every whole
plan. Where variants are many it is nearly smooth, and the prices at which it is highest also
leave the resources nearly used up by the best quantities themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from production.allocation.clock import Clock
from production.allocation.relaxation import Relaxed
from production.allocation.task import Task

Floats = NDArray[np.float64]

STEPS: Final = 8
"""Most steps from the relaxation's prices; each is one look at every variant's lots."""

BALANCED: Final = 5e-6
"""Share of the bound that the resources' mismatch may be worth: steps then have little to gain."""

RISES: Final = 1e-7
"""Share of itself by which the bound must rise in a step for another to be worth its time."""

EVALUATIONS: Final = 300
"""Most evaluations of the bound where set-ups and smallest lots make it jump."""


@dataclass(frozen=True, slots=True)
class Priced:
    """The best allowed quantities at some prices.

    Attributes:
        prices: (R,) money a unit of each resource.
        quantity: (V,) units, which need not keep the resources.
        bound: money; no allowed plan costs less.
        excess: (R,) use less capacity.
        costs: (V,) expected cost of these quantities.
    """

    prices: Floats
    quantity: Floats
    bound: float
    excess: Floats
    costs: Floats


def priced(task: Task, prices: Floats) -> Priced:
    """The dual over allowed quantities at some prices (R,); O(V (K + R)).

    Cost plus priced use is convex along a variant's lots, so the best lot lies beside the
    continuous optimum; it then stands against making none.
    """
    lots, resources = task.lots, task.resources
    charge: Floats = resources.usage @ prices
    opening = resources.setup @ prices if resources.opens else np.zeros(len(charge))
    best, costs = np.zeros(len(lots)), np.where(lots.zero, task.idle, np.inf)
    value = costs
    below = np.maximum(lots.down(task.target(prices)), lots.smallest)
    for lot in (below, below + lots.multiple):
        possible = lot <= lots.most
        made = np.where(possible, lot, 0.0)
        cost = task.cost(made)
        price = np.where(possible, cost + charge * made + opening, np.inf)
        better = price < value
        best, costs = np.where(better, made, best), np.where(better, cost, costs)
        value = np.where(better, price, value)
    bound = float(value.sum() - prices @ resources.capacity)
    return Priced(prices, best, bound, resources.used(best) - resources.capacity, costs)


def priced_optimum(task: Task, prices: Floats) -> tuple[Floats, float]:
    """(V,) best allowed units at some prices, which need not keep the resources, and the bound."""
    found = priced(task, prices)
    return found.quantity, found.bound


def sharpened(task: Task, relaxed: Relaxed, clock: Clock, balanced: float = BALANCED) -> Priced:
    """Prices near the relaxation's at which the bound over allowed quantities is highest.

    Args:
        task: what is decided on.
        relaxed: its continuous optimum.
        clock: when to stop.
        balanced: share of the bound that the resources' mismatch may be worth in the end.
    """
    at = priced(task, relaxed.prices)
    if not len(at.prices):
        return at
    jumps = task.resources.opens or bool((task.lots.zero & _coarse(task)).any())
    best = _searched(task, at, clock) if jumps else at
    return _stepped(task, best, relaxed.curvature, clock, balanced)


def _coarse(task: Task) -> NDArray[np.bool_]:
    """(V,) whether a variant's smallest lot is more than one step of its lots."""
    return task.lots.smallest > task.lots.multiple


def _stepped(task: Task, best: Priced, curvature: Floats, clock: Clock, balanced: float) -> Priced:
    """Newton steps with the relaxation's curvature, while they raise the bound."""
    at = best
    for _ in range(STEPS):
        moving = (at.prices > 0) | (at.excess > 0)
        unspent = float(at.prices @ np.abs(at.excess))
        if not moving.any() or unspent <= balanced * at.bound or clock.over:
            break
        inner = curvature[np.ix_(moving, moving)]
        inner = inner + np.diag(1e-9 * np.diagonal(inner) + 1e-300)
        step = np.zeros(len(at.prices))
        step[moving] = np.linalg.lstsq(inner, at.excess[moving])[0]
        following = priced(task, np.maximum(at.prices + step, 0.0))
        if following.bound <= best.bound:
            break
        enough = following.bound - best.bound < RISES * best.bound
        at = best = following
        if enough:
            break
    return best


def _searched(task: Task, at: Priced, clock: Clock) -> Priced:
    """L-BFGS-B on the bound over allowed quantities, from some prices on.

    The bound is concave in the prices, with gradient use - capacity wherever it has one. Of all
    prices that are tried, the best count, so a kink that stops it costs sharpness alone.
    """
    size = np.maximum(task.resources.capacity + at.excess, task.resources.capacity)
    size = np.where(size > 0, size, 1.0)
    scale = max(float(task.cost(task.lots.least).sum()), 1e-300)
    best = at

    def descent(scaled: Floats) -> tuple[float, Floats]:
        nonlocal best
        tried = priced(task, scaled * scale / size)
        if tried.bound > best.bound:
            best = tried
        return -tried.bound / scale, -tried.excess / size

    def stop(xk: Floats) -> None:  # noqa: ARG001  # the protocol
        if clock.over:
            raise StopIteration

    optimize.minimize(
        descent,
        at.prices * size / scale,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * len(size),
        options={"maxfun": EVALUATIONS},
        callback=stop,
    )
    return best
