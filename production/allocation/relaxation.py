"""The continuous relaxation of an allocation, by dual decomposition.

    min_q  sum_i E[cu_i (D_i - s_i)+ + co_i (s_i - D_i)+],  s_i = q_i + stock_i
    subject to  A'q <= b,  least <= q <= most

With multipliers m >= 0 on the resources the variants come apart (the newsvendor under prices):
s_i(m) = F_i^-1(clip((cu_i - a_i m) / (cu_i + co_i), 0, 1)). The dual is concave with gradient
A'q(m) - b, so one resource needs a root, several L-BFGS-B. Its value at any m bounds the cost of
every plan from below; its maximiser is the vector of shadow prices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from production.allocation.task import ROUNDING, Task
from production.errors import Infeasible

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """The optimum of the relaxation.

    Attributes:
        quantity: (V,) units, every resource kept.
        prices: (R,) shadow prices: money that one more unit of the resource would earn.
    """

    quantity: Floats
    prices: Floats


def relax(task: Task) -> Relaxed:
    """Solve the continuous relaxation; O((V K + V R) x evaluations), tens of evaluations.

    Raises:
        Infeasible: what must be made takes more than there is.
    """
    refuse_infeasible(task)
    prices = np.zeros(len(task.resources.ids))
    free = task.target(prices)
    # set-ups are left to the whole-unit step: here they are not charged
    need = task.resources.usage.T @ free
    tight = need > task.resources.capacity
    if not tight.any():
        return Relaxed(quantity=free, prices=prices)
    prices = _root(task) if len(prices) == 1 else _ascend(task, need)
    return Relaxed(quantity=_scaled_down(task, task.target(prices)), prices=prices)


def refuse_infeasible(task: Task) -> None:
    """Refuse lower bounds that no plan can keep.

    Raises:
        Infeasible: names the resource, the variants that take most of it, and the smallest
            capacity that would do.
    """
    least = task.lots.least
    needed = task.resources.used(least)
    capacity = task.resources.capacity
    over = np.flatnonzero(needed > capacity * (1 + ROUNDING))
    if not len(over):
        return
    worst = int(over[np.argmax(needed[over] / np.maximum(capacity[over], 1e-300))])
    name = task.resources.ids[worst]
    taken = task.resources.usage[:, worst] * least + task.resources.setup[:, worst] * (least > 0)
    first = np.argsort(-taken, kind="stable")[:5]
    culprits = ", ".join(f"'{task.variants[i]}' ({taken[i]:g})" for i in first if taken[i] > 0)
    raise Infeasible(
        f"What must be made takes {needed[worst]:g} of '{name}', and there is "
        f"{capacity[worst]:g}. Most of it goes to {culprits}.",
        where=f"resource '{name}'",
        fix=f"Give it a capacity of at least {needed[worst]:g}, or lower what is frozen.",
    )


def _dual(task: Task, prices: Floats) -> tuple[float, Floats]:
    """Value and gradient of the dual at some prices; any value is a bound of the relaxation."""
    quantity = task.target(prices)
    excess = task.resources.usage.T @ quantity - task.resources.capacity
    return float(task.cost(quantity).sum() + prices @ excess), excess


def _root(task: Task) -> Floats:
    """The price of a single resource at which its use meets its capacity."""
    usage, capacity = task.resources.usage[:, 0], task.resources.capacity[0]
    takes = usage > 0
    # at this price nothing is worth making above what must be made
    ceiling = float((task.underage[takes] / usage[takes]).max())

    def excess(price: float) -> float:
        return float(usage @ task.target(np.array([price])) - capacity)

    if excess(ceiling) >= 0:
        return np.array([ceiling])
    price = optimize.brentq(excess, 0.0, ceiling, xtol=1e-13 * ceiling, rtol=1e-14)
    return np.array([float(price)])


def _ascend(task: Task, need: Floats) -> Floats:
    """Maximise the dual over several prices, in units that make its gradient order one."""
    size = np.where(need > 0, need, 1.0)
    scale = max(float(task.cost(task.lots.least).sum()), 1e-300)

    def descent(scaled: Floats) -> tuple[float, Floats]:
        value, gradient = _dual(task, scaled * scale / size)
        return -value / scale, -gradient / size

    found = optimize.minimize(
        descent,
        np.zeros(len(need)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * len(need),
        options={"maxiter": 500, "maxfun": 1000, "ftol": 1e-15, "gtol": 1e-10, "maxcor": 20},
    )
    return np.asarray(found.x, dtype=np.float64) * scale / size


def _scaled_down(task: Task, quantity: Floats) -> Floats:
    """Shrink what is made above the least until every resource is kept.

    A resource that is exceeded lets through only the share of the extra that it has room for;
    each variant shrinks by the scarcest resource it uses.
    """
    usage, capacity = task.resources.usage, task.resources.capacity
    least = np.minimum(task.lots.least, quantity)
    base = usage.T @ least
    extra = usage.T @ (quantity - least)
    room = np.maximum(capacity - base, 0.0)
    share = np.where(extra > room, room / np.where(extra > 0, extra, 1.0), 1.0)
    factor = np.where(usage > 0, share, 1.0).min(axis=1)
    shrunk: Floats = least + factor * (quantity - least)
    return shrunk
