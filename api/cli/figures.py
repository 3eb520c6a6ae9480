"""The tables of `atelier evaluate`, from the same JSON that the commands write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.cli import console


def show_recommend(figures: Mapping[str, Any]) -> None:
    """Models side by side, one row a model, origin and slice."""
    rows = [
        (
            row["model"],
            row["origin"],
            row["slice"],
            row["customers"],
            interval(row, "recall"),
            interval(row, "ndcg"),
            f"{row['hit_rate']:.3f}",
            f"{row['coverage']:.3f}",
            f"{row['fit_seconds']:.1f}",
            f"{row['score_seconds']:.1f}",
        )
        for row in figures["models"]
    ]
    names = ("model", "origin", "slice", "customers", "recall", "ndcg", "hit rate", "coverage")
    console.show(
        f"Recommendations, lists of {figures['k']}",
        (*names, "fit s", "score s"),
        rows,
        caption="In brackets: 95 % intervals, bootstrap over customers.",
    )
    for row in figures["models"]:
        if "difference" in row:
            gain = row["difference"]
            low, high = gain["ci"]["ndcg"]
            console.say(
                f"{row['model']} less {gain['reference']}, {row['slice']} purchases"
                f"{' at ' + row['origin'] if row['origin'] else ''}: "
                f"NDCG {gain['ndcg']:+.4f} [{low:+.4f}, {high:+.4f}]"
            )


def interval(row: Mapping[str, Any], name: str) -> str:
    """A figure with its interval, where it has one."""
    value = row.get(name)
    if value is None:
        return "-"
    bounds = row.get("ci", {}).get(name)
    return f"{value:.4f}" + (f" [{bounds[0]:.4f}, {bounds[1]:.4f}]" if bounds else "")


def show_demand(figures: Mapping[str, Any]) -> None:
    """Methods side by side over all origins, then the default against each of them."""
    names = ("wape_q50", "wape_mean", "bias", "rmse", "pinball", "coverage_90", "coverage_50")
    origins = figures["origins"]
    console.show(
        f"Demand over {figures['horizon']} weeks, {len(origins)} origins "
        f"from {origins[0]} to {origins[-1]}",
        ("method", "slice", "variants", *(name.replace("_", " ") for name in names)),
        [
            (row["method"], row["slice"], row["variants"], *(row[name] for name in names))
            for row in figures["methods"]
            if row["origin"] == "all"
        ],
    )
    console.show(
        f"'{figures['default']}' against each",
        ("against", "loss", "ratio", "95 % interval", "origins"),
        [
            (
                row["against"],
                row["figure"].replace("_", " "),
                row["ratio"],
                f"[{row['interval'][0]:.3f}, {row['interval'][1]:.3f}]",
                row["origins"],
            )
            for row in figures["comparisons"]
        ],
        caption="Below 1: the default loses less. Bootstrap over origins and variants.",
    )
    for row in figures["unavailable"]:
        console.say(f"Not available: {row['method']} at {row['origin']}: {row['reason']}")


def show_plan(figures: Mapping[str, Any]) -> None:
    """The plan beside the planner, then what the difference is worth."""
    names = list(figures["policies"][0])
    console.show(
        f"Plans over {figures['horizon']} weeks, under {figures['capacity']}",
        [name.replace("_", " ") for name in names],
        [[row[name] for name in names] for row in figures["policies"]],
    )
    console.show(
        "Plan less planner",
        ("measure", "difference", "95 % interval"),
        [
            (name.replace("_", " "), found["value"], f"[{found['low']:.4g}, {found['high']:.4g}]")
            for name, found in figures["difference"].items()
        ],
        caption="A negative information gap or cost is the plan's gain.",
    )
