"""Bonuses: what a plan says of each variant to whoever ranks variants.

The worth of a variant is the money that one more customer for it brings:

    worth = (margin - a'λ) * cover             where that contribution is positive
    worth = margin - a'λ                       elsewhere: poor cover makes no bad variant good
    cover = min(1, (quantity + on hand) / expected demand)

with the margin, price less unit cost, a' what a unit takes of the resources and λ their shadow
prices. At a plan that is optimal in any quantity this contribution is also (underage + overage)
* P(demand ≤ quantity + stock), the chance that a unit is there for one more customer times what
selling it gains over being left with it (the newsvendor's first-order condition), so it serves
for what is made already as well as for what is made to order. A bonus is the worth in standard
deviations over the plan's variants, cut at ±2 and halved, so that it lies in [-1, 1]; what the
plan has none of has -1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.plans.plan import Plan

Floats = NDArray[np.float64]

CUT: Final = 2.0
"""Deviations of the worth that make a whole bonus."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bonuses:
    """What a plan says of its variants; arrays over the plan's lines.

    Attributes:
        plan_id: the plan; empty where there is none.
        variants: (V,) str, variant ids, ascending.
        contribution: (V,) float64, money a unit, net of the resources at their shadow prices.
        cover: (V,) float64, share of expected demand that can be served, from 0 to 1.
        amounts: (V,) float64, the bonus, from -1 to 1.
    """

    plan_id: str
    variants: NDArray[np.object_]
    contribution: Floats
    cover: Floats
    amounts: Floats

    def of(self, variants: NDArray[np.object_]) -> Floats:
        """(n,) the bonus of each of some variants; 0 for one that the plan does not know."""
        known = dict(zip(self.variants.tolist(), self.amounts.tolist(), strict=True))
        return np.array([known.get(name, 0.0) for name in variants.tolist()], dtype=np.float64)


def bonuses_of(plan: Plan | None) -> Bonuses:
    """The bonuses of a plan's variants; of none at all where there is no plan."""
    if plan is None:
        none = np.zeros(0)
        return Bonuses(
            plan_id="",
            variants=np.zeros(0, dtype=object),
            contribution=none,
            cover=none,
            amounts=none,
        )
    lines = plan.lines
    there, demand = (lines["quantity"] + lines["on_hand"]).to_numpy(float), lines["mean"]
    contribution = (lines["underage_cost"] - lines["resource_cost"]).to_numpy(np.float64)
    cover = cover_of(there, demand.to_numpy(np.float64))
    worth = np.where(contribution > 0, contribution * cover, contribution)
    return Bonuses(
        plan_id=plan.plan_id,
        variants=lines["variant_id"].to_numpy(dtype=object),
        contribution=contribution,
        cover=cover,
        amounts=np.where(there > 0, standardised(worth), -1.0),
    )


def cover_of(there: Floats, demand: Floats) -> Floats:
    """(V,) share of the demand that can be served; 1 where there is some and none is expected.

    >>> cover_of(np.array([2.0, 9.0, 1.0, 0.0]), np.array([8.0, 3.0, 0.0, 0.0]))
    array([0.25, 1.  , 1.  , 0.  ])
    """
    share = np.divide(there, demand, out=(there > 0).astype(np.float64), where=demand > 0)
    return np.clip(share, 0.0, 1.0)


def standardised(worth: Floats) -> Floats:
    """(V,) in standard deviations from the mean, cut at ±CUT, as shares of CUT.

    >>> standardised(np.array([1.0, 3.0, 1.0, 3.0]))
    array([-0.5,  0.5, -0.5,  0.5])
    >>> standardised(np.array([7.0, 7.0]))
    array([0., 0.])
    """
    if not len(worth):
        return worth
    apart = worth - worth.mean()
    deviation = float(apart.std())
    if deviation <= 1e-9 * float(np.abs(worth).max()):
        return np.zeros_like(worth)  # a rounding's worth of difference is none
    amounts: Floats = np.clip(apart / deviation, -CUT, CUT) / CUT
    return amounts
