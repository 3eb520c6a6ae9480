"""Released plans: what is being made, decided by whom and when, and not to be changed.

plans/releases.jsonl   one record a line, only ever added to

At most one released plan is in force for any week: releasing another one for some of the same weeks
supersedes it, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from data.journal import append, records
from data.kept import digest_of
from data.workspace import Workspace
from production.errors import PlanRefused, PlanReleased
from production.plans.overrides import LONGEST_TEXT, Name, recorded
from production.plans.plan import Plan
from production.plans.saved import load_plan


class Release(BaseModel):
    """One record: that a plan was released."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    plan_id: str

    as_of: date
    """The first day of the plan."""

    horizon: Annotated[int, Field(ge=1)]
    """Its weeks."""

    by: Name
    """Who released it, as they say."""

    key_id: Name | None = None
    """The API key that they said it with; None where none was asked for, as on the machine."""

    at: AwareDatetime
    """When."""

    note: Annotated[str, Field(max_length=LONGEST_TEXT, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""

    supersedes: tuple[str, ...] = ()
    """The plans that were in force for some of its weeks."""

    digest: str
    """SHA-256 of its plan.json, which has those of its other files."""

    def overlaps(self, as_of: date, horizon: int) -> bool:
        """Whether it is for some of the weeks of a plan."""
        ends = self.as_of + timedelta(weeks=self.horizon)
        return self.as_of < as_of + timedelta(weeks=horizon) and as_of < ends

    def __str__(self) -> str:
        return (
            f"Released by {self.by} on {self.at.date()} in plan {self.plan_id}: "
            "the quantity stays as it is."
        )


def list_releases(workspace: Workspace) -> list[Release]:
    """Every record, oldest first.

    Raises:
        RecordsRefused: the file is damaged.
    """
    return records(_path(workspace), Release)


def in_force(found: Iterable[Release]) -> list[Release]:
    """Those that nothing released later supersedes, by the day they begin; none share a week."""
    standing: dict[str, Release] = {}
    for one in found:
        for name in one.supersedes:
            standing.pop(name, None)
        standing[one.plan_id] = one
    return sorted(standing.values(), key=lambda one: one.as_of)


def release_plan(
    workspace: Workspace,
    plan_id: str,
    *,
    by: str,
    at: datetime,
    note: str = "",
    key_id: str | None = None,
) -> Release:
    """Release a plan; what it makes then stays in every plan for some of its weeks.

    Args:
        workspace: where the plan is kept.
        plan_id: which.
        by: who releases it.
        at: now, with its offset from UTC.
        note: anything to remember of it.
        key_id: the API key that was shown; None for none.

    Returns:
        The record, with the plans that it supersedes; it is on the disk.

    Raises:
        UnknownPlan: the workspace holds no plan of that id.
        PlanRefused: its files are altered.
        PlanReleased: it is released already.
        BadRecord: `by` or `note` is empty, too long or on two lines.
        RecordsRefused: the file of releases is damaged.
    """
    plan = load_plan(workspace, plan_id, inputs=True)
    as_of: date = plan.as_of.astype("datetime64[D]").item()
    digest = digest_of(workspace.root / "plans" / plan_id / "plan.json")

    def decided(found: Sequence[Release]) -> Release:
        standing = in_force(found)
        for one in standing:
            if one.plan_id == plan_id:
                raise PlanReleased(
                    f"The plan '{plan_id}' was released by {one.by} on {one.at.date()}.",
                    where="plan id",
                    fix="Nothing is left to do; another plan for the same weeks supersedes it.",
                )
        return recorded(
            Release, plan_id=plan_id, as_of=as_of, horizon=plan.horizon, by=by, at=at, note=note,
            supersedes=tuple(
                one.plan_id for one in standing if one.overlaps(as_of, plan.horizon)
            ),
            digest=digest, key_id=key_id,
        )  # fmt: skip

    return append(_path(workspace), Release, decided)


def released_plan(workspace: Workspace, release: Release) -> Plan:
    """A released plan, as it was released.

    Raises:
        PlanRefused: its files are altered or gone.
    """
    folder = workspace.root / "plans" / release.plan_id
    if not (folder / "plan.json").is_file() or digest_of(folder / "plan.json") != release.digest:
        raise PlanRefused(
            f"The released plan '{release.plan_id}' is not as it was released.",
            where=str(folder),
            fix="Restore its folder from a copy.",
        )
    return load_plan(workspace, release.plan_id)


def _path(workspace: Workspace) -> Path:
    return workspace.root / "plans" / "releases.jsonl"
