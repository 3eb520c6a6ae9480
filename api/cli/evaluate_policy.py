"""`atelier evaluate policy`: what lists of another policy would have earned, from a log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.cli import console
from api.cli.evaluate import check_outputs, write_outputs
from api.cli.options import DEFAULT_WORKSPACE, JsonFile, WorkspaceOption

TITLES: Final = {
    "ips": "inverse propensity",
    "self_normalised": "self-normalised",
    "clipped": "clipped",
    "doubly_robust": "doubly robust",
    "direct": "reward model alone",
}


def policy(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="ID", help="Judge this saved model.  [default: the current one]"
        ),
    ] = None,
    popular: Annotated[
        bool, typer.Option("--popular", help="Judge what is popular, for everybody.")
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="FILE", help="Lists that any program served, not ours."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            metavar="FILE",
            help="What the policy would show in them; goes with --log.",
        ),
    ] = None,
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
    """What a policy's lists would have earned, from lists that another one served.

    Judges a saved model by the workspace's own log, or a policy by the log of any program.
    """
    check_outputs(json)
    if (log is None) != (policy is None):
        raise typer.BadParameter("--log and --policy go together.", param_hint="--log/--policy")
    if log is not None and (popular or model is not None):
        raise typer.BadParameter("--log brings a policy of its own.", param_hint="--log")

    from recsys.evaluation.policy.estimates import estimate

    if log is not None and policy is not None:
        from recsys.evaluation.policy.files import read_log, read_policy
        from recsys.evaluation.policy.log import task_of

        found = estimate(task_of(read_log(log), read_policy(policy)), clip=clip).to_json()
    else:
        found = _own(workspace, model, clip, popular=popular)
    write_outputs(found, json)
    show_policy(found)


def _own(
    workspace: Path, model: str | None, clip: float | None, *, popular: bool
) -> dict[str, Any]:
    """The figures of a saved model by the workspace's own log."""
    from datetime import UTC, datetime

    from api.judging import own_task
    from api.live import local_time
    from api.settings import load_settings
    from data.workspace import Workspace
    from recsys.evaluation.policy.estimates import estimate

    settings = load_settings(workspace)
    now = local_time(datetime.now(UTC), settings.timezone)
    judged = own_task(Workspace.open(workspace), settings, model_id=model, popular=popular, now=now)
    figures = estimate(judged.task, clip=clip).to_json()
    return figures | {"lists_before_training": judged.early, "lists_too_fresh": judged.late}


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
    for name, what in (
        (
            "lists_before_training",
            "from before the model's training, which knows what came of them",
        ),
        ("lists_too_fresh", "whose days for a response are not over"),
    ):
        if figures.get(name):
            console.say(f"Left out: {figures[name]:,} lists {what}.", style="dim")
    for warning in figures["warnings"]:
        console.say(f"Warning: {warning}", style="bold")


def _figure(figure: Mapping[str, float]) -> tuple[float, float, float]:
    return figure["value"], figure["low"], figure["high"]
