"""The figures of a plan evaluation: the information gap and its parts, and what a plan changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.plans.policies import PLAN, PLANNER

Floats = NDArray[np.float64]

DRAWS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with the ends of its 95 % bootstrap interval over variants."""

    value: float
    low: float
    high: float


def measures_of(outcomes: pd.DataFrame) -> pd.DataFrame:
    """By policy and origin, then by policy over all origins."""
    columns = ["quantity", "demand", "shortage", "leftover", "cost", "value", "short", "decisions"]
    outcomes = outcomes.assign(short=outcomes["shortage"] > 0, decisions=1)
    by_origin = outcomes.groupby(["policy", "origin"], as_index=False)[columns].sum()
    overall = outcomes.groupby("policy", as_index=False)[columns].sum().assign(origin="all")
    rows = pd.concat((by_origin, overall), ignore_index=True)
    demand = rows["demand"].where(rows["demand"] > 0)
    return pd.DataFrame(
        {
            "policy": rows["policy"],
            "origin": rows["origin"],
            "units": rows["quantity"],
            "demand": rows["demand"],
            "shortage": rows["shortage"],
            "leftover": rows["leftover"],
            "information_gap": (rows["shortage"] + rows["leftover"]) / demand,
            "shortage_part": rows["shortage"] / demand,
            "leftover_part": rows["leftover"] / demand,
            "cost": rows["cost"],
            "information_gap_money": rows["cost"] / rows["value"].where(rows["value"] > 0),
            "cost_per_unit": rows["cost"] / demand,
            "service_level": 1 - rows["shortage"] / demand,
            "stockout_share": rows["short"] / rows["decisions"],
        }
    )


def differences_of(outcomes: pd.DataFrame) -> dict[str, Interval]:
    """Plan less planner over all origins, with percentile intervals over variants.

    A variant is drawn with all its origins, for they are not independent. Empty where one of
    the two is not among the policies.
    """
    if not {PLAN, PLANNER} <= set(outcomes["policy"]):
        return {}
    outcomes = outcomes.assign(gap=outcomes["shortage"] + outcomes["leftover"])
    sums = outcomes.pivot_table(
        index="variant_id", columns="policy", values=["gap", "cost", "shortage", "demand"],
        aggfunc="sum",
    )  # fmt: skip
    weights = np.ones((1, len(sums)))
    draws = np.random.default_rng(0).multinomial(
        len(sums), np.full(len(sums), 1 / len(sums)), size=DRAWS
    )
    weights = np.vstack((weights, draws))

    def ratio(measure: str) -> Floats:
        change = (sums[measure, PLAN] - sums[measure, PLANNER]).to_numpy(dtype=np.float64)
        base = weights @ sums["demand", PLAN].to_numpy(dtype=np.float64)
        drawn: Floats = np.divide(weights @ change, base, out=np.zeros(len(base)), where=base > 0)
        return drawn

    planner = weights @ sums["cost", PLANNER].to_numpy(dtype=np.float64)
    plan = weights @ sums["cost", PLAN].to_numpy(dtype=np.float64)
    drawn = {
        "information_gap": ratio("gap"),
        "cost_per_unit": ratio("cost"),
        "service_level": -ratio("shortage"),
        "cost_relative": np.divide(plan, planner, out=np.ones(len(plan)), where=planner > 0) - 1,
    }
    return {
        name: Interval(
            value=float(values[0]),
            low=float(np.quantile(values[1:], 0.025)),
            high=float(np.quantile(values[1:], 0.975)),
        )
        for name, values in drawn.items()
    }
