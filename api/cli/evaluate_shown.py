"""`atelier evaluate shown`: what lists showed, of the catalogue and to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Final

import typer

from api.cli import console
from api.cli.evaluate import check_outputs, write_outputs
from api.cli.options import DEFAULT_WORKSPACE, JsonFile, WorkspaceOption, day

SHOWN: Final = 12
"""Groups in a table, the most of them; the file of --json has all."""

FAIR: Final = (
    "Differences are of groups with 30 customers or more; gap: highest less lowest, ratio: lowest "
    "over highest, with 95 % intervals over customers for all pairs of a row at once, so that of "
    "20 rows without any difference one seems to have some. Apart: pairs whose interval leaves out "
    "0. Lists that fit unlike tastes differ too: a difference asks for a reason."
)

LEAST: Final = 10
"""Customers below which no group is told, as `atelier groups` has it."""


def shown(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    since: Annotated[
        date | None,
        typer.Option("--since", parser=day, metavar="YYYY-MM-DD", help="Lists from this day on."),
    ] = None,
    until: Annotated[
        date | None,
        typer.Option(
            "--until", parser=day, metavar="YYYY-MM-DD", help="Lists up to this day, included."
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="NAME",
            help="Group lists by fallback, arm, policy, model, region, activity, group or class; "
            "may be repeated.  [default: all that tell lists apart]",
        ),
    ] = None,
    variants_by: Annotated[
        list[str] | None,
        typer.Option(
            "--variants-by",
            metavar="COLUMN",
            help="Group variants by style_id, new, popularity or a column of the catalogue; may "
            "be repeated.  [default: popularity, new and the setting demand.group_by]",
        ),
    ] = None,
    json: JsonFile = None,
) -> None:
    """Coverage and fairness of what was shown, by group, from the log of served lists."""
    check_outputs(json)

    from datetime import UTC, datetime

    from api.live import local_time
    from api.settings import load_settings
    from api.shown import shown_report
    from data.workspace import Workspace

    settings = load_settings(workspace)
    figures = shown_report(
        Workspace.open(workspace),
        settings,
        since=since,
        until=until,
        by=by or (),
        variants_by=variants_by or (),
        now=local_time(datetime.now(UTC), settings.timezone),
    )
    write_outputs(figures, json)
    show_shown(figures)


def show_shown(figures: Mapping[str, Any]) -> None:
    """All lists, then each kind of group with the greatest difference of each rate."""
    _show_all(figures)
    for kind in figures["by_variants"]:
        _show_variants(kind, figures["sold_until"])
    for kind in figures["by_customers"]:
        _show_customers(kind)
    gaps = [kind["gap"] | {"of": kind["by"]} for kind in figures["by_variants"] if kind["gap"]]
    if gaps:
        _show_gaps("Exposure over the share of the catalogue, between variants", gaps)
    for kind in figures["by_customers"]:
        if kind["gaps"]:
            _show_gaps(f"Greatest differences by {kind['by']}", kind["gaps"])
    console.say(FAIR, style="dim")
    if figures["hidden"]:
        console.say(
            f"Not told by {', '.join(figures['hidden'])}: there are fewer than {LEAST} customers.",
            style="dim",
        )
    if figures["only_latest"]:
        console.say(f"Only the latest {figures['lists']:,} lists were read.", style="dim")


def _show_all(figures: Mapping[str, Any]) -> None:
    spread = figures["spread"]
    console.show(
        f"Shown from {figures['since'][:16]} to {figures['until'][:16]}: {figures['lists']:,} "
        f"lists, {figures['customers']:,} customers, {figures['places']:,} places",
        ("exposure", "coverage", "Gini", "entropy", "effective variants"),
        [
            ("of places", spread["coverage"], spread["gini"], spread["entropy"],
             spread["effective_variants"]),
            ("discounted", spread["coverage"], spread["discounted_gini"],
             spread["discounted_entropy"], spread["discounted_effective_variants"]),
        ],
        caption=f"{figures['shown']:,} of {figures['offered']:,} variants were shown. Gini: 0 "
        "where all are shown alike; entropy: 1 there. Discounted: by 1 / log2(position + 1).",
    )  # fmt: skip
    console.say(f"Made by: {_listed(figures['fallbacks'])}; policies: "
                f"{_listed(figures['policies'])}.")  # fmt: skip
    came = figures["responses"]
    rate = figures["rates"].get("responding")
    if rate is not None:
        console.say(f"Responding: {_with_interval(rate)} of lists ({', '.join(came['kinds'])}).")
    if came["waiting"]:
        console.say(
            f"Too early to tell of {came['waiting']:,} lists: a response counts for "
            f"{came['window_days']} days.",
            style="dim",
        )


def _show_variants(kind: Mapping[str, Any], sold_until: str | None) -> None:
    groups = kind["groups"][:SHOWN]
    sold = "" if sold_until is None else f" Sales: units of the year up to {sold_until}."
    console.show(
        f"Variants by {kind['by']}",
        (kind["by"], "offered", "shown", "exposure", "offer", "sales", "over offer",
         "low", "high", "over sales"),
        [
            (one["group"], one["offered"], one["shown"], one["discounted"]["value"],
             one["catalogue"], one["sales"], *_parts(one["to_catalogue"]), one["to_sales"]["value"])
            for one in groups
        ],
        caption="Shares of discounted exposure, of the variants offered and of sales; exposure "
        f"over either: 1 where shown in proportion.{sold}"
        + _left(len(kind["groups"])),
    )  # fmt: skip


def _show_customers(kind: Mapping[str, Any]) -> None:
    groups = kind["groups"]
    rates = [name for name in ("personal", "responding") if name in groups[0]["rates"]]
    merged = (
        f" {kind['merged']} groups of fewer than {LEAST} customers stand in 'other groups'."
        if kind["merged"]
        else ""
    )
    console.show(
        f"Lists by {kind['by']}",
        (kind["by"], "customers", "lists", "coverage", "Gini", "entropy", *rates),
        [
            (one["group"], one["customers"], one["lists"], one["spread"]["coverage"],
             one["spread"]["discounted_gini"], one["spread"]["discounted_entropy"],
             *(one["rates"][name]["value"] for name in rates))
            for one in groups[:SHOWN]
        ],
        caption="Gini and entropy discounted; they and coverage follow the number of lists."
        f"{merged}" + _left(len(groups)),
    )  # fmt: skip


def _show_gaps(title: str, gaps: Sequence[Mapping[str, Any]]) -> None:
    console.show(
        title,
        ("of", "highest", "lowest", "gap", "low", "high", "ratio", "low", "high", "apart"),
        [
            (gap["of"], gap["highest"], gap["lowest"], *_parts(gap["difference"]),
             *_parts(gap["ratio"]), f"{gap['apart']}/{gap['pairs']}")
            for gap in gaps
        ],
    )  # fmt: skip


def _parts(figure: Mapping[str, float | None]) -> tuple[float | None, ...]:
    return figure["value"], figure["low"], figure["high"]


def _with_interval(figure: Mapping[str, float | None]) -> str:
    value, low, high = (one or 0.0 for one in _parts(figure))
    return f"{value:.1%} ({low:.1%} to {high:.1%})"


def _listed(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in shares.items())


def _left(groups: int) -> str:
    return f" {groups - SHOWN} groups more stand in the file of --json." if groups > SHOWN else ""
