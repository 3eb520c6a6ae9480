"""What limits the policies of an evaluation, the same for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from data.tables import RESOURCES
from data.workspace import Workspace
from production.allocation.lattice import priced_optimum
from production.allocation.resources import Resources
from production.allocation.task import Task

RECENT_WEEKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Capacities of an evaluation.

    Attributes:
        capacity: other capacities by resource id, each over the horizon. Where there are none
            and the workspace has no resources, as many units may be made as sold in the last
            RECENT_WEEKS weeks.
        share: the part of every capacity that may be used.
        free_use: in place of all that, the part of what the plan on the default forecast would
            use of each resource were nothing limited; of units, where there is no resource.
        unlimited: nothing is limited.
    """

    capacity: Mapping[str, float] = field(default_factory=dict)
    share: float = 1.0
    free_use: float | None = None
    unlimited: bool = False

    def on(self, task: Task, recent: NDArray[np.float64]) -> Task:
        """The task under these limits.

        Args:
            task: with the workspace's resources, the overrides among them.
            recent: (V,) units that sold lately.
        """
        if self.unlimited:
            return replace(task, resources=Resources.none(len(task.variants)))
        limited = task.resources
        if not limited.ids:
            limited = limited.with_total_units(float(recent.sum()))
        if self.free_use is None:
            return replace(task, resources=replace(limited, capacity=limited.capacity * self.share))
        posed = replace(task, resources=limited)
        free = priced_optimum(posed, np.zeros(len(limited.ids)))[0]
        capacity = limited.used(free) * self.free_use
        return replace(posed, resources=replace(limited, capacity=capacity))

    def in_words(self, workspace: Workspace) -> str:
        """What limits the policies, for people."""
        if self.unlimited:
            return "no limit"
        if self.free_use is not None:
            return f"{self.free_use:.0%} of what the plan would use were nothing limited"
        if self.capacity:
            amounts = sorted(self.capacity.items())
            told = ", ".join(f"{amount:g} of {name}" for name, amount in amounts)
        elif workspace.has(RESOURCES):
            told = "the workspace's resources"
        else:
            told = f"as many units as sold in the last {RECENT_WEEKS} weeks"
        return told if self.share == 1 else f"{self.share:.0%} of {told}"
