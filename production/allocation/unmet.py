"""Why a variant's quantity is what it is: one short code and one sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.task import ROUNDING, Task

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reason:
    """What decided one variant's quantity.

    Attributes:
        code: one of CODES.
        resource: the resource that was short, where the code is "resource"; else empty.
    """

    code: str
    resource: str = ""

    def __str__(self) -> str:
        return CODES[self.code].format(resource=self.resource)


CODES: Final = {
    "met": "Made as much as its demand and costs ask for.",
    "frozen": "Already released: the quantity stays as it is.",
    "no demand": "Too little demand is expected to be worth making one.",
    "in stock": "The stock on hand covers what its demand and costs ask for.",
    "no margin": "A unit earns nothing above its cost, so none is made.",
    "discontinued": "No longer on sale, so none is made.",
    "maximum": "Its maximum stands below what its demand and costs ask for.",
    "lead time": "Begun now, it would come in only after the planned weeks.",
    "lot": "Its lot or minimum is more than its demand is worth.",
    "resource": "Less than asked for: '{resource}' is short and earns more elsewhere.",
}
"""Every reason, as a sentence."""


def reasons_of(task: Task, quantity: Floats, wanted: Floats, prices: Floats) -> tuple[Reason, ...]:
    """(V,) the reason of each variant's quantity.

    Args:
        task: what was decided on.
        quantity: (V,) units to make.
        wanted: (V,) best allowed units if no resource were limited.
        prices: (R,) shadow prices.
    """
    lots = task.lots
    ideal = task.curves.inverse(_fractile(task))
    asked = ideal - lots.on_hand
    codes = np.select(
        [
            lots.frozen,
            task.curves.highest() <= 0,
            task.underage <= 0,
            (quantity < wanted) & (len(task.resources.ids) > 0),
            (quantity == 0) & (asked < 0.5) & (lots.on_hand > 0),
            (quantity == 0) & (asked < 0.5),
            lots.most + 0.5 <= asked,
            quantity == 0,
        ],
        ["frozen", "no demand", "no margin", "resource", "in stock", "no demand", "maximum", "lot"],
        "met",
    )
    short = _shortest(task, quantity, prices)
    return tuple(
        Reason(code, task.resources.ids[which]) if code == "resource" else Reason(code)
        for code, which in zip(codes.tolist(), short.tolist(), strict=True)
    )


def _fractile(task: Task) -> Floats:
    both = task.underage + task.overage
    return np.divide(task.underage, both, out=np.zeros(len(both)), where=both > 0)


def _shortest(task: Task, quantity: Floats, prices: Floats) -> NDArray[np.intp]:
    """(V,) the resource that a variant's next lot lacked: the dearest, else the fullest."""
    resources = task.resources
    if not resources.ids:
        return np.zeros(len(quantity), dtype=np.intp)
    full = resources.used(quantity) / np.maximum(resources.capacity, ROUNDING)
    charge = resources.usage * (prices + 1e-9 * full / (1 + full))
    shortest: NDArray[np.intp] = charge.argmax(axis=1)
    return shortest
