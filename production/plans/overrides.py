"""Planners' overrides: quantities that a person set in a plan's place, by whom, when and why.

plans/overrides.jsonl   one record a line, only ever added to

A later record of a variant takes the place of an earlier one; one without a quantity clears it.
What stands enters every plan made from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from data.journal import append, records
from data.tables import MOST_UNITS
from data.workspace import Workspace
from production.errors import BadRecord

LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 500

Line = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A text on one line."""

Name = Annotated[Line, Field(max_length=LONGEST_NAME)]

Record = TypeVar("Record", bound=BaseModel)


class Override(BaseModel):
    """One record: what a planner set, or cleared."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    variant_id: Name

    quantity: Annotated[int, Field(ge=0, le=MOST_UNITS)] | None
    """Units to make; None clears what stood."""

    by: Name
    """Who, as they say."""

    key_id: Name | None = None
    """The API key that they said it with; None where none was asked for, as on the machine."""

    why: Annotated[Line, Field(max_length=LONGEST_TEXT)]

    at: AwareDatetime
    """When."""

    until: date | None = None
    """The last day on which a plan that it enters may begin; None for any."""

    def __str__(self) -> str:
        if self.quantity is None:
            return f"Cleared by {self.by} on {self.at.date()}: {self.why}"
        ends = "" if self.until is None else f", for plans that begin by {self.until}"
        return f"Set to {self.quantity:,} by {self.by} on {self.at.date()}{ends}: {self.why}"


def recorded(kind: type[Record], **fields: Any) -> Record:
    """A record of these fields.

    Raises:
        BadRecord: one of them is empty, too long, on two lines or out of bounds; names it.
    """
    try:
        return kind(**fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise BadRecord(
            f"{first['msg']}.",
            where=str(first["loc"][0]),
            fix=f"Give a text of one line, at most {LONGEST_TEXT} letters ({LONGEST_NAME} for a "
            f"name or an id), and whole units from 0 to {MOST_UNITS:,}.",
        ) from None


def list_overrides(workspace: Workspace) -> list[Override]:
    """Every record, oldest first.

    Raises:
        RecordsRefused: the file is damaged.
    """
    return records(_path(workspace), Override)


def keep_override(
    workspace: Workspace, decide: Callable[[Sequence[Override]], Override]
) -> Override:
    """Add the override that `decide` makes of the records there are; see `data.journal.append`."""
    path = _path(workspace)
    path.parent.mkdir(exist_ok=True)
    return append(path, Override, decide)


def standing(found: Iterable[Override], day: date | None = None) -> dict[str, Override]:
    """What stands, by variant id, ascending.

    Args:
        found: records, oldest first.
        day: the first day of the plan that they are to enter; None for any.
    """
    last = {one.variant_id: one for one in found}
    return {
        name: one
        for name, one in sorted(last.items())
        if one.quantity is not None and (one.until is None or day is None or day <= one.until)
    }


def _path(workspace: Workspace) -> Path:
    return workspace.root / "plans" / "overrides.jsonl"
