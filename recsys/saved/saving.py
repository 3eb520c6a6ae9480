"""Saved models: one folder a version, signed, checked before anything in it is parsed.

    models/<id>/model.safetensors          what the model learned
    models/<id>/interactions.safetensors   the histories it answers from
    models/<id>/names.json                 customer ids and the catalogue
    models/<id>/manifest.json              what it is, SHA-256 of each file, and a signature
    models/current                         the id in use and, below it, the one used before

A version is written beside the others and renamed into place, so that it is there whole or not
at all; an older one is never touched. Its id follows from its content, so that saving the same
model twice keeps one folder. The signature is an HMAC-SHA256 with a key that does not lie among
the models: who can write there can destroy a model, but cannot pass off another as ours.
What lists, chooses and removes versions is `recsys.saved.versions`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import numpy as safetensors

from data.kept import to_disk
from data.workspace import Workspace
from recsys.catalogue import Catalogue
from recsys.errors import BadSettings, ModelRefused, UnknownModel
from recsys.interactions import Interactions
from recsys.models.popularity import Popularity
from recsys.recommender import Recommender
from recsys.registry import build
from recsys.retrieval import Retrieval
from recsys.saved.manifest import AGAIN, SCHEMA, checked, digest_of, signed, verified
from recsys.saved.mapped import arrays, mapped

LINES: Final = "interactions.safetensors"
MODEL: Final = "model.safetensors"
NAMES: Final = "names.json"
FILES: Final = (LINES, MODEL, NAMES)
LIBRARIES: Final = (
    "atelier", "faiss-cpu", "implicit", "lightgbm", "numpy", "safetensors", "scipy", "torch",
)  # fmt: skip
"""Whose versions the manifest names: what a model was fitted or is scored with."""

ID: Final = re.compile(r"[0-9]{8}-[a-z][a-z0-9_-]*-[0-9a-f]{12}")
_LINES: Final = ("customer", "variant", "age", "quantity", "weight")


def save(
    recommender: Recommender,
    workspace: Workspace,
    key: bytes,
    *,
    tuned: Mapping[str, object] | None = None,
    use: bool = True,
) -> str:
    """Write a version and make it the one in use; its id.

    Args:
        recommender: what to save.
        workspace: where to.
        key: what to sign with, see `recsys.saved.manifest.signing_key`.
        tuned: how a search chose the model's settings, kept in the manifest; None if none did.
        use: whether it comes into use.

    Raises:
        RecsysError: the manifest would be too large to be read again.
    """
    contents = _contents(recommender)
    manifest = _manifest(recommender, contents, tuned)
    raw = signed(manifest, key)
    models = workspace.root / "models"
    models.mkdir(exist_ok=True)
    folder = models / str(manifest["model_id"])
    with locked(models):
        if refusal(folder, key) is not None:
            temporary = Path(tempfile.mkdtemp(prefix=".saving-", dir=models))
            try:
                for name, content in contents.items():
                    _write(temporary / name, content)
                _write(temporary / "manifest.json", raw)
                temporary.chmod(0o755)
                to_disk(temporary)
                shutil.rmtree(folder, ignore_errors=True)
                temporary.rename(folder)
                to_disk(models)  # before anything points at it
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        if use:
            point(models, folder.name)
    return folder.name


def load(
    workspace: Workspace, model_id: str | None = None, *, key: bytes, shared: bool = False
) -> Recommender:
    """A saved version, or the one in use; every byte is checked before it is parsed.

    Args:
        workspace: where the models lie.
        model_id: which; None for the one in use.
        key: what it is signed with.
        shared: map its arrays from its files, so that processes hold them in memory once; see
            `recsys.saved.mapped` for what that trusts.

    Raises:
        ModelRefused: there is no such version, or it is altered, incomplete, signed with another
            key, of another schema, or of a model or settings that are no more.
    """
    chosen = model_id or current_model(workspace)
    if chosen is None:
        raise ModelRefused(
            "No model has been saved.",
            where=str(workspace.root),
            fix="Train one with 'atelier train --workspace DIR'.",
        )
    folder = folder_of(workspace.root / "models", chosen)
    manifest = verified(folder, key)
    digests = manifest["files"]
    read: Callable[[Path, str], Any] = mapped if shared else checked
    held = {name: read(folder / name, digests[name]) for name in (MODEL, LINES)}
    raw = checked(folder / NAMES, digests[NAMES])
    parse = arrays if shared else safetensors.load  # only now, when all of them hold
    names = json.loads(raw)
    try:
        return _recommender(manifest, parse(held[MODEL]), parse(held[LINES]), names)
    except (UnknownModel, BadSettings) as error:
        raise ModelRefused(
            f"The model was saved by another Atelier: {error.what}", where=str(folder), fix=AGAIN
        ) from error


def refusal(folder: Path, key: bytes) -> ModelRefused | None:
    """Why the version in a folder would not be loaded; None where every byte holds."""
    try:
        manifest = verified(folder, key)
        for name in FILES:
            checked(folder / name, manifest["files"][name])
    except ModelRefused as error:
        return error
    return None


def current_model(workspace: Workspace) -> str | None:
    """The id of the version in use; None where none has been saved."""
    return _pointed(workspace.root / "models")[0]


def previous_model(workspace: Workspace) -> str | None:
    """The id of the version that was in use before; None where none was, or it is removed."""
    models = workspace.root / "models"
    before = _pointed(models)[1]
    return before if before and ID.fullmatch(before) and (models / before).is_dir() else None


def folder_of(models: Path, model_id: str) -> Path:
    """The folder of a version.

    Raises:
        ModelRefused: there is no such version.
    """
    folder = models / model_id
    if not ID.fullmatch(model_id) or not folder.is_dir():
        raise ModelRefused(
            f"There is no saved model '{model_id}'.",
            where=str(models),
            fix="Choose one that 'atelier models list' names, or train one with 'atelier train'.",
        )
    return folder


@contextmanager
def locked(models: Path) -> Iterator[None]:
    """Hold the folder of models for a change; another process waits. What a crash left goes."""
    with (models / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for pattern in (".saving-*", ".removing-*", ".current-*"):
            for left in models.glob(pattern):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield


def point(models: Path, model_id: str) -> None:
    """Replace the pointer in one step: a reader sees the old id or the new one.

    The version used before is kept beneath; to point at the one in use changes neither.
    """
    current, before = _pointed(models)
    before = before if current == model_id else current
    point_to(models, [one for one in (model_id, before) if one])


def point_to(models: Path, model_ids: Sequence[str]) -> None:
    """Replace the pointer by the ids in use and, second, used before, in one step."""
    handle, name = tempfile.mkstemp(prefix=".current-", dir=models)
    os.close(handle)
    temporary = Path(name)
    _write(temporary, "".join(f"{one}\n" for one in model_ids).encode())
    temporary.chmod(0o644)
    temporary.replace(models / "current")
    to_disk(models)


def _pointed(models: Path) -> tuple[str | None, str | None]:
    """The id in use and the one before; None where there is none."""
    pointer = models / "current"
    if not pointer.is_file():
        return None, None
    current, _, before = pointer.read_text(errors="replace").partition("\n")
    return current.strip(), before.strip() or None


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


def _packed(arrays: dict[str, NDArray[Any]]) -> bytes:
    # asarray, since ascontiguousarray would make a row of a single number
    packed: bytes = safetensors.save({k: np.asarray(a, order="C") for k, a in arrays.items()})
    return packed


def _manifest(
    recommender: Recommender, contents: dict[str, bytes], tuned: Mapping[str, object] | None
) -> dict[str, Any]:
    as_of = recommender.interactions.as_of.astype("datetime64[us]")
    manifest = {
        "schema": SCHEMA,
        "model": recommender.model.name,
        "settings": recommender.model.settings.model_dump(mode="json"),
        "tuned": None if tuned is None else dict(tuned),
        "facts": dict(recommender.model.facts()),
        "retrieval": None if recommender.retrieval is None else recommender.retrieval.to_json(),
        "popularity": recommender.popularity.settings.model_dump(mode="json"),
        "as_of": str(as_of),
        "data_digest": recommender.data_digest,
        "files": {name: hashlib.sha256(contents[name]).hexdigest() for name in FILES},
        "libraries": {
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
    }
    day = str(as_of.astype("datetime64[D]")).replace("-", "")
    return {"model_id": f"{day}-{recommender.model.name}-{digest_of(manifest)[:12]}", **manifest}


def _recommender(
    manifest: dict[str, Any],
    state: dict[str, NDArray[Any]],
    lines: dict[str, NDArray[Any]],
    names: dict[str, Any],
) -> Recommender:
    catalogue = Catalogue.from_json(names["catalogue"])
    popularity = Popularity.build(manifest["popularity"])
    retrieval = manifest["retrieval"]
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
        retrieval=retrieval and Retrieval.from_json(retrieval),
    )


def _headed(state: dict[str, NDArray[Any]], head: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(head): a for name, a in state.items() if name.startswith(head)}


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
