"""Which version stands for one that was written anew: a customer was erased from it.

    models/instead    lines "OLD NEW", the latest last

Whoever names a version, such as an experiment's arm, so goes on with the one that took its place.
Like the pointer `models/current` the file is not signed: it chooses among versions that are.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from data.workspace import Workspace
from recsys.saved.saving import ID

FILE: Final = "instead"


def standing(workspace: Workspace, model_id: str) -> str:
    """The version that stands for one: itself where it is there, or where nothing took its place.

    Args:
        workspace: where the models lie.
        model_id: which; it need be no id.
    """
    models = workspace.root / "models"
    if not ID.fullmatch(model_id) or (models / model_id).is_dir():
        return model_id
    instead, found = _instead(models), model_id
    while found in instead and not (models / found).is_dir():
        found = instead.pop(found)  # popped, so that it ends whatever the file says
    return found


def stand_for(models: Path, old: str, new: str) -> None:
    """Write down that one version takes the place of another; on disk when this returns.

    The caller holds the lock of the models' folder.
    """
    with (models / FILE).open("ab") as file:
        file.write(f"\n{old} {new}\n".encode())  # begins a line, whatever a crash left of the last
        file.flush()
        os.fsync(file.fileno())


def _instead(models: Path) -> dict[str, str]:
    """What each version gave way to; lines that are none are left out."""
    try:
        lines = (models / FILE).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    pairs = [line.split() for line in lines]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and all(map(ID.fullmatch, pair))}
