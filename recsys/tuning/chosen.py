"""What a search chose, and where a workspace keeps it for its models' next training."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from data.workspace import Workspace
from recsys.errors import JournalRefused
from recsys.registry import build
from recsys.tuning.space import with_values


class Tuned(BaseModel):
    """The best settings of a search, and what they are worth where it looked."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    model: str
    """Name of the model."""

    parameters: dict[str, int | FiniteFloat]
    """The searched hyperparameters as chosen, by dotted name."""

    defaults: dict[str, int | FiniteFloat]
    """The same ones where nothing is chosen."""

    metric: str
    """What was made as large as possible, such as `ndcg@20`."""

    value: FiniteFloat
    """The metric of the chosen settings: mean over customers, then over the splits. It is the best
    of many on the same days, so other days will rather see less."""

    default_value: FiniteFloat
    """The metric of the defaults."""

    trials: int
    """How many settings were tried, the defaults among them."""

    seed: int
    """Seed of the search and of its fits."""

    exclude_seen: bool
    """Whether what a customer bought before was left out."""

    source: Literal["workspace", "file"]
    """What was searched on."""

    data_digest: str
    """Digest of the tables, or of the file."""

    before: str | None
    """The day from which on nothing was looked at; None for a file."""

    origins: list[str] | None
    """First days of the test windows; None for a file."""

    def settings(self) -> dict[str, Any]:
        """The model's settings as `recsys.registry.build` takes them, the rest as by default."""
        return with_values(build(self.model).settings, self.parameters)

    def summary(self) -> dict[str, Any]:
        """What the manifest of a model keeps of the search."""
        return self.model_dump(exclude={"model", "parameters", "defaults", "source"})


def folder(workspace: Workspace) -> Path:
    """Where a workspace keeps its searches; made where missing."""
    path = workspace.root / "tuning"
    path.mkdir(exist_ok=True)
    return path


def journal_of(workspace: Workspace, model: str) -> Path:
    """The file of a model's trials."""
    return folder(workspace) / f"{model}.jsonl"


def keep(workspace: Workspace, tuned: Tuned) -> None:
    """Let the model's next training use these settings; whole or not at all."""
    path = folder(workspace) / f"{tuned.model}.json"
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(tuned.model_dump_json(indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(name).chmod(0o644)
    Path(name).replace(path)


def chosen(workspace: Workspace, model: str) -> Tuned | None:
    """What the last finished search in a workspace chose for a model; None where none was made.

    Raises:
        JournalRefused: it cannot be read.
    """
    path = workspace.root / "tuning" / f"{model}.json"
    if not path.is_file():
        return None
    try:
        tuned = Tuned.model_validate_json(path.read_bytes())
    except ValidationError:
        tuned = None
    if tuned is None or tuned.model != model:
        raise JournalRefused(
            "The tuned settings cannot be read.",
            where=str(path),
            fix=f"Search again with 'atelier tune --model {model}', or delete the file.",
        )
    return tuned
