"""The inputs of a plan over the variants of another one as well, so that the two can be mixed."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.allocation.lots import Lots
from production.allocation.quantiles import DemandCurves
from production.allocation.resources import Resources
from production.allocation.task import Task
from production.plans.economics import Economics
from production.plans.inputs import PlanInputs

Floats = NDArray[np.float64]


def over_all(before: PlanInputs, after: PlanInputs) -> tuple[PlanInputs, PlanInputs]:
    """Both over the variants of either; attributes are left out.

    A variant that one lacks has no demand there and is not held; costs, lots and usage it has as in
    the other, so that what it adds or takes away counts as demand's doing.
    """
    variants = np.union1d(before.variants, after.variants).astype(object)
    levels = np.union1d(before.free.curves.levels, after.free.curves.levels)
    return _over(before, after, variants, levels), _over(after, before, variants, levels)


def _over(
    own: PlanInputs, other: PlanInputs, variants: NDArray[np.object_], levels: Floats
) -> PlanInputs:
    count = len(own.variants)
    lent = count + pd.Index(other.variants).get_indexer(pd.Index(variants))
    found = pd.Index(own.variants).get_indexer(pd.Index(variants))
    place = np.where(found >= 0, found, lent)
    task, lender = own.free, other.free

    demand = np.vstack((_at(task.curves, levels), np.zeros((len(other.variants), len(levels)))))
    loose = lender.lots.loosened()
    lots = {
        one.name: np.concatenate((getattr(task.lots, one.name), getattr(loose, one.name)))[place]
        for one in fields(Lots)
    }
    nothing = np.full(len(other.variants), np.nan)
    return PlanInputs(
        free=Task(
            variants=variants,
            curves=DemandCurves(levels, np.asfortranarray(demand[place])),
            underage=np.concatenate((task.underage, lender.underage))[place],
            overage=np.concatenate((task.overage, lender.overage))[place],
            lots=Lots(**lots),
            resources=_lent(task.resources, lender.resources, place),
        ),
        money=Economics(
            price=np.concatenate((own.money.price, other.money.price))[place],
            unit_cost=np.concatenate((own.money.unit_cost, other.money.unit_cost))[place],
            salvage=np.concatenate((own.money.salvage, other.money.salvage))[place],
            goodwill=np.concatenate((own.money.goodwill, other.money.goodwill))[place],
        ),
        styles=np.concatenate((own.styles, other.styles))[place],
        attributes={},
        held=np.concatenate((own.held, nothing))[place],
        held_by=np.concatenate((own.held_by, np.full(len(nothing), "", dtype=object)))[place],
    )


def _at(curves: DemandCurves, levels: Floats) -> Floats:
    """(V, L) the same demand at other levels, which have all of the curves' own."""
    return np.column_stack([curves.inverse(np.full(len(curves), level)) for level in levels])


def _lent(own: Resources, other: Resources, place: NDArray[np.intp]) -> Resources:
    """One's resources, with the usage of the other's variants where both have the resource."""
    known = pd.Index(other.ids).get_indexer(pd.Index(own.ids))

    def both(mine: Floats, theirs: Floats) -> Floats:
        spare = np.column_stack((theirs, np.zeros(len(theirs))))
        rows: Floats = np.vstack((mine, spare[:, known]))[place]
        return rows

    return replace(own, usage=both(own.usage, other.usage), setup=both(own.setup, other.setup))
