"""The continuous relaxation of an allocation, by dual decomposition.

    min_q  sum_i E[cu_i (D_i - s_i)+ + co_i (s_i - D_i)+],  s_i = q_i + stock_i
    subject to  A'q <= b,  least <= q <= most

Where more of a resource can be bought, its price never exceeds what a unit more costs: at that
price, what is used beyond the capacity is bought.

The dual (`dual`) is concave, once differentiable and piecewise quadratic, so a Newton
method with its generalised Hessian ends after few steps, each a pass over the usage matrix: the
semismooth Newton method of Qi and Sun (1993), each step of which keeps prices from being negative.
Its value at any prices bounds the cost of every plan from below; its maximiser is the vector of
shadow prices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from production.allocation.clock import Clock
from production.allocation.dual import Dual, Point
from production.allocation.task import ROUNDING, Task
from production.errors import Infeasible

Floats = NDArray[np.float64]

STEPS: Final = 100
"""Most Newton steps; a dozen are usual."""

RISES: Final = 1e-13
"""Share of itself by which the dual must promise to rise for another step."""

HALVINGS: Final = 40
"""Most times that a step is halved, or doubled."""

KEPT: Final = 1e-9
"""Share of a resource's free use by which it may miss its capacity when the steps end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """The optimum of the relaxation.

    Attributes:
        quantity: (V,) units, every resource kept.
        prices: (R,) shadow prices: money that one more unit of the resource would earn.
        bound: money; no plan costs less.
        dual: what was solved, to be solved again under other capacities.
        curvature: (R, R) how fast use falls as prices rise, at the optimum.
        free_use: (R,) what would be used if nothing were limited; of the task that this began at.
        bought: (R,) units above the capacity that are worth their cost.
    """

    quantity: Floats
    prices: Floats
    bound: float
    dual: Dual
    curvature: Floats
    free_use: Floats
    bought: Floats


def relax(
    task: Task,
    *,
    start: Relaxed | None = None,
    dual: Dual | None = None,
    clock: Clock | None = None,
    kept: float = KEPT,
) -> Relaxed:
    """Solve the continuous relaxation; O(V (log K + R^2)) a step.

    Args:
        task: what is decided on.
        start: the optimum of a task like this one, to begin at its prices.
        dual: the task's dual, where it is prepared already.
        clock: when to stop; the bound then is lower than it could be.
        kept: share of a resource's free use by which it may miss its capacity before scaling.

    Raises:
        Infeasible: what must be made takes more than there is.
    """
    refuse_infeasible(task)
    prepared = Dual.of(task) if dual is None else dual
    if start is None:
        at = prepared.at(np.zeros(len(prepared.capacity)))
        free_use = at.excess + prepared.capacity
    else:
        at = prepared.at(np.clip(start.prices, 0.0, prepared.ceiling))
        free_use = start.free_use
    best = _ascend(prepared, at, np.where(free_use > 0, free_use, 1.0), clock or Clock(), kept)
    bought = np.where(best.prices >= task.resources.dearest, np.maximum(best.excess, 0.0), 0.0)
    return Relaxed(
        quantity=_scaled_down(task, best.quantity, bought),
        prices=best.prices,
        bound=best.value,
        dual=prepared,
        curvature=best.curvature,
        free_use=free_use,
        bought=bought,
    )


def refuse_infeasible(task: Task) -> None:
    """Refuse lower bounds that no plan can keep.

    Raises:
        Infeasible: names the resource, the variants that take most of it, and the smallest
            capacity that would do.
    """
    least = task.lots.least
    if not least.any():
        return
    needed = task.resources.used(least)
    bounded = np.isinf(task.resources.dearest)
    capacity = np.where(bounded, task.resources.capacity, np.inf)
    over = np.flatnonzero(needed > capacity * (1 + ROUNDING))
    if not len(over):
        return
    worst = int(over[np.argmax(needed[over] / np.maximum(capacity[over], 1e-300))])
    name = task.resources.ids[worst]
    taken = task.resources.usage[:, worst] * least + task.resources.setup[:, worst] * (least > 0)
    first = np.argsort(-taken, kind="stable")[:5]
    culprits = ", ".join(f"'{task.variants[i]}' ({taken[i]:g})" for i in first if taken[i] > 0)
    raise Infeasible(
        f"What must be made takes {needed[worst]:.15g} of '{name}', and there is "
        f"{capacity[worst]:.15g}. Most of it goes to {culprits}.",
        where=f"resource '{name}'",
        fix=f"Give it a capacity of at least {needed[worst]:.15g}, or lower what must be made.",
    )


def _ascend(dual: Dual, at: Point, size: Floats, clock: Clock, kept: float) -> Point:
    """The prices at which the dual is highest, between none and those at which nothing pays.

    Args:
        dual: what is climbed.
        at: where to begin.
        size: (R,) positive, use of each resource by which to measure a miss.
        clock: when to stop.
        kept: the largest miss at which to stop.
    """
    # where no variant's use answers to a price: a scale on which a step is neither nought nor huge
    worth = float(dual.task.underage @ dual.task.curves.mean())
    floor = size**2 / (worth if worth > 0 else 1.0)
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


def _searched(dual: Dual, at: Point, step: Floats, size: Floats) -> Point | None:
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


def _farther(dual: Dual, at: Point, best: Point) -> Point:
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


def _scaled_down(task: Task, quantity: Floats, bought: Floats) -> Floats:
    """Shrink what is made above the least until every resource is kept, with what is bought.

    A resource that is exceeded lets through only the share of the extra that it has room for;
    each variant shrinks by the scarcest resource it uses.
    """
    usage, capacity = task.resources.usage, task.resources.capacity + bought
    least = np.minimum(task.lots.least, quantity)
    base = usage.T @ least
    extra = usage.T @ (quantity - least)
    room = np.maximum(capacity - base, 0.0)
    short = np.flatnonzero(extra > room)
    factor = np.ones(len(quantity))
    for resource in short[np.argsort(room[short] / extra[short], kind="stable")[::-1]]:
        # the scarcest comes last, and so decides
        factor[usage[:, resource] > 0] = room[resource] / extra[resource]
    shrunk: Floats = least + factor * (quantity - least)
    return shrunk
