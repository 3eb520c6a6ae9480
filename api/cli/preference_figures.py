"""The tables of `atelier evaluate recommend`, from the same JSON that the command writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Final

from api.cli import console

Row = Mapping[str, Any]

BEYOND: Final = {
    "coverage": "cover- age", "effective_variants": "shown alike", "novelty": "no- velty",
    "diversity": "diver- sity", "popularity": "popu- lar", "popularity_bias": "less own",
    "pop_reo": "Pop REO", "repeat_share": "re- peat",
}  # fmt: skip
"""Figures beyond accuracy that are printed, and their headings; the others are in the JSON."""

SLICES: Final = ("all", "repeat", "new", "sparse", "unknown", "regionless")
AT_EACH_ORIGIN: Final = SLICES[:3]
"""Slices that are printed at each of several origins; the others only over all of them."""


def show_recommend(figures: Row, *, every_group: bool = False) -> None:
    """Accuracy at each origin, then all else over the origins together.

    Args:
        figures: the JSON of an evaluation.
        every_group: print the groups of customers for every model, not for the first alone.
    """
    figures = _told(figures)
    origins = list(dict.fromkeys(row["origin"] for row in figures["models"]))
    for origin in origins:
        _accuracy(figures, origin, AT_EACH_ORIGIN if len(origins) > 1 else SLICES)
    console.say(
        "tested: customers; 95 %: NDCG's interval, bootstrap over them; s: to fit and to score.",
        style="dim",
    )
    if tuned := figures["settings"]["tuned"]:
        console.say(f"Tuned: {', '.join(tuned)}; others have their defaults.", style="dim")
    if len(origins) > 1:
        _summary(figures, len(origins))
    _comparisons(figures)
    _beyond(figures, len(origins))
    models = dict.fromkeys(row["model"] for row in figures["groups"])
    first = figures["default"] if figures["default"] in models else next(iter(models))
    for model in models if every_group else (first,):
        _groups(figures, model)


def interval(bounds: Sequence[float]) -> str:
    """An interval as text."""
    return f"{bounds[0]:.3f}-{bounds[1]:.3f}"


def percent(ratio: float | None) -> str:
    """How far a ratio lies above 1 in percent, where there is one."""
    return "-" if ratio is None else f"{100 * (ratio - 1):+.1f}"


def _told(figures: Row) -> Row:
    """The figures without slice `repeat` where lists leave out what was bought: all are zero."""
    if not figures["settings"]["exclude_seen"]:
        return figures
    kept = {
        name: [row for row in figures[name] if row["slice"] != "repeat"]
        for name in ("models", "summary")
    }
    return {**figures, **kept}


def _accuracy(figures: Row, origin: str | None, slices: Sequence[str]) -> None:
    window = f", tested from {origin}" if origin else ""
    console.show(
        f"Recommendations, lists of {figures['k']}{window}",
        ("model", "slice", "tested", "recall", "NDCG", "95 %", "hit rate", "preci- sion", "s"),
        [
            (row["model"], row["slice"], row["customers"], row["recall"], row["ndcg"],
             interval(row["ci"]["ndcg"]), row["hit_rate"], row["precision"],
             row["fit_seconds"] + row["score_seconds"])
            for row in figures["models"]
            if row["origin"] == origin and row["slice"] in slices
        ],
    )  # fmt: skip


def _summary(figures: Row, origins: int) -> None:
    console.show(
        f"Mean over {origins} origins, each weighing the same",
        ("model", "slice", "recall", "NDCG", "95 %", "hit rate", "preci- sion"),
        [
            (row["model"], row["slice"], row["recall"], row["ndcg"], interval(row["ci"]["ndcg"]),
             row["hit_rate"], row["precision"])
            for row in figures["summary"]
        ],
    )  # fmt: skip


def _comparisons(figures: Row) -> None:
    """Each model against the reference, by NDCG, over all origins."""
    rows = [row for row in figures["summary"] if "comparison" in row]
    if not rows:
        return
    console.show(
        "NDCG less the reference's, over the same customers",
        ("model", "slice", "reference", "NDCG", "in %", "95 %", "p"),
        [
            (row["model"], row["slice"], row["comparison"]["reference"],
             f"{found['difference']:+.4f}", percent(found["ratio"]),
             " ".join(map(percent, found["ci"]["ratio"] or [])) or "-", f"{found['p']:.4f}")
            for row in rows
            for found in [row["comparison"]["ndcg"]]
        ],
        caption="95 %: of the percentage; p: paired sign-flip test, two-sided, for one comparison.",
    )  # fmt: skip


def _beyond(figures: Row, origins: int) -> None:
    by_model: dict[str, list[Row]] = {}
    for row in figures["beyond"]:
        by_model.setdefault(row["model"], []).append(row)
    console.show(
        "Beyond accuracy" + (f", mean over {origins} origins" if origins > 1 else ""),
        ("model", *BEYOND.values()),
        [(model, *(_mean(rows, name) for name in BEYOND)) for model, rows in by_model.items()],
        caption="shown alike: so many variants, each shown as often, were as varied; popular:\n"
        "mean percentile of what is listed; less own: less that of what the customer had.\n"
        "The rest, and intervals: --json.",
    )


def _mean(rows: Sequence[Row], name: str) -> float | None:
    known = [row[name] for row in rows if row[name] is not None]
    return fmean(known) if known else None


def _groups(figures: Row, model: str) -> None:
    """A model's NDCG by group of customers that is large enough, and the gaps, at each origin."""
    enough = figures["settings"]["enough_customers"]
    console.show(
        f"NDCG of '{model}' by group of customers",
        ("by", "group", "tested from", "customers", "share", "NDCG", "95 %"),
        [
            (row["by"], row["group"], row["origin"], row["customers"], row["share"], row["ndcg"],
             interval(row["ci"]["ndcg"]))
            for row in figures["groups"]
            if row["model"] == model and (row["customers"] >= enough or row["by"] == "activity")
        ],
        caption=f"activity: order lines before. Regions of fewer than {enough} customers: --json.",
    )  # fmt: skip
    for row in figures["gaps"]:
        if row["model"] == model:
            low, high = row["ci"]["gap"]
            console.say(
                f"{row['best']} less {row['worst']}, by {row['by']}"
                f"{' at ' + row['origin'] if row['origin'] else ''}: "
                f"NDCG {row['gap']:+.4f} [{low:+.4f}, {high:+.4f}]"
            )
