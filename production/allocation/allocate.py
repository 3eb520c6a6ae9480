"""Allocation: what to make of each variant under shared resources, certified by a bound.

`relaxation` states the task and solves it continuously, `whole_units`
makes it whole; here the two become one answer, with its certificate and, for every variant,
what was left unmet and why.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from production.allocation.relaxation import relax
from production.allocation.task import Task
from production.allocation.unmet import Reason, reasons_of
from production.allocation.whole_units import CLOSE_ENOUGH, make_whole, priced_optimum

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What to make, what it is expected to cost, and how far from the best it can be.

    Attributes:
        quantity: (V,) whole units, within every bound and every resource.
        wanted: (V,) what would be made if no resource were limited.
        expected_shortage: (V,) units.
        expected_leftover: (V,) units, stock included.
        stockout_probability: (V,) probability that demand exceeds quantity and stock.
        used: (R,) what the plan takes of each resource.
        shadow_prices: (R,) money that one more unit of each resource would earn.
        expected_cost: money, shortage and leftover together.
        bound: money; no plan costs less.
        status: "optimal" where the gap is closed, else "within gap".
        reasons: (V,) why each quantity is what it is.
    """

    quantity: Floats
    wanted: Floats
    expected_shortage: Floats
    expected_leftover: Floats
    stockout_probability: Floats
    used: Floats
    shadow_prices: Floats
    expected_cost: float
    bound: float
    status: str
    reasons: tuple[Reason, ...]

    @property
    def gap(self) -> float:
        """How much the plan may cost above the best one, as a share of its cost."""
        return gap_of(self.expected_cost, self.bound)


def gap_of(cost: float, bound: float) -> float:
    """(cost - bound) / cost, never negative; 0 where nothing is lost."""
    return max(cost - bound, 0.0) / cost if cost > 0 else 0.0


def allocate(task: Task) -> Allocation:
    """The cheapest whole quantities that keep every bound and resource.

    Time grows with variants x (levels + resources) x tens of evaluations: 100,000 variants
    under 20 resources take seconds, memory a few times their usage matrix.

    Raises:
        Infeasible: what must be made takes more than there is.
    """
    relaxed = relax(task)
    whole = make_whole(task, relaxed)
    wanted, _ = priced_optimum(task, np.zeros(len(task.resources.ids)))
    position = whole.quantity + task.lots.on_hand
    shortage = task.curves.shortage(position)
    cost = float(task.cost(whole.quantity).sum())
    return Allocation(
        quantity=whole.quantity,
        wanted=wanted,
        expected_shortage=shortage,
        expected_leftover=np.maximum(position - task.curves.mean() + shortage, 0.0),
        stockout_probability=1.0 - task.curves.below(position),
        used=task.resources.used(whole.quantity),
        shadow_prices=whole.prices,
        expected_cost=cost,
        bound=min(whole.bound, cost),
        status="optimal" if gap_of(cost, whole.bound) <= CLOSE_ENOUGH else "within gap",
        reasons=reasons_of(task, whole.quantity, wanted, whole.prices),
    )
