"""The tables of `atelier evaluate`, from the same JSON that the commands write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.cli import console


def show_demand(figures: Mapping[str, Any]) -> None:
    """Methods side by side over all origins, by slice, then the default against each of them."""
    origins = figures["origins"]
    overall = [row for row in figures["methods"] if row["origin"] == "all"]
    names = ("wape_q50", "wape_mean", "bias", "rmse", "pinball", "coverage_50", "coverage_90")
    console.show(
        f"Demand over {figures['horizon']} weeks, {len(origins)} origins "
        f"from {origins[0]} to {origins[-1]}",
        ("method", *(name.replace("_", " ") for name in names)),
        [
            (row["method"], *(row[name] for name in names))
            for row in overall
            if row["slice"] == "all"
        ],
        caption="Coverage: of the intervals that should hold 50 % and 90 %.",
    )
    slices = tuple(dict.fromkeys(row["slice"] for row in overall))
    found = {(row["method"], row["slice"]): row["wape_q50"] for row in overall}
    console.show(
        "WAPE of q50 by kind of variant",
        ("method", *slices),
        [
            (method, *(found.get((method, part)) for part in slices))
            for method in dict.fromkeys(row["method"] for row in overall)
        ],
    )
    ratios = [
        (
            row["against"],
            row["figure"].replace("_", " "),
            row["ratio"],
            f"[{row['interval'][0]:.3f}, {row['interval'][1]:.3f}]",
            row["origins"],
        )
        for row in figures["comparisons"]
    ]
    if ratios:
        console.show(
            f"'{figures['default']}' against each",
            ("against", "loss", "ratio", "95 % interval", "origins"),
            ratios,
            caption="Below 1: the default loses less. Bootstrap over origins and variants.",
        )
    missing: dict[str, list[Mapping[str, Any]]] = {}
    for row in figures["unavailable"]:
        missing.setdefault(row["method"], []).append(row)
    for method, rows in missing.items():
        console.say(
            f"Not available: {method}, at {len(rows)} of {len(origins)} origins; "
            f"at {rows[-1]['origin']}: {rows[-1]['reason']}"
        )


def show_plan(figures: Mapping[str, Any]) -> None:
    """The plan beside the planner, then what the difference is worth."""
    names = ("demand", "shortage", "leftover", "information_gap", "cost", "service_level")
    console.show(
        f"Plans over {figures['horizon']} weeks, under {figures['capacity']}",
        ("policy", "origin", *(name.replace("_", " ") for name in names)),
        [
            (row["policy"], row["origin"], *(row[name] for name in names))
            for row in figures["policies"]
        ],
        caption="Information gap: (shortage + leftover) / demand, in units.",
    )
    console.show(
        "Plan less planner",
        ("measure", "difference", "95 % interval"),
        [
            (name.replace("_", " "), found["value"], f"[{found['low']:.3f}, {found['high']:.3f}]")
            for name, found in figures["difference"].items()
        ],
        caption="A negative information gap or cost is the plan's gain.",
    )
