"""What a search chose, and where a workspace keeps it for its models' next training."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from data.workspace import Workspace
from recsys.errors import BadRequest, BadSettings, JournalRefused, UnknownModel
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

    def knows_nothing_from(self, day: date) -> bool:
        """Whether the search looked at nothing from a day on; never so for one on a file."""
        return self.before is not None and self.before <= day.isoformat()

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
        JournalRefused: it cannot be read, or the model has no such settings any more.
    """
    path = workspace.root / "tuning" / f"{model}.json"
    if not path.is_file():
        return None
    fix = f"Search again with 'atelier tune --model {model}', or delete the file."
    try:
        tuned = Tuned.model_validate_json(path.read_bytes())
        build(tuned.model, tuned.settings())
    except BadSettings as error:
        raise JournalRefused(
            f"The tuned settings do not fit this Atelier's model: {error.where}.",
            where=str(path),
            fix=fix,
        ) from error
    except (ValidationError, UnknownModel):
        tuned = None
    if tuned is None or tuned.model != model:
        raise JournalRefused("The tuned settings cannot be read.", where=str(path), fix=fix)
    return tuned


def chosen_before(workspace: Workspace, models: Iterable[str], day: date) -> dict[str, Tuned]:
    """What searches in a workspace chose for models that are tested from a day on.

    Args:
        workspace: where the searches were made.
        models: names; those without a search are left out.
        day: the first day of the test.

    Raises:
        BadRequest: none of the models was searched, or a search looked at that day or later ones.
        JournalRefused: see `chosen`.
    """
    found = {name: tuned for name in models if (tuned := chosen(workspace, name)) is not None}
    if not found:
        raise BadRequest(
            "None of the models is tuned in this workspace.",
            where="tuned",
            fix="Search with 'atelier tune --model NAME', or evaluate the defaults.",
        )
    for name, tuned in found.items():
        if not tuned.knows_nothing_from(day):
            raise BadRequest(
                f"The search of '{name}' looked at days before {tuned.before}, and the test begins "
                f"on {day}: it would flatter what was found.",
                where="tuned",
                fix=f"Test from {tuned.before} on, or search again with "
                f"'atelier tune --model {name} --before {day} --restart'.",
            )
    return found
