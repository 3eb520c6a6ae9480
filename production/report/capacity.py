"""The price of capacity: what the plan would cost with less or more of its bottleneck."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from production.allocation.allocate import allocate
from production.errors import Infeasible
from production.plans.inputs import PlanInputs
from production.plans.plan import Plan, PlanResource
from production.report.bottleneck import tightest

FACTORS: Final = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)
"""Capacities that the plan is made again for, as shares of the one that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The plan under one capacity.

    Attributes:
        factor: share of the capacity that there is.
        capacity: over the horizon.
        cost: money that shortage and leftover are expected to cost.
        shadow_price: money that one more unit would earn.
        units: made in all.
    """

    factor: float
    capacity: float
    cost: float
    shadow_price: float
    units: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityPrice:
    """The plan under several capacities of one resource, the others as they are.

    Attributes:
        resource: which.
        points: by capacity; one that leaves too little for what must be made is not there.
    """

    resource: PlanResource
    points: tuple[Point, ...]


def capacity_price_of(plan: Plan, inputs: PlanInputs | None) -> CapacityPrice | None:
    """The price of the tightest resource's capacity; None where nothing is short.

    Allocates as often as there are FACTORS, each time from the prices of the plan.
    """
    resource = tightest(plan)
    if resource is None or inputs is None:
        return None
    task = inputs.task
    base = allocate(task)
    place = task.resources.ids.index(resource.resource_id)
    points: list[Point] = []
    for factor in FACTORS:
        amount = factor * resource.capacity
        try:
            wider = task.resources.override({resource.resource_id: amount})
            answer = allocate(replace(task, resources=wider), base=base) if factor != 1 else base
        except Infeasible:
            continue  # what is frozen takes more: there is no plan to price
        points.append(
            Point(
                factor=factor,
                capacity=amount,
                cost=answer.expected_cost,
                shadow_price=float(answer.shadow_prices[place]),
                units=float(answer.quantity.sum()),
            )
        )
    return CapacityPrice(resource=resource, points=tuple(points))
