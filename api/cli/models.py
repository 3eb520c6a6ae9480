"""`atelier models list|use|remove`: the saved versions of models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption

if TYPE_CHECKING:
    from recsys.saved.versions import ModelInfo

models = typer.Typer(no_args_is_help=True, help="List saved models, go back to one, remove some.")


@models.command("list")
def list_versions(
    *, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonFlag = False
) -> None:
    """Every saved version, each byte of it checked."""
    from api.arms import named_models
    from api.settings import load_settings
    from api.work import key_of
    from data.workspace import Workspace
    from recsys.saved.versions import list_models

    opened, settings = Workspace.open(workspace), load_settings(workspace)
    found, named = list_models(opened, key_of(opened, settings)), named_models(opened, settings)
    digest = opened.digest() if found else ""
    if as_json:
        versions = [
            {
                **asdict(one),
                "stale": one.data_digest != digest,
                "named_by": named.get(one.model_id),
            }
            for one in found
        ]
        console.answer({"models": versions})
        return
    rows = [
        (
            one.model_id,
            ", ".join(_uses(one, named)),
            one.refused or one.as_of[:10],
            "-" if one.refused else "as now" if one.data_digest == digest else "other",
            "-" if one.refused else "yes" if one.tuned else "no",
            one.size / 1e6,
        )
        for one in found
    ]
    columns = ("model", "use", "trained up to, or why refused", "tables", "tuned", "MB")
    console.show("Saved models", columns, rows)


def _uses(one: ModelInfo, named: Mapping[str, str]) -> Iterator[str]:
    """What a version is for now."""
    if one.current or one.previous:
        yield "current" if one.current else "previous"
    if one.model_id in named:
        yield named[one.model_id]


@models.command("use")
def use(
    *,
    model_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Which version.")] = None,
    previous: Annotated[
        bool, typer.Option("--previous", help="The version that was in use before.")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Make a saved version the current one, once it has loaded."""
    if (model_id is None) != previous:
        raise typer.BadParameter("Give an ID or --previous.", param_hint="ID/--previous")

    from api.settings import load_settings
    from api.work import key_of
    from data.workspace import Workspace
    from recsys.saved.saving import current_model
    from recsys.saved.versions import use_model

    opened = Workspace.open(workspace)
    before = current_model(opened)
    now = use_model(opened, model_id, key_of(opened, load_settings(workspace)))
    if as_json:
        console.answer({"current": now, "previous": before})
        return
    console.say(f"In use: {now}; before: {before or 'none'}.")


@models.command("remove")
def remove(
    *,
    model_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Which versions.")
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Remove the oldest versions until so many are left."),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Delete saved versions; never the one in use, or one that an experiment's arm names."""
    if bool(model_ids) == (keep is not None):
        raise typer.BadParameter("Give IDs or --keep.", param_hint="ID/--keep")

    from api.arms import named_models
    from api.settings import load_settings
    from data.workspace import Workspace
    from recsys.saved.versions import prune_models, remove_models

    opened = Workspace.open(workspace)
    named = named_models(opened, load_settings(workspace))
    gone = (
        remove_models(opened, model_ids, named=named)
        if model_ids
        else prune_models(opened, keep or 1, named=named)
    )
    if as_json:
        console.answer({"removed": list(gone)})
        return
    console.say(f"Removed: {', '.join(gone) or 'nothing'}.")
