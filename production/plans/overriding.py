"""Setting and clearing an override: refused where it could not be kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from data.nearest import hint
from data.tables import ORDERS, VARIANTS
from data.workspace import Workspace
from production.errors import BadOverride
from production.plans.held import held_in
from production.plans.overrides import Override, keep_override, standing
from production.plans.saved import latest_plan

NEAR: Final = 100
"""Ids on each side of an unknown one among which the one that was meant is looked for."""


def override(workspace: Workspace, asked: Override) -> Override:
    """Keep an override; it is on the disk when this returns, and enters the next plan.

    Whether it can be kept is tried on the latest plan: its demand, capacities, what is released
    and what else is overridden.

    Raises:
        BadOverride: nobody knows the variant, or there is nothing to clear.
        Infeasible: the resources of the latest plan do not suffice; names the resource.
        RecordsRefused: the file of overrides or of releases is damaged.
        PlanRefused: the latest plan is altered.
    """
    if asked.quantity is not None:
        _refuse_unknown(workspace, asked.variant_id)

    def decided(found: Sequence[Override]) -> Override:
        if asked.quantity is not None:
            _refuse_infeasible(workspace, found, asked)
        elif asked.variant_id not in standing(found):
            raise BadOverride(
                f"No override of '{asked.variant_id[:80]}' stands.",
                where="variant id",
                fix="'atelier plan overrides' lists those that do.",
            )
        return asked

    return keep_override(workspace, decided)


def _refuse_unknown(workspace: Workspace, variant_id: str) -> None:
    known = pd.Index([], dtype=object)
    for table in (VARIANTS, ORDERS):
        if workspace.has(table):
            known = known.union(pd.Index(workspace.read(table)["variant_id"].unique()))
            if variant_id in known:
                return
    place = int(np.searchsorted(known, variant_id))
    near = hint(variant_id[:80], known[max(0, place - NEAR) : place + NEAR])
    raise BadOverride(
        f"Nobody knows a variant '{variant_id[:80]}'.",
        where="variant id",
        fix=f"{near}Use an id of the catalogue or of the orders.",
    )


def _refuse_infeasible(workspace: Workspace, found: Sequence[Override], asked: Override) -> None:
    plan = latest_plan(workspace, inputs=True)
    if plan is None or plan.inputs is None:
        return
    held = held_in(workspace, plan.as_of, plan.horizon, overrides=[*found, asked])
    held.on(plan.inputs.free)
