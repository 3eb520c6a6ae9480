"""One variant's demand for a person: its past, the fan of what comes and what drives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.cli import console
from api.cli.bars import bar, fan, spark
from production.demand.drivers import SMALLEST

WIDTH = 40


def show_variant(told: Mapping[str, Any]) -> None:
    """Print the answer of `api.demand.variant_answer`."""
    title = f", {told['title']}" if told["title"] else ""
    quantiles, period = told["quantiles"], told["period"]
    console.say(
        f"{told['variant_id']}{title}: {told['mean']:,.1f} units in {told['horizon']} {period}s "
        f"from {told['origin']}, by '{told['method']}'",
        style="bold",
    )
    past = [one["units"] for one in told["past"]]
    if past:
        console.say(
            f"  past {len(past)} {period}s  {spark(past)}  most {max(past):,.0f} a {period}, "
            f"last {past[-1]:,.0f}"
        )
    most = max(quantiles["q95"], told["mean"])
    levels = [quantiles[name] for name in ("q05", "q25", "q50", "q75", "q95")]
    console.say(f"  0 to {most:,.0f}      {fan(levels, most, WIDTH)}")
    console.say(
        "  90 % between "
        f"{quantiles['q05']:,.0f} and {quantiles['q95']:,.0f}, half between "
        f"{quantiles['q25']:,.0f} and {quantiles['q75']:,.0f}, middle {quantiles['q50']:,.0f}",
        style="dim",
    )
    largest = max((one["mean"] for one in told["periods"]), default=0.0)
    console.show(
        f"By {period}",
        (f"{period} from", "units expected", ""),
        [(one["start"], one["mean"], bar(one["mean"], largest)) for one in told["periods"]],
    )
    _show_parts(told)
    market = [one for one in told["learned"] if one["kind"] == "regressor"]
    if market:
        console.show(
            "What the market does to it",
            ("factor", "effect", "unit", "meaning"),
            [(one["term"], one["effect"], one["unit"], one["meaning"]) for one in market],
        )


def _show_parts(told: Mapping[str, Any]) -> None:
    if told["parts"] is None:
        console.say(f"'{told['method']}' does not say what its forecast is made of.")
        return
    most = max(abs(one["units"]) for one in told["parts"])
    shown = [
        one for one in told["parts"] if one["part"] == "level" or abs(one["share"]) >= SMALLEST
    ]
    console.show(
        "What drives it",
        ("part", "units", "", "why"),
        [(one["part"], one["units"], bar(one["units"], most), one["text"]) for one in shown],
        caption=f"All parts add up to the {told['mean']:,.1f} units expected.",
    )
