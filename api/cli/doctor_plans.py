"""What `atelier doctor` looks at of kept plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from data.workspace import Workspace

NAMED: Final = 5
"""Damaged plans that are named beside the first."""


def plan_found(workspace: Workspace) -> str | None:
    """The latest plan, once its digest holds."""
    from production.plans.saved import latest_plan

    plan = latest_plan(workspace)
    return None if plan is None else plan.plan_id


def kept_plans_found(workspace: Workspace) -> str | None:
    """How many plans are kept, once each has a header that can be read and its files."""
    from production.errors import PlanRefused
    from production.plans.saved import headings

    found, refused = headings(workspace)
    if refused:
        first = next(iter(refused.values()))
        others = [f"'{name[:80]}'" for name in refused][1:]
        told = ", ".join(others[:NAMED]) + (", …" if len(others) > NAMED else "")
        rest = f" {len(others):,} more cannot be read: {told}." if others else ""
        raise PlanRefused(first.what + rest, where=first.where, fix=first.fix)
    return f"{len(found):,} kept, their headers whole" if found else None
