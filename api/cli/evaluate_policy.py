"""`atelier evaluate policy`: what lists of another policy would have earned, from a log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.cli import console
from api.cli.evaluate import check_outputs, write_outputs
from api.cli.options import JsonFile

TITLES: Final = {
    "ips": "inverse propensity",
    "self_normalised": "self-normalised",
    "clipped": "clipped",
    "doubly_robust": "doubly robust",
    "direct": "reward model alone",
}


def policy(
    *,
    log: Annotated[
        Path,
        typer.Option("--log", metavar="FILE", help="Served lists, CSV or Parquet."),
    ],
    policy: Annotated[
        Path,
        typer.Option(
            "--policy", metavar="FILE", help="What the policy would show in them, CSV or Parquet."
        ),
    ],
    clip: Annotated[
        float | None,
        typer.Option(
            "--clip",
            min=1,
            max=1e9,
            help="Largest weight of the clipped estimate.  [default: √ lists]",
        ),
    ] = None,
    json: JsonFile = None,
) -> None:
    """What a policy's lists would have earned, from lists that another one served."""
    check_outputs(json)

    from recsys.evaluation.policy.estimates import estimate
    from recsys.evaluation.policy.files import read_log, read_policy
    from recsys.evaluation.policy.log import task_of

    figures = estimate(task_of(read_log(log), read_policy(policy)), clip=clip).to_json()
    write_outputs(figures, json)
    show_policy(figures)


def show_policy(figures: Mapping[str, Any]) -> None:
    """The estimates with intervals, beside what was earned, and why not to trust them."""
    rows: list[tuple[object, ...]] = [("as served", *_figure(figures["logged"]), None, None, None)]
    for name, title in TITLES.items():
        value, difference = figures["estimates"][name], figures["differences"][name]
        rows.append((title, *_figure(value), *_figure(difference)))
    console.show(
        f"Earned a list: {figures['lists']:,} lists, {figures['customers']:,} customers",
        ("estimate", "value", "low", "high", "difference", "low", "high"),
        rows,
        caption=f"95 % intervals over customers. Worth {figures['effective_places']:,.0f} places "
        f"of the policy; the log could show {min(figures['covered']['value'], 1):.1%} of them.",
    )
    for warning in figures["warnings"]:
        console.say(f"Warning: {warning}", style="bold")


def _figure(figure: Mapping[str, float]) -> tuple[float, float, float]:
    return figure["value"], figure["low"], figure["high"]
