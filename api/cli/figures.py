"""The tables of `atelier evaluate`, from the same JSON that the commands write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.cli import console


def show_demand(figures: Mapping[str, Any]) -> None:
    """Methods side by side over all origins, by slice, then the default against each of them."""
    origins = figures["origins"]
    overall = [row for row in figures["methods"] if row["origin"] == "all"]
    names = ("wape_q50", "wape_mean", "bias", "bias_pooled", "rmse", "pinball", "coverage_50",
             "coverage_90")  # fmt: skip
    console.show(
        f"Demand over {figures['horizon']} {figures['period']}s, {len(origins)} origins "
        f"from {origins[0]} to {origins[-1]}",
        (
            "method",
            "WAPE q50",
            "WAPE mean",
            "bias",
            "bias pooled",
            "RMSE",
            "pinball",
            "in 50 %",
            "in 90 %",
        ),
        [
            (row["method"], *(row[name] for name in names))
            for row in overall
            if row["slice"] == "all"
        ],
        caption="Means over origins; bias pooled: of all origins' units together. Coverage: of the "
        "intervals that should hold 50 % and 90 %.",
    )
    slices = tuple(dict.fromkeys(row["slice"] for row in overall))
    for figure, title in (("wape_q50", "WAPE of q50"), ("coverage_90", "Coverage of 90 %")):
        found = {(row["method"], row["slice"]): row[figure] for row in overall}
        console.show(
            f"{title} by kind of variant",
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
        if row["slice"] == "all"
    ]
    if ratios:
        console.show(
            f"'{figures['default']}' against each",
            ("against", "loss", "ratio", "95 % interval", "origins"),
            ratios,
            caption="Below 1: the default loses less. Bootstrap over origins and variants.",
        )
        by_slice = {
            (row["against"], row["figure"], row["slice"]): row["ratio"]
            for row in figures["comparisons"]
        }
        console.show(
            "The same ratios by kind of variant",
            ("against", "loss", *slices),
            [
                (against, figure.replace("_", " "),
                 *(by_slice.get((against, figure, part)) for part in slices))
                for against, figure in dict.fromkeys(pair[:2] for pair in by_slice)
            ],
        )  # fmt: skip
    if figures["ablation"] is not None:
        show_ablation(figures["ablation"])
    if figures["period"] == "day":
        show_by_period(figures)
    missing: dict[str, list[Mapping[str, Any]]] = {}
    for row in figures["unavailable"]:
        missing.setdefault(row["method"], []).append(row)
    for method, rows in missing.items():
        console.say(
            f"Not available: {method}, at {len(rows)} of {len(origins)} origins; "
            f"at {rows[-1]['origin']}: {rows[-1]['reason']}"
        )


def show_ablation(ablation: Mapping[str, Any]) -> None:
    """What each group of features is worth, by slice, and which earn nothing."""
    rows = ablation["groups"]
    if rows:
        console.show(
            f"What groups of features are worth to '{ablation['method']}'",
            ("left out", "variants", "loss", "ratio", "95 % interval", "verdict"),
            [
                (
                    row["left_out"],
                    row["slice"],
                    row["figure"].replace("_", " "),
                    row["ratio"],
                    f"[{row['interval'][0]:.3f}, {row['interval'][1]:.3f}]",
                    row["verdict"],
                )
                for row in rows
            ],
            caption="Loss with the group over the loss without: below 1 it earns. Bootstrap over "
            "origins and variants.",
        )
    if ablation["unused"]:
        console.say(f"Not used, nothing changes without: {', '.join(ablation['unused'])}.")
    if ablation["idle"]:
        console.say(
            "Earn nothing that can be told from chance, on any kind of variant: "
            f"{', '.join(ablation['idle'])}."
        )


def show_by_period(figures: Mapping[str, Any]) -> None:
    """Errors of single periods, of each variant and of all together."""
    known = ", ".join(figures["known"]) or "nothing beside what is decided ahead"
    console.show(
        f"By {figures['period']}",
        ("method", "RMSE", "of the total", "WAPE", "of the total", "ratio", "95 % interval"),
        [
            (
                row["method"],
                *(row[name] for name in ("rmse", "rmse_total", "wape", "wape_total")),
                row["ratio_total"],
                _interval(row["ratio_total_interval"]),
            )
            for row in figures["by_period"]
        ],
        caption=f"Ratio: the default's RMSE of the total over each. Known ahead: {known}.",
    )


def _interval(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f"[{ends[0]:.3f}, {ends[1]:.3f}]"


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
