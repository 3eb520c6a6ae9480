"""A plan as tables for people: its resources, its largest lines and why they are so large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from api.cli import console

if TYPE_CHECKING:
    from production.plans.plan import Plan

LINES_SHOWN: Final = 20


def show_plan(made: Plan) -> None:
    """The resources, then the largest lines."""
    console.show(
        f"Plan {made.plan_id}: {made.lines['quantity'].sum():,.0f} units in {made.horizon} weeks "
        f"from {made.as_of}",
        ("resource", "unit", "capacity", "bought", "used", "shadow price"),
        [
            (one.resource_id, one.unit, one.capacity, one.bought, one.used, one.shadow_price)
            for one in made.resources
        ],
        caption=f"Expected cost {made.expected_cost:,.0f}, {made.status}, "
        f"at most {made.gap:.2%} above the best possible.",
    )
    if made.resource_weeks is not None:
        console.show(
            "Resources by week",
            ("resource", "week", "capacity", "used", "shadow price", "bought"),
            made.resource_weeks.to_numpy(dtype=object).tolist(),
        )
    if made.regions is not None:
        summed = made.regions.groupby("region", sort=False)[["quantity", "wanted", "mean"]].sum()
        console.show(
            "Regions",
            ("region", "make", "wanted", "expected demand"),
            [(str(name), *row) for name, *row in summed.itertuples()],
        )
    largest = made.lines.sort_values(["quantity", "variant_id"], ascending=[False, True])
    shown = largest.head(LINES_SHOWN)
    shown = shown.assign(risk=100 * shown["stockout_probability"])
    columns = ["variant_id", "quantity", "wanted", "on_hand", "p10", "p50", "p90", "risk"]
    console.show(
        "Largest quantities",
        ("variant", "make", "wanted", "in stock", "P10", "P50", "P90", "stock-out risk %"),
        shown[columns].to_numpy(dtype=object).tolist(),
        caption=f"{len(shown)} of {len(largest)} variants. Wanted: if no resource were limited.",
    )
    reasons = made.lines.groupby("reason", sort=False)["quantity"].agg(["size", "sum"])
    console.show(
        "Why so many",
        ("variants", "units", "reason"),
        [(*counts, str(reason)) for reason, *counts in reasons.itertuples()],
    )
    for sentence in made.assumptions:
        console.say(f"Assumed: {sentence}")
