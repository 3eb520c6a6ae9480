"""Policies beside one another: cost a unit, what it is relative to others', and P.

The coefficient of prescriptiveness says how much of what knowing the future would save a policy
saves over sample averages (Bertsimas and Kallus 2020, eq. 13):

    P = 1 - (C_policy - C*) / (C_SAA - C*)

1 is hindsight, 0 the sample average, below 0 worse than that. Costs are sums over all origins.
Intervals are percentiles of a bootstrap that draws origins and variants, both with replacement,
the same draws for all policies: an origin shares its season, a variant its errors over origins.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.plans.measures import Interval
from production.plans.policies import HINDSIGHT, PLANNER, SAMPLE_AVERAGE
from recsys.evaluation.bootstrap import drawn_weights

DRAWS: Final = 1000

Floats = NDArray[np.float64]


def compared(outcomes: pd.DataFrame, *, seed: int = 0) -> list[dict[str, Any]]:
    """A row a policy, in the order in which they stand in `outcomes`.

    Args:
        outcomes: policy, origin, variant_id, demand, shortage, leftover and cost; every policy with
            the same origins and variants.
        seed: of the bootstrap.

    Returns:
        Rows of policy, cost_per_unit, service_level (share of demand met), stockout_share (of
        decisions), information_gap; and, each a value with low and high, against_sample_average and
        against_planner (cost relative to theirs, less one) and prescriptiveness. None where what
        it would be compared with is missing, or costs no more than hindsight.
    """
    policies = list(dict.fromkeys(outcomes["policy"]))
    demand = _drawn(outcomes[outcomes["policy"] == policies[0]], "demand", seed)
    cost = {name: _drawn(outcomes[outcomes["policy"] == name], "cost", seed) for name in policies}
    found = []
    for name in policies:
        rows = outcomes[outcomes["policy"] == name]
        units = max(float(rows["demand"].sum()), 1e-12)
        missed, left = float(rows["shortage"].sum()), float(rows["leftover"].sum())
        found.append(
            {
                "policy": name,
                "cost_per_unit": _json(_interval(_ratio(cost[name], demand))),
                "service_level": 1 - missed / units,
                "stockout_share": float((rows["shortage"] > 0).mean()),
                "information_gap": (missed + left) / units,
                "against_sample_average": _json(_relative(cost, name, SAMPLE_AVERAGE)),
                "against_planner": _json(_relative(cost, name, PLANNER)),
                "prescriptiveness": _json(_prescriptiveness(cost, name)),
            }
        )
    return found


def _drawn(rows: pd.DataFrame, column: str, seed: int) -> Floats:
    """(1 + DRAWS,) sums of a column, as it is and by draw; O(DRAWS x origins x variants)."""
    cells = rows.pivot_table(
        index="origin", columns="variant_id", values=column, aggfunc="sum", fill_value=0.0
    ).to_numpy(dtype=np.float64)  # (O, V), both ascending
    days, variants = cells.shape
    by_variant = np.vstack([weights @ cells.T for weights in drawn_weights(variants, seed=seed)])
    by_origin = np.random.default_rng([seed, days]).multinomial(
        days, np.full(days, 1 / days), size=DRAWS
    )
    drawn: Floats = np.append(cells.sum(), (by_variant * by_origin).sum(axis=1))
    return drawn


def _ratio(above: Floats, below: Floats) -> Floats:
    ratio: Floats = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return ratio


def _relative(cost: dict[str, Floats], name: str, other: str) -> Interval | None:
    if other not in cost:
        return None
    return _interval(_ratio(cost[name], cost[other]) - 1.0)


def _prescriptiveness(cost: dict[str, Floats], name: str) -> Interval | None:
    if SAMPLE_AVERAGE not in cost or HINDSIGHT not in cost:
        return None
    least = cost[HINDSIGHT]
    return _interval(1.0 - _ratio(cost[name] - least, cost[SAMPLE_AVERAGE] - least))


def _interval(drawn: Floats) -> Interval | None:
    """The value with the 95 % of draws around it; None where the value is not defined."""
    if np.isnan(drawn[0]):
        return None
    low, high = np.nanquantile(drawn[1:], [0.025, 0.975])
    return Interval(value=float(drawn[0]), low=float(low), high=float(high))


def _json(found: Interval | None) -> dict[str, float] | None:
    return None if found is None else {"value": found.value, "low": found.low, "high": found.high}
