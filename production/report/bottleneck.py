"""What a variant earns for each unit of the bottleneck that it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from production.plans.inputs import PlanInputs
from production.plans.plan import Plan, PlanResource


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """The resource that costs the plan most by being short, and who earns what of it.

    Attributes:
        resource: which; its shadow price is the money that one more unit would earn.
        lines: the variants that take some, by margin per unit of the resource, the most first:
            variant_id, style_id, title, margin (money a unit sold), usage (a unit of the variant),
            margin_per_usage, quantity, used (units of the resource, set-ups included).
    """

    resource: PlanResource
    lines: pd.DataFrame

    @property
    def wanted(self) -> pd.DataFrame:
        """Those that the plan makes, or would make if nothing were limited."""
        return self.lines[(self.lines["wanted"] > 0) | (self.lines["quantity"] > 0)]


def tightest(plan: Plan) -> PlanResource | None:
    """The resource with the most money at its shadow price; None where none is short."""
    short = [one for one in plan.resources if one.shadow_price > 0]
    return max(short, key=lambda one: one.shadow_price * one.capacity, default=None)


def bottleneck_of(
    plan: Plan, inputs: PlanInputs | None, variants: pd.DataFrame
) -> Bottleneck | None:
    """Margin per unit of the bottleneck; None where nothing is short or usage is not kept.

    Args:
        plan: the plan.
        inputs: what it was made from.
        variants: the report's, for their titles.
    """
    resource = tightest(plan)
    if resource is None or inputs is None:
        return None
    shared = inputs.free.resources
    place = shared.ids.index(resource.resource_id)
    lines = plan.lines
    usage, quantity = shared.usage[:, place], lines["quantity"].to_numpy(dtype=np.float64)
    margin = lines["underage_cost"].to_numpy(dtype=np.float64)
    table = pd.DataFrame(
        {
            "variant_id": lines["variant_id"],
            "style_id": lines["style_id"],
            "title": lines["variant_id"].map(variants.set_index("variant_id")["title"]),
            "margin": margin,
            "usage": usage,
            "margin_per_usage": np.divide(margin, usage, out=np.zeros(len(usage)), where=usage > 0),
            "quantity": lines["quantity"],
            "wanted": lines["wanted"],
            "used": quantity * usage + (quantity > 0) * shared.setup[:, place],
        }
    )[usage > 0]
    order = np.lexsort((table["variant_id"], -table["margin_per_usage"]))
    return Bottleneck(resource=resource, lines=table.iloc[order].reset_index(drop=True))
