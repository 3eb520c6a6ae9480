"""A plan by region: which units go where, where what limits them depends on where they go.

Usage that names a region holds for units that go there: a quota of a market, a carrier's room. Each
variant is then planned once a region, with the region's part of its demand; what is made of it is
the sum. Regions are those that usage names, and all others together.

Stock, released quantities and maxima are split over the regions by their shares, in whole units, by
largest remainder. Lots are whole in each region: a minimum or a multiple holds for what goes there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.allocation.lots import Lots
from production.allocation.resources import Resources
from production.allocation.task import Task
from production.allocation.thinning import thinned
from production.plans.answer import Answer

Floats = NDArray[np.float64]

ELSEWHERE: Final = "elsewhere"
"""All regions that no usage names, and orders that name none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """Where the units of V variants go.

    Attributes:
        names: (G,) the regions, ELSEWHERE last.
        share: (V, G) of each in a variant's demand; rows add up to one.
    """

    names: tuple[str, ...]
    share: Floats

    @property
    def rows(self) -> NDArray[np.intp]:
        """(V G,) the variant of each row: the regions of one variant after another."""
        return np.repeat(np.arange(len(self.share)), len(self.names))

    @property
    def of_rows(self) -> NDArray[np.object_]:
        """(V G,) the region of each row."""
        return np.tile(np.array(self.names, dtype=object), len(self.share))


def split_task(task: Task, regions: Regions, resources: Resources) -> Task:
    """The task with a row a variant and region.

    Args:
        task: of V variants.
        regions: where their units go.
        resources: what is limited, with usage a row (V G, R).
    """
    rows = regions.rows
    wide = task.take(rows)
    return replace(
        wide,
        curves=thinned(wide.curves, regions.share.ravel()),
        lots=_split_lots(task.lots, regions.share),
        resources=resources,
    )


def _split_lots(lots: Lots, share: Floats) -> Lots:
    wide = lots.take(np.repeat(np.arange(len(share)), share.shape[1]))
    held = ~lots.zero
    part = whole_parts(np.where(held, lots.smallest, 0.0), share).ravel()
    bounded = np.isfinite(lots.largest)
    steps = np.where(bounded, lots.largest / lots.multiple, 0.0)
    most = whole_parts(np.floor(steps), share).ravel() * wide.multiple
    fixed = ~wide.zero
    return Lots(
        smallest=np.where(fixed, np.maximum(part, 1.0), wide.smallest),
        multiple=wide.multiple,
        largest=np.where(fixed, part, np.where(np.isfinite(wide.largest), most, np.inf)),
        zero=wide.zero | (part == 0),
        frozen=wide.frozen,
        on_hand=whole_parts(lots.on_hand, share).ravel(),
    )


def whole_parts(units: Floats, share: Floats) -> Floats:
    """(V, G) whole parts of (V,) whole units, by largest remainder; rows add up exactly."""
    exact = units[:, None] * share
    parts = np.floor(exact + 1e-9)
    missing = np.rint(units - parts.sum(axis=1)).astype(np.int64)
    order = np.argsort(parts - exact, axis=1, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(share.shape[1])[None, :], axis=1)
    whole: Floats = parts + (place < missing[:, None])
    return whole


def gathered(found: Answer, task: Task, regions: Regions, variants: NDArray[np.object_]) -> Answer:
    """The answer a variant, of one a variant and region, with what goes to each region.

    A variant's chance of a stock-out is that of its regions, weighted by their demand.
    """
    count = len(regions.names)
    by_row = (len(variants), count)

    def total(values: Floats) -> Floats:
        summed: Floats = values.reshape(by_row).sum(axis=1)
        return summed

    demand = task.curves.mean()
    weight = np.where(total(demand)[regions.rows] > 0, demand, 1.0)
    risk = total(weight * found.stockout_probability) / total(weight)
    # of its regions' reasons the one of the region that misses most stands for the variant
    missed = (found.wanted - found.quantity).reshape(by_row).argmax(axis=1)
    place = np.arange(len(variants)) * count + missed
    table = pd.DataFrame(
        {
            "variant_id": variants[regions.rows],
            "region": regions.of_rows,
            "quantity": found.quantity.astype(np.int64),
            "wanted": found.wanted.astype(np.int64),
            "on_hand": task.lots.on_hand.astype(np.int64),
            "mean": demand,
            "expected_shortage": found.expected_shortage,
            "expected_leftover": found.expected_leftover,
            "stockout_probability": found.stockout_probability,
            "short_of": [reason.resource for reason in found.reasons],
        }
    )
    schedule = found.schedule
    if schedule is not None:
        schedule = schedule.groupby(["variant_id", "week"], sort=True, as_index=False).sum()
    return replace(
        found,
        quantity=total(found.quantity),
        wanted=total(found.wanted),
        expected_shortage=total(found.expected_shortage),
        expected_leftover=total(found.expected_leftover),
        stockout_probability=risk,
        reasons=tuple(found.reasons[int(row)] for row in place),
        schedule=schedule,
        regions=table,
    )
