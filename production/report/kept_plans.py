"""Other kept plans that a report looks at; one that is damaged is left out, and told."""

from __future__ import annotations

from typing import Final

from data.workspace import Workspace
from production.errors import PlanRefused
from production.plans.plan import Plan
from production.plans.saved import headings, load_plan

NAMED: Final = 3
"""Damaged plans that the note names."""


class KeptPlans:
    """The kept plans of a workspace, for one report.

    Attributes:
        headings: of those whose headers can be read, by the day they start and then by content.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.headings, refused = headings(workspace)
        self._refused = set(refused)

    def load(self, plan_id: str, *, inputs: bool = False) -> Plan | None:
        """A kept plan, as `saved.load_plan` reads it; None where it is damaged."""
        try:
            return load_plan(self._workspace, plan_id, inputs=inputs)
        except PlanRefused:
            self._refused.add(plan_id)
            return None

    def notes(self) -> tuple[str, ...]:
        """What to know of the plans that could not be read so far; nothing where all could."""
        if not self._refused:
            return ()
        names = sorted(self._refused)
        told = ", ".join(f"'{name[:80]}'" for name in names[:NAMED])
        more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
        what = "the kept plan" if len(names) == 1 else "the kept plans"
        return (
            f"Left out, being altered or incomplete: {what} {told}{more}. "
            "'atelier doctor' says what is wrong.",
        )
