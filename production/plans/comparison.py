"""Two plans beside each other: what is made, and what the resources are worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.plans.inputs import PlanInputs
from production.plans.plan import PlanResource

Floats = NDArray[np.float64]

SIDES = ("before", "after")


def resource_table(before: Iterable[PlanResource], after: Iterable[PlanResource]) -> pd.DataFrame:
    """By resource id: unit, and capacity, used and shadow price before and after.

    A resource that one side does not have is missing there: nothing limited it.
    """
    columns = ["capacity", "used", "shadow_price"]
    sides = [
        pd.DataFrame([asdict(one) for one in side], columns=["resource_id", "unit", *columns])
        .set_index("resource_id")
        .astype(dict.fromkeys(columns, np.float64))
        for side in (before, after)
    ]
    names = sides[0].index.union(sides[1].index)
    left, right = (side.reindex(names) for side in sides)
    table = pd.DataFrame({"resource_id": names, "unit": left["unit"].fillna(right["unit"])})
    for column in columns:
        for name, side in zip(SIDES, (left, right), strict=True):
            table[f"{column}_{name}"] = side[column]
    return table.reset_index(drop=True)


def quantities(lines: pd.DataFrame, variants: NDArray[np.object_]) -> NDArray[np.int64]:
    """(V,) units of a plan's lines; none of a variant that it has no line for."""
    found = lines.set_index("variant_id")["quantity"].reindex(variants, fill_value=0)
    return found.to_numpy(dtype=np.int64)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table's rows for JSON; what is missing is None."""
    rows = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def states(inputs: PlanInputs) -> dict[str, Floats]:
    """What a line rests on, (V,) each: expected demand, costs, stock and what is held."""
    task = inputs.free
    return {
        "demand": task.curves.mean(),
        "underage": task.underage,
        "overage": task.overage,
        "on_hand": task.lots.on_hand,
        "held": inputs.held,
    }
