"""Risk-averse allocation: the plan that weighs the bad tail of its losses, certified by a bound.

    min_x (1 - w) E[l(x)] + w CVaR_a[l(x)]   =   min_x max_q q'l(x),  q in the envelope

For given weights q the problem is the allocation of every day, of reweighted demand; its least
value g(q) is concave, with the losses of the best plan as its gradient, so the weights climb by
accelerated projected gradient steps (Beck and Teboulle 2009). g at any weights, or the dual of the
allocation in its place, is at most the value of any plan (weak duality, twice); what a plan is
worth itself is at least the best one's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.allocate import Allocation, allocate
from production.allocation.averse.aversion import Aversion
from production.allocation.averse.drawn import Drawn

Floats = NDArray[np.float64]

CLOSE_ENOUGH: Final = 1e-4
"""Distance of value and bound, as a share of the expected cost, at which the climb ends."""

TRIES: Final = 24
"""Most weights that are tried; a dozen are usual."""

LONGER: Final = 1.3
"""How much longer the next step is; one that overshoots is halved."""

MADE_WHOLE: Final = 4
"""How many of the best tried weights' plans are made whole."""


@dataclass(frozen=True, kw_only=True)
class AverseAllocation:
    """A plan that weighs the bad tail.

    Attributes:
        allocation: its quantities; what it expects is of the reweighted demand.
        losses: (N,) money that it loses in each draw.
        value: money; what the aversion makes of these losses.
        bound: money; no plan's losses in these draws are worth less.
    """

    allocation: Allocation
    losses: Floats
    value: float
    bound: float


@dataclass(frozen=True, slots=True)
class _Tried:
    """Weights, and the best plan under them.

    Attributes:
        weights: (N,) of the draws.
        allocation: continuous.
        losses: (N,) of it.
        under: money; the losses under these weights.
        value: money; what the aversion makes of them.
        bound: money; no continuous plan is worth less.
    """

    weights: Floats
    allocation: Allocation
    losses: Floats
    under: float
    value: float
    bound: float


def allocate_averse(
    drawn: Drawn, aversion: Aversion, *, base: Allocation, continuous: bool = False
) -> AverseAllocation:
    """The quantities whose losses over the draws are worth least, as far as they are found.

    A dozen allocations of reweighted demand and as many passes over the draws.

    Args:
        drawn: the task, and draws of its demand.
        aversion: how much the bad tail weighs.
        base: the task's allocation that weighs all draws alike; the answer is worth no more.
        continuous: any quantity between the bounds, in place of allowed whole ones.

    Raises:
        Infeasible: what must be made takes more than there is.
    """
    tried = _climbed(drawn, aversion, base)
    best = sorted(tried, key=lambda one: one.value)
    if continuous:
        plans = [one.allocation for one in best[:1]]
        bounds = [max(one.bound for one in tried)]
    else:
        plans, bounds = [], []
        highest = max(tried, key=lambda one: one.bound)
        for one in (*best[:MADE_WHOLE], highest):
            task = replace(drawn.task, curves=drawn.curves(one.weights))
            plans.append(allocate(task))
            bounds.append(drawn.bound(one.weights, plans[-1].shadow_prices))
    found = [_worth(drawn, aversion, plan) for plan in (*plans, base)]
    chosen = min(found, key=lambda one: one.value)
    return replace(chosen, bound=min(max(bounds), chosen.value))


def _worth(drawn: Drawn, aversion: Aversion, plan: Allocation) -> AverseAllocation:
    losses = drawn.losses(plan.quantity)
    return AverseAllocation(
        allocation=plan, losses=losses, value=aversion.value(losses), bound=-np.inf
    )


def _climbed(drawn: Drawn, aversion: Aversion, base: Allocation) -> list[_Tried]:
    """What was tried on the way from equal weights to those that are hardest on the best plan."""
    tried: list[_Tried] = []

    def attempt(weights: Floats) -> _Tried:
        start = tried[-1].allocation if tried else base
        tried.append(_tried(drawn, aversion, weights, start))
        return tried[-1]

    at = ahead = attempt(np.full(drawn.draws, 1.0 / drawn.draws))
    least, most = aversion.bounds(drawn.draws)
    spread = float(at.losses.std())
    step, pace = (most - least) / spread if spread > 0 else 0.0, 1.0
    while step > 0 and len(tried) < TRIES and not _closed(tried, base.expected_cost):
        following = attempt(aversion.nearest(ahead.weights + step * ahead.losses))
        move = following.weights - ahead.weights
        promised = ahead.under + ahead.losses @ move - move @ move / (2.0 * step)
        if following.under < promised - CLOSE_ENOUGH / 100 * base.expected_cost:
            step /= 2.0
            continue
        if following.under < at.under:
            if ahead is at:
                break  # a plain step that gains nothing
            pace, ahead = 1.0, at  # too much momentum
            continue
        faster = (1.0 + np.sqrt(1.0 + 4.0 * pace**2)) / 2.0
        beyond = following.weights + (pace - 1.0) / faster * (following.weights - at.weights)
        ahead = following if pace == 1.0 else attempt(aversion.nearest(beyond))
        at, pace = following, faster
        step *= LONGER
    return tried


def _closed(tried: list[_Tried], scale: float) -> bool:
    """Whether the best value and the best bound have met."""
    value, bound = min(one.value for one in tried), max(one.bound for one in tried)
    return value - bound <= CLOSE_ENOUGH * scale


def _tried(drawn: Drawn, aversion: Aversion, weights: Floats, start: Allocation) -> _Tried:
    task = replace(drawn.task, curves=drawn.curves(weights))
    found = allocate(task, continuous=True, base=start)
    losses = drawn.losses(found.quantity)
    return _Tried(
        weights=weights,
        allocation=found,
        losses=losses,
        under=float(weights @ losses),
        value=aversion.value(losses),
        bound=drawn.bound(weights, found.shadow_prices, continuous=True),
    )
