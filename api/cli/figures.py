"""The tables of `atelier evaluate`, from the same JSON that the commands write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from api.cli import console

DEMAND_COLUMNS: Final[Mapping[str, str]] = {
    "wape_q50": "WAPE q50", "wape_mean": "WAPE mean", "bias": "bias", "bias_pooled": "bias pooled",
    "rmse": "RMSE", "pinball": "pinball", "coverage_50": "in 50 %", "coverage_90": "in 90 %",
}  # fmt: skip
"""Figures of a method, and their headings."""


def show_demand(figures: Mapping[str, Any]) -> None:
    """Methods side by side over all origins, by slice, then the default against each of them."""
    _show_methods(figures)
    _show_comparisons(figures)
    if figures["ablation"] is not None:
        show_ablation(figures["ablation"])
    if figures["period"] == "day":
        show_by_period(figures)
    missing: dict[str, list[Mapping[str, Any]]] = {}
    for row in figures["unavailable"]:
        missing.setdefault(row["method"], []).append(row)
    for method, rows in missing.items():
        console.say(
            f"Not available: {method}, at {len(rows)} of {len(figures['origins'])} origins; "
            f"at {rows[-1]['origin']}: {rows[-1]['reason']}"
        )


def _show_methods(figures: Mapping[str, Any]) -> None:
    """Every method's figures, and by kind of variant the two that differ most between them."""
    origins = figures["origins"]
    overall = [row for row in figures["methods"] if row["origin"] == "all"]
    console.show(
        f"Demand over {figures['horizon']} {figures['period']}s, {len(origins)} origins "
        f"from {origins[0]} to {origins[-1]}",
        ("method", *DEMAND_COLUMNS.values()),
        [
            (row["method"], *(row[name] for name in DEMAND_COLUMNS))
            for row in overall
            if row["slice"] == "all"
        ],
        caption="Means over origins; bias pooled: of all origins' units together. Coverage: of the "
        "intervals that should hold 50 % and 90 %.",
    )
    for figure, title in (("wape_q50", "WAPE of q50"), ("coverage_90", "Coverage of 90 %")):
        found: dict[tuple[str, ...], dict[str, Any]] = {}
        for row in overall:
            found.setdefault((row["method"],), {})[row["slice"]] = row[figure]
        _show_by_slice(f"{title} by kind of variant", ("method",), found)


def _show_comparisons(figures: Mapping[str, Any]) -> None:
    """The default's losses over each reference's, with intervals and by kind of variant."""
    rows = figures["comparisons"]
    if not rows:
        return
    console.show(
        f"'{figures['default']}' against each",
        ("against", "loss", "ratio", "95 % interval", "origins"),
        [
            (
                row["against"],
                row["figure"].replace("_", " "),
                row["ratio"],
                _interval(row["interval"]),
                row["origins"],
            )
            for row in rows
            if row["slice"] == "all"
        ],
        caption="Below 1: the default loses less. Bootstrap over origins and variants.",
    )
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        named = (row["against"], row["figure"].replace("_", " "))
        found.setdefault(named, {})[row["slice"]] = row["ratio"]
    _show_by_slice("The same ratios by kind of variant", ("against", "loss"), found)


def _show_by_slice(
    title: str, names: Sequence[str], found: Mapping[tuple[str, ...], Mapping[str, Any]]
) -> None:
    """A row a name, a column a kind of variant."""
    slices = tuple(dict.fromkeys(part for values in found.values() for part in values))
    console.show(
        title,
        (*names, *slices),
        [(*named, *(values.get(part) for part in slices)) for named, values in found.items()],
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
                    _interval(row["interval"]),
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
    """Policies by origin, then the policies beside one another, then the plan less the planner."""
    names = ("shortage", "leftover", "information_gap", "cost", "service_level")
    console.show(
        f"Plans over {figures['horizon']} weeks, under {figures['capacity']}",
        ("policy", "origin", *(name.replace("_", " ") for name in names)),
        [
            (row["policy"], row["origin"], *(row[name] for name in names))
            for row in figures["policies"]
        ],
        caption="Information gap: (shortage + leftover) / demand, in units.",
    )
    _show_policies(figures["comparisons"])
    if figures["difference"]:
        console.show(
            "Plan less planner",
            ("measure", "difference", "95 % interval"),
            [
                (name.replace("_", " "), found["value"], _interval((found["low"], found["high"])))
                for name, found in figures["difference"].items()
            ],
            caption="A negative information gap or cost is the plan's gain.",
        )


def _show_policies(rows: Sequence[Mapping[str, Any]]) -> None:
    """What each policy costs, absolutely and against others, and how prescriptive it is."""
    told = ("cost_per_unit", "against_sample_average", "against_planner", "prescriptiveness")
    console.show(
        "Policies over all origins, with intervals",
        ("policy", "figure", "value", "95 % interval"),
        [
            (
                row["policy"],
                name.replace("_", " "),
                row[name]["value"],
                _interval((row[name]["low"], row[name]["high"])),
            )
            for row in rows
            for name in told
            if row[name] is not None
        ],
        caption="Against: cost relative to theirs, less one. Prescriptiveness: the part of what "
        "hindsight would save over the sample average. Bootstrap over origins and variants.",
    )
    plain = ("service_level", "stockout_share", "information_gap")
    console.show(
        "What demand met",
        ("policy", *(name.replace("_", " ") for name in plain)),
        [(row["policy"], *(row[name] for name in plain)) for row in rows],
        caption="Stockout share: of the decisions, those of too little.",
    )
