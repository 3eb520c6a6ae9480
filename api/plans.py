"""Kept plans as the command line and the service show them: lists, comparisons, overrides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from data.workspace import Workspace
from production.errors import PlanRefused, UnknownPlan
from production.plans.overrides import Override, list_overrides, standing
from production.plans.plan import Plan
from production.plans.releases import Release, in_force, list_releases
from production.plans.saved import (
    latest_plan,
    latest_plan_id,
    list_plans,
    load_plan,
    plan_header,
)

LATEST: Final = "latest"
"""What stands for the id of the plan that was saved last."""

SHOWN: Final = ("as_of", "horizon", "method", "units", "expected_cost", "gap", "status")


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the kept plans, the latest weeks first.

    Attributes:
        total: how many there are.
        plans: plan_id, SHOWN, latest (whether it was saved last), refused (why it cannot be read;
            else empty), and release (its record as JSON, with in_force; None where it is not
            released).
    """

    total: int
    plans: list[dict[str, Any]]


def listed(workspace: Workspace, *, limit: int, offset: int = 0) -> Listed:
    """A page of the kept plans.

    Raises:
        RecordsRefused: the file of releases is damaged.
    """
    names = list_plans(workspace)[::-1]
    releases = list_releases(workspace)
    return Listed(
        len(names),
        [_row(workspace, name, releases) for name in names[offset : offset + limit]],
    )


def _row(workspace: Workspace, plan_id: str, releases: list[Release]) -> dict[str, Any]:
    row: dict[str, Any] = {"plan_id": plan_id, **dict.fromkeys(SHOWN), "refused": ""}
    row["latest"] = plan_id == latest_plan_id(workspace)
    try:
        header = plan_header(workspace, plan_id)
        row |= {name: header[name] for name in SHOWN}
    except (PlanRefused, KeyError) as error:
        row["refused"] = str(error)
    return row | {"release": release_of(plan_id, releases)}


def release_of(plan_id: str, releases: Iterable[Release]) -> dict[str, Any] | None:
    """How a plan was released last, and whether that is in force; None where it never was."""
    found = list(releases)
    for one in reversed(found):
        if one.plan_id == plan_id:
            stands = plan_id in {release.plan_id for release in in_force(found)}
            return release_json(one) | {"in_force": stands}
    return None


def release_json(release: Release) -> dict[str, Any]:
    """A record of a release for programs."""
    return release.model_dump(mode="json", exclude={"digest"})


def kept_plan(workspace: Workspace, plan_id: str | None, *, inputs: bool = False) -> Plan:
    """A kept plan by its id; the latest by LATEST or without one.

    Raises:
        UnknownPlan: there is none.
        PlanRefused: it is altered.
    """
    if plan_id not in (None, LATEST):
        return load_plan(workspace, plan_id, inputs=inputs)
    plan = latest_plan(workspace, inputs=inputs)
    if plan is None:
        raise UnknownPlan(
            "The workspace has no plan yet.", where="plan id", fix="Make one with 'atelier plan'."
        )
    return plan


def overrides_json(
    workspace: Workspace, today: date, *, every: bool = False
) -> list[dict[str, Any]]:
    """The overrides that stand, by variant id; or every record, oldest first.

    Args:
        workspace: whose planners set them.
        today: the day on the shop's clock: one whose last day is over enters no plan any more.
        every: those replaced, cleared and over too.

    Raises:
        RecordsRefused: the file of overrides is damaged.
    """
    found = list_overrides(workspace)
    last: dict[str, Override] = standing(found, today)
    return [
        one.model_dump(mode="json") | {"stands": last.get(one.variant_id) is one}
        for one in (found if every else last.values())
    ]
