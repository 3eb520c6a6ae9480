"""The versions of saved models: list them, use another one, remove what is not needed.

Every change holds the lock of the models' folder, and each is one rename: who reads meanwhile
sees the version before or the one after. What was loaded before serves on.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from data.failpoints import reach
from data.workspace import Workspace
from recsys.errors import BadRequest, ModelRefused
from recsys.saved.manifest import verified
from recsys.saved.saving import (
    ID,
    current_model,
    folder_of,
    load,
    locked,
    point,
    previous_model,
    refusal,
)

NOT_NAMED: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """One saved version, as its manifest tells; a refused one has nothing but its id and size.

    Attributes:
        model_id: its folder's name.
        model: the model's name.
        as_of: the moment that it was trained up to.
        data_digest: digest of the tables that it was trained on.
        settings: its hyperparameters.
        tuned: how a search chose them; None if none did.
        facts: what the model says of its fit.
        saved_at: when it was written, UTC; by the file's own clock, which a copy may set anew.
        size: bytes on disk.
        current: whether it is the version in use.
        previous: whether it is the one that was in use before.
        refused: why it would not be loaded; empty where every byte of it holds.
    """

    model_id: str
    model: str
    as_of: str
    data_digest: str
    settings: Mapping[str, Any]
    tuned: Mapping[str, Any] | None
    facts: Mapping[str, Any]
    saved_at: str
    size: int
    current: bool
    previous: bool
    refused: str


def list_models(workspace: Workspace, key: bytes) -> tuple[ModelInfo, ...]:
    """Every saved version, ascending by id; every byte of each is checked."""
    current, before = current_model(workspace), previous_model(workspace)
    return tuple(
        _info(folder, key, current=folder.name == current, previous=folder.name == before)
        for folder in model_folders(workspace.root / "models")
    )


def use_model(workspace: Workspace, model_id: str | None, key: bytes) -> str:
    """Make a saved version the one in use, once it has loaded; its id.

    Args:
        workspace: where the models lie.
        model_id: which; None for the one that was in use before, so that twice changes nothing.
        key: what it is signed with.

    Raises:
        ModelRefused: see `load`; the version in use stays. Or none was in use before.
    """
    models = workspace.root / "models"
    models.mkdir(exist_ok=True)
    with locked(models):
        chosen = model_id or previous_model(workspace)
        if chosen is None:
            raise ModelRefused(
                "No version that was in use before is left.",
                where=str(models),
                fix="Choose one that 'atelier models list' names.",
            )
        load(workspace, chosen, key=key)
        point(models, chosen)
    return chosen


def remove_models(
    workspace: Workspace, model_ids: Sequence[str], *, named: Mapping[str, str] = NOT_NAMED
) -> tuple[str, ...]:
    """Delete saved versions; each is gone at once, even if the process dies at it.

    Args:
        workspace: where the models lie.
        model_ids: which; all are looked at before any is removed.
        named: versions that stay, and by whom each is named.

    Returns:
        Their ids, each once.

    Raises:
        ModelRefused: there is no such version.
        BadRequest: one is in use, or named.
    """
    models = workspace.root / "models"
    models.mkdir(exist_ok=True)
    with locked(models):
        folders = [folder_of(models, model_id) for model_id in dict.fromkeys(model_ids)]
        in_use = current_model(workspace)
        if in_use is not None and in_use in model_ids:
            raise BadRequest(
                f"The model {in_use} is in use.",
                where=str(models / in_use),
                fix="Use another one first: 'atelier models use ID', or 'atelier train'.",
            )
        if kept := next((folder.name for folder in folders if folder.name in named), None):
            raise BadRequest(
                f"The model {kept} is that of {named[kept]}.",
                where=str(models / kept),
                fix="Let the settings name another one first, or none.",
            )
        for folder in folders:
            remove_folder(folder)
    return tuple(folder.name for folder in folders)


def prune_models(
    workspace: Workspace, keep: int, *, named: Mapping[str, str] = NOT_NAMED
) -> tuple[str, ...]:
    """Delete the oldest versions until `keep` are left; the ids of what went, oldest first.

    The version in use and those that are named stay, however old, and count among those kept.

    Args:
        workspace: where the models lie.
        keep: how many stay, 1 or more; more do where more are in use or named.
        named: see `remove_models`.

    Raises:
        BadRequest: `keep` is below 1.
    """
    if keep < 1:
        raise BadRequest(f"{keep} versions would be kept.", where="keep", fix="Keep 1 or more.")
    models = workspace.root / "models"
    models.mkdir(exist_ok=True)
    with locked(models):
        stay = {current_model(workspace), *named}
        oldest_first = sorted(
            model_folders(models), key=lambda folder: (folder.name in stay, _written(folder))
        )
        gone = [folder for folder in oldest_first[:-keep] if folder.name not in stay]
        for folder in gone:
            remove_folder(folder)
    return tuple(folder.name for folder in gone)


def model_folders(models: Path) -> list[Path]:
    """The versions' folders, ascending by id."""
    return sorted(path for path in models.glob("*") if ID.fullmatch(path.name) and path.is_dir())


def _written(folder: Path) -> tuple[int, str]:
    """When a version was written, and its id to break a tie."""
    manifest = folder / "manifest.json"
    return (manifest if manifest.is_file() else folder).stat().st_mtime_ns, folder.name


def remove_folder(folder: Path) -> None:
    """Rename away, then delete; `locked` deletes what a crash left in between."""
    aside = folder.with_name(f".removing-{folder.name}")
    folder.rename(aside)
    reach("model-away")
    shutil.rmtree(aside)


def _info(folder: Path, key: bytes, *, current: bool, previous: bool) -> ModelInfo:
    refused = refusal(folder, key)
    manifest = {} if refused else verified(folder, key)
    written = datetime.fromtimestamp(_written(folder)[0] / 1e9, tz=UTC)
    return ModelInfo(
        model_id=folder.name,
        model=manifest.get("model", ""),
        as_of=manifest.get("as_of", ""),
        data_digest=manifest.get("data_digest", ""),
        settings=manifest.get("settings", {}),
        tuned=manifest.get("tuned"),
        facts=manifest.get("facts", {}),
        saved_at=written.strftime("%Y-%m-%dT%H:%M:%SZ"),
        size=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        current=current,
        previous=previous,
        refused=refused.what if refused else "",
    )
