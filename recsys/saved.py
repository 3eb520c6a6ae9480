"""Saved models: one folder a version, signed, checked before anything in it is parsed.

    models/<id>/model.safetensors          what the model learned
    models/<id>/interactions.safetensors   the histories it answers from
    models/<id>/names.json                 customer ids and the catalogue
    models/<id>/manifest.json              what it is, SHA-256 of each file, and a signature
    models/current                         the id of the version in use

A version is written beside the others and renamed into place, so that it is there whole or not
at all; an older one is never touched. Its id follows from its content, so that saving the same
model twice keeps one folder. The signature is an HMAC-SHA256 with a key that does not lie among
the models: who can write there can destroy a model, but cannot pass off another as ours.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import numpy as safetensors

from data.workspace import Workspace
from recsys.catalogue import Catalogue
from recsys.errors import ModelRefused
from recsys.interactions import Interactions
from recsys.manifest import SCHEMA, canonical, checked, signed, verified
from recsys.models.popularity import Popularity
from recsys.recommender import Recommender
from recsys.registry import build

FILES: Final = ("interactions.safetensors", "model.safetensors", "names.json")
_ID: Final = re.compile(r"[0-9]{8}-[a-z]+-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """One saved version, as its manifest tells.

    Attributes:
        model_id: its folder's name.
        model: the model's name; empty where the manifest is refused.
        as_of: the moment that it was trained up to; empty where the manifest is refused.
        current: whether it is the version in use.
        refused: why it would not be loaded; empty where its signature holds.
    """

    model_id: str
    model: str
    as_of: str
    current: bool
    refused: str


def save(recommender: Recommender, workspace: Workspace, key: bytes) -> str:
    """Write a version and make it the one in use; its id.

    Args:
        recommender: what to save.
        workspace: where to.
        key: what to sign with, see `recsys.manifest.signing_key`.
    """
    contents = _contents(recommender)
    manifest = _manifest(recommender, contents)
    models = workspace.root / "models"
    models.mkdir(exist_ok=True)
    folder = models / manifest["model_id"]
    if not _intact(folder, key):
        temporary = Path(tempfile.mkdtemp(prefix=".saving-", dir=models))
        try:
            for name, content in contents.items():
                _write(temporary / name, content)
            _write(temporary / "manifest.json", signed(manifest, key))
            temporary.chmod(0o755)
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    _point(models, manifest["model_id"])
    return str(manifest["model_id"])


def load(workspace: Workspace, model_id: str | None = None, *, key: bytes) -> Recommender:
    """A saved version, or the one in use; every byte is checked before it is parsed.

    Raises:
        ModelRefused: there is no such version, or it is altered, incomplete, signed with another
            key or of another schema.
    """
    chosen = model_id or current_model(workspace)
    if chosen is None:
        raise ModelRefused(
            "No model has been saved.",
            where=str(workspace.root),
            fix="Train one with 'atelier train --workspace DIR'.",
        )
    folder = _folder(workspace.root / "models", chosen)
    manifest = verified(folder, key)
    contents = {name: checked(folder / name, manifest["files"][name]) for name in FILES}
    return _recommender(manifest, contents)


def current_model(workspace: Workspace) -> str | None:
    """The id of the version in use; None where none has been saved."""
    pointer = workspace.root / "models" / "current"
    return pointer.read_text(errors="replace").strip() if pointer.is_file() else None


def list_models(workspace: Workspace, key: bytes) -> tuple[ModelInfo, ...]:
    """Every saved version, ascending by id; refused ones with the reason."""
    models = workspace.root / "models"
    in_use = current_model(workspace)
    found = []
    for folder in sorted(models.glob("*")):
        if not _ID.fullmatch(folder.name):
            continue
        try:
            manifest, refused = verified(folder, key), ""
        except ModelRefused as error:
            manifest, refused = {"model": "", "as_of": ""}, error.what
        found.append(
            ModelInfo(
                model_id=folder.name,
                model=manifest["model"],
                as_of=manifest["as_of"],
                current=folder.name == in_use,
                refused=refused,
            )
        )
    return tuple(found)


def use_model(workspace: Workspace, model_id: str, key: bytes) -> None:
    """Make a saved version the one in use, once it has loaded.

    Raises:
        ModelRefused: see `load`; the version in use stays.
    """
    load(workspace, model_id, key=key)
    _point(workspace.root / "models", model_id)


def _intact(folder: Path, key: bytes) -> bool:
    """Whether the folder holds a version that would load."""
    try:
        manifest = verified(folder, key)
        for name in FILES:
            checked(folder / name, manifest["files"][name])
    except ModelRefused:
        return False
    return True


def _contents(recommender: Recommender) -> dict[str, bytes]:
    """The bytes of each file of `FILES`."""
    history = recommender.interactions
    state = {f"model.{name}": array for name, array in recommender.model.state().items()}
    state |= {f"popularity.{name}": a for name, a in recommender.popularity.state().items()}
    names = {
        "customers": history.customers.tolist(),
        "regions": history.regions.tolist(),
        "catalogue": recommender.catalogue.to_json(),
    }
    lines = {name: getattr(history, name) for name in _LINES}
    return {
        "model.safetensors": _packed(state),
        "interactions.safetensors": _packed(lines),
        "names.json": json.dumps(names).encode(),
    }


_LINES: Final = ("customer", "variant", "age", "quantity", "weight")


def _packed(arrays: dict[str, NDArray[Any]]) -> bytes:
    packed: bytes = safetensors.save({k: np.ascontiguousarray(a) for k, a in arrays.items()})
    return packed


def _manifest(recommender: Recommender, contents: dict[str, bytes]) -> dict[str, Any]:
    as_of = recommender.interactions.as_of.astype("datetime64[us]")
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "model": recommender.model.name,
        "settings": recommender.model.settings.model_dump(mode="json"),
        "popularity": recommender.popularity.settings.model_dump(mode="json"),
        "as_of": str(as_of),
        "data_digest": recommender.data_digest,
        "files": {name: hashlib.sha256(contents[name]).hexdigest() for name in FILES},
        "libraries": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("implicit", "numpy", "safetensors", "scipy")},
        },
    }
    day = str(as_of.astype("datetime64[D]")).replace("-", "")
    content = hashlib.sha256(canonical(manifest)).hexdigest()[:12]
    return {"model_id": f"{day}-{recommender.model.name}-{content}", **manifest}


def _recommender(manifest: dict[str, Any], contents: dict[str, bytes]) -> Recommender:
    state = safetensors.load(contents["model.safetensors"])
    lines = safetensors.load(contents["interactions.safetensors"])
    names = json.loads(contents["names.json"])
    catalogue = Catalogue.from_json(names["catalogue"])
    popularity = Popularity.build(manifest["popularity"])
    return Recommender(
        model=build(manifest["model"], manifest["settings"]).restore(_headed(state, "model.")),
        popularity=popularity.restore(_headed(state, "popularity.")),
        interactions=Interactions(
            customers=np.array(names["customers"], dtype=object),
            variants=catalogue.variants,
            regions=np.array(names["regions"], dtype=object),
            as_of=np.datetime64(manifest["as_of"], "us"),
            **{name: lines[name] for name in _LINES},
        ),
        catalogue=catalogue,
        data_digest=manifest["data_digest"],
    )


def _headed(state: dict[str, NDArray[Any]], head: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(head): a for name, a in state.items() if name.startswith(head)}


def _folder(models: Path, model_id: str) -> Path:
    folder = models / model_id
    if not _ID.fullmatch(model_id) or not folder.is_dir():
        raise ModelRefused(
            f"There is no saved model '{model_id}'.",
            where=str(models),
            fix="Choose one that is listed, or train one with 'atelier train'.",
        )
    return folder


def _point(models: Path, model_id: str) -> None:
    """Replace the pointer in one step: a reader sees the old id or the new one."""
    handle, name = tempfile.mkstemp(prefix=".current-", dir=models)
    os.close(handle)
    temporary = Path(name)
    _write(temporary, f"{model_id}\n".encode())
    temporary.chmod(0o644)
    temporary.replace(models / "current")


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
