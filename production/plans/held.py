"""Quantities that a plan holds: released for the same weeks, or set by a planner.

A released quantity stands in every plan for some of the same weeks, an override in every plan until
it is cleared. Where a variant has both, what was said last stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.workspace import Workspace
from production.allocation.relaxation import refuse_infeasible
from production.allocation.task import Task
from production.errors import Infeasible
from production.plans.overrides import Override, list_overrides, standing
from production.plans.releases import in_force, list_releases, released_plan

Floats = NDArray[np.float64]

OVERRIDE: Final = "override"
RELEASED: Final = "released"


@dataclass(frozen=True, slots=True)
class Held:
    """What stands in a plan, whatever would be best.

    Attributes:
        table: by variant id, ascending: units, code (OVERRIDE or RELEASED) and reason, a sentence.
    """

    table: pd.DataFrame

    def of(self, variants: NDArray[np.object_]) -> pd.DataFrame:
        """(V,) rows of some variants; nothing but missing values where nothing stands."""
        return self.table.reindex(pd.Index(variants, dtype=object))

    def made(self) -> pd.Index:
        """The variants of which some must be made."""
        return self.table.index[self.table["units"] > 0]

    def on(self, task: Task) -> Task:
        """A task in which it stands.

        Raises:
            Infeasible: it takes more than there is; names the resource and the overrides.
        """
        units = self.of(task.variants)["units"].to_numpy(dtype=np.float64, na_value=np.nan)
        held = replace(task, lots=task.lots.hold(units))
        try:
            refuse_infeasible(held)
        except Infeasible as error:
            raise self._explained(error) from None
        return held

    def _explained(self, error: Infeasible) -> Infeasible:
        """The error, with what stands that it may be because of."""
        made = self.table.loc[self.made()]
        by_hand = made.loc[made["code"] == OVERRIDE, "reason"].head(5)
        told = "; ".join(f"'{name}': {reason}" for name, reason in by_hand.items())
        fix = error.fix + (f" Overrides stand: {told}" if told else "")
        if (made["code"] == RELEASED).any():
            fix += " What was released for the same weeks stands."
        return Infeasible(error.what, where=error.where, fix=fix)


def held_in(
    workspace: Workspace,
    origin: np.datetime64,
    horizon: int,
    *,
    overrides: Sequence[Override] | None = None,
) -> Held:
    """What stands in a plan of so many weeks from `origin` on.

    Args:
        workspace: whose overrides and released plans count.
        origin: the plan's first day.
        horizon: its weeks.
        overrides: records in place of the workspace's own.

    Raises:
        RecordsRefused: the file of overrides or of releases is damaged.
        PlanRefused: a released plan is altered.
    """
    day: date = origin.astype("datetime64[D]").item()
    by_hand = standing(list_overrides(workspace) if overrides is None else overrides, day)
    parts = [_by_hand(by_hand.values())]
    for release in in_force(list_releases(workspace)):
        if release.overlaps(day, horizon):
            later = [name for name, one in by_hand.items() if one.at >= release.at]
            lines = released_plan(workspace, release).lines
            lines = lines[~lines["variant_id"].isin(later)]
            parts.append(_rows(lines["variant_id"], lines["quantity"], RELEASED, str(release)))
    table = pd.concat(parts)
    # a release stands over earlier overrides, and over one of an earlier start
    return Held(table[~table.index.duplicated(keep="last")].sort_index())


def _by_hand(overrides: Iterable[Override]) -> pd.DataFrame:
    found = list(overrides)
    return _rows(
        [one.variant_id for one in found],
        [one.quantity for one in found],
        OVERRIDE,
        [str(one) for one in found],
    )


def _rows(
    variants: Sequence[str] | pd.Series,
    units: Sequence[int | None] | pd.Series,
    code: str,
    reason: str | Sequence[str],
) -> pd.DataFrame:
    index = pd.Index(np.asarray(variants, dtype=object), dtype=object)
    return pd.DataFrame(
        {"units": np.asarray(units, dtype=np.float64), "code": code, "reason": reason}, index=index
    ).astype({"code": object, "reason": object})
