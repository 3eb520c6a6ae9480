"""Learned choices kept in the workspace: one folder a version, signed, whole or not there.

    choices/<id>/choices.npz     arrays of every product, and what is known of customers
    choices/<id>/manifest.json   what it is, the file's SHA-256, and a signature
    choices/latest               the id that was saved last

Nothing is parsed before the signature and the digest hold. Only the last version is kept: who asks
to be forgotten must not stand in an older one.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import fields
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data.kept import keep, latest
from data.workspace import Workspace
from production.configuration.learned.estimation import Estimation, Penalties
from production.configuration.learned.learned import LearnedChoices
from production.configuration.learned.profiles import Profiles
from production.configuration.product import Product
from production.errors import ChoicesRefused
from recsys.errors import ModelRefused
from recsys.saved.manifest import SCHEMA, checked, digest_of, signed, verified

FORMAT: Final = 1
FILE: Final = "choices.npz"
AGAIN: Final = "Learn them again with 'atelier choices'."
"""What helps against any fault."""

PENALTIES: Final = tuple(one.name for one in fields(Penalties))
Arrays = dict[str, NDArray[Any]]


def save_choices(workspace: Workspace, learned: Mapping[str, LearnedChoices], key: bytes) -> str:
    """Keep the learned choices of all products in place of those kept before; their id.

    Args:
        workspace: where they are kept.
        learned: by style.
        key: what to sign with, see `recsys.saved.manifest.signing_key`.
    """
    styles = sorted(learned)
    arrays: Arrays = {}
    for at, style in enumerate(styles):
        arrays |= {f"{at}/{name}": values for name, values in _arrays(learned[style]).items()}
    first = learned[styles[0]].estimation.profiles if styles else Profiles.none()
    arrays["profiles/customers"] = _bytes(first.customers.tolist())
    arrays["profiles/values"] = first.values
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    content = packed.getvalue()
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "format": FORMAT,
        "data_digest": workspace.digest(),
        "styles": styles,
        "files": {FILE: sha256(content).hexdigest()},
    }
    name = f"choices-{digest_of(manifest)[:12]}"
    raw = signed({"model_id": name, **manifest}, key)

    def write(folder: Path) -> str:
        (folder / FILE).write_bytes(content)
        (folder / "manifest.json").write_bytes(raw)
        return name

    home = workspace.root / "choices"
    keep(home, write, anew=True)
    for old in home.iterdir():
        if old.is_dir() and old.name != name and not old.name.startswith("."):
            shutil.rmtree(old, ignore_errors=True)
    return name


def forget_in_choices(workspace: Workspace, customer: str) -> int:
    """Remove the learned choices where they name a customer, by pseudonym; how many did.

    They cannot be read without their products; 'atelier choices' learns them again.
    """
    home, found = workspace.root / "choices", latest_choices_id(workspace)
    if found is None:
        return 0
    try:
        with np.load(home / Path(found).name / FILE, allow_pickle=False) as held:
            named = customer.encode() in held["profiles/customers"].tobytes()
    except (OSError, ValueError, KeyError):
        named = True  # nobody can read them, and they may name anybody
    if named:
        shutil.rmtree(home)
    return int(named)


def latest_choices_id(workspace: Workspace) -> str | None:
    """The id of the learned choices that are kept; None where there are none."""
    return latest(workspace.root / "choices")


def load_choices(
    workspace: Workspace, products: Mapping[str, Product], key: bytes
) -> dict[str, LearnedChoices]:
    """The learned choices that are kept, by style; none where there are none.

    Args:
        workspace: where they are kept.
        products: by style, as they are now; a style that is not among them is left out.
        key: what they are signed with.

    Raises:
        ChoicesRefused: they are altered, incomplete, of another version or of another model.
    """
    found = latest_choices_id(workspace)
    if found is None:
        return {}
    folder = workspace.root / "choices" / Path(found).name
    try:
        manifest = verified(folder, key)
        content = checked(folder / FILE, manifest["files"][FILE])
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays: Arrays = {name: file[name] for name in file.files}
        return _learned(manifest, arrays, products)
    except ModelRefused as error:
        raise ChoicesRefused(
            f"The learned choices are refused: {error.what}", where=str(folder), fix=AGAIN
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ChoicesRefused(
            f"The learned choices are incomplete or of another version: {error}.",
            where=str(folder),
            fix=AGAIN,
        ) from error


def _learned(
    manifest: Mapping[str, Any], arrays: Arrays, products: Mapping[str, Product]
) -> dict[str, LearnedChoices]:
    if manifest["format"] != FORMAT:
        raise ValueError("another format")
    profiles = Profiles(
        customers=np.array(_texts(arrays["profiles/customers"]), dtype=object),
        values=arrays["profiles/values"],
    )
    found = {}
    for at, style in enumerate(manifest["styles"]):
        if style not in products:
            continue
        part = {
            name.partition("/")[2]: values
            for name, values in arrays.items()
            if name.startswith(f"{at}/")
        }
        found[style] = _one(style, part, profiles, products[style])
    return found


def _one(style: str, part: Arrays, profiles: Profiles, product: Product) -> LearnedChoices:
    learned = LearnedChoices(
        style_id=style,
        product=product,
        estimation=Estimation(
            on=part["on"],
            customers=np.array(_texts(part["customers"]), dtype=object),
            moments=part["moments"],
            profiles=profiles,
            penalties=Penalties(**dict(zip(PENALTIES, part["penalties"].tolist(), strict=True))),
        ),
        values=tuple(
            {name: Fraction(said) for name, said in row.items()} for row in _texts(part["values"])
        ),
    )
    if list(learned.decisions.texts) != _texts(part["texts"]):
        raise ChoicesRefused(
            f"The options of '{style}' have changed since its choices were learned.",
            where=product.model.name,
            fix=AGAIN,
        )
    return learned


def _arrays(learned: LearnedChoices) -> Arrays:
    estimation = learned.estimation
    return {
        "texts": _bytes(list(learned.decisions.texts)),
        "on": estimation.on,
        "customers": _bytes(estimation.customers.tolist()),
        "moments": estimation.moments,
        "penalties": np.array([getattr(estimation.penalties, name) for name in PENALTIES]),
        "values": _bytes(
            [{name: str(value) for name, value in row.items()} for row in learned.values]
        ),
    }


def _bytes(content: object) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(content, ensure_ascii=False).encode(), dtype=np.uint8)


def _texts(stored: NDArray[np.uint8]) -> list[Any]:
    found: list[Any] = json.loads(stored.tobytes())
    return found
