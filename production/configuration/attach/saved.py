"""Attach rates kept in the workspace, for plans: one folder a version, whole or not there.

    attach/<id>/rates.npz     arrays of every style
    attach/<id>/attach.json   format, styles and the file's SHA-256
    attach/latest             the id that was saved last

Nothing in them says who composed what.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data.kept import digest_of, keep, latest
from data.workspace import Workspace
from production.configuration.attach.rates import AttachRates
from production.errors import ChoicesRefused

FORMAT: Final = 1
FILE: Final = "rates.npz"
TEXTS: Final = ("style_id", "options", "resources", "materials")
ARRAYS: Final = ("drawn", "usage", "taken")
FACTS: Final = ("replaces", "composed", "lines", "learned_from", "until")


def save_attach(workspace: Workspace, rates: Mapping[str, AttachRates]) -> str:
    """Keep the attach rates of all styles in place of those kept before; their id."""
    styles = sorted(rates)

    def write(folder: Path) -> str:
        arrays = {
            f"{at}/{name}": getattr(rates[style], name)
            for at, style in enumerate(styles)
            for name in ARRAYS
        }
        np.savez_compressed(folder / FILE, allow_pickle=False, **arrays)
        told = [
            {name: getattr(rates[style], name) for name in (*TEXTS, *FACTS)} for style in styles
        ]
        header = {"format": FORMAT, "styles": told, "file": digest_of(folder / FILE)}
        text = json.dumps(header, indent=1, ensure_ascii=False) + "\n"
        (folder / "attach.json").write_text(text, encoding="utf-8")
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    home = workspace.root / "attach"
    name = keep(home, write).name
    for old in home.iterdir():
        if old.is_dir() and old.name != name and not old.name.startswith("."):
            shutil.rmtree(old, ignore_errors=True)
    return name


def load_attach(workspace: Workspace, day: np.datetime64) -> dict[str, AttachRates]:
    """The attach rates that are kept, by style; none where there are none.

    Args:
        workspace: where they are kept.
        day: leave out rates that were learned from this day on.

    Raises:
        ChoicesRefused: their files are altered, incomplete or of another version.
    """
    found = latest(workspace.root / "attach")
    if found is None:
        return {}
    folder = workspace.root / "attach" / Path(found).name
    try:
        kept = _read(folder)
        return {style: one for style, one in kept.items() if one.known_on(day)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ChoicesRefused(
            f"The attach rates are altered or incomplete: {error}.",
            where=str(folder),
            fix="Make them again with 'atelier choices'.",
        ) from error


def _read(folder: Path) -> dict[str, AttachRates]:
    header = json.loads((folder / "attach.json").read_text(encoding="utf-8"))
    if header["format"] != FORMAT or header["file"] != digest_of(folder / FILE):
        raise ValueError("another format, or numbers that were changed")
    with np.load(folder / FILE, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return {
        str(told["style_id"]): _one(told, at, arrays) for at, told in enumerate(header["styles"])
    }


def _one(told: Mapping[str, Any], at: int, arrays: Mapping[str, NDArray[Any]]) -> AttachRates:
    found: dict[str, Any] = {"style_id": told["style_id"]}
    found |= {name: tuple(told[name]) for name in TEXTS[1:]}
    found |= {name: told[name] for name in FACTS}
    found |= {name: arrays[f"{at}/{name}"] for name in ARRAYS}
    return AttachRates(**found)
