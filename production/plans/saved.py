"""Plans kept in the workspace: one folder a plan, whole or not there.

plans/<plan_id>/plan.json       everything but the lines, and the lines' SHA-256
plans/<plan_id>/lines.parquet   one variant a row
plans/latest                    the id that was saved last
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from data.kept import digest_of, keep, kept, latest
from data.workspace import Workspace
from production.errors import PlanRefused, UnknownPlan
from production.plans.plan import LINE_COLUMNS, Effect, Plan, PlanResource

FORMAT: Final = 2
SHOWN: Final = 5


def save_plan(workspace: Workspace, plan: Plan) -> Path:
    """Keep a plan and make it the latest; saving an equal one again changes nothing else.

    Returns:
        The plan's folder.
    """

    def write(folder: Path) -> str:
        plan.lines.to_parquet(folder / "lines.parquet", index=False)
        header = plan.header() | {"format": FORMAT, "lines": digest_of(folder / "lines.parquet")}
        (folder / "plan.json").write_text(json.dumps(header, indent=2) + "\n")
        return plan.plan_id

    return keep(workspace.root / "plans", write)


def load_plan(workspace: Workspace, plan_id: str) -> Plan:
    """A kept plan.

    Raises:
        UnknownPlan: the workspace holds no plan of that id.
        PlanRefused: its files are altered, incomplete or of another version.
    """
    plans = list_plans(workspace)
    if plan_id not in plans:
        raise UnknownPlan(
            f"There is no plan '{plan_id[:80]}'.",
            where="plan id",
            fix=f"{_known(plans)} Make one with 'atelier plan'.",
        )
    folder = workspace.root / "plans" / plan_id
    try:
        return _read(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PlanRefused(
            f"The plan '{plan_id}' is altered or incomplete: {error}.",
            where=str(folder),
            fix="Remove its folder and make the plan again with 'atelier plan'.",
        ) from error


def _known(plans: tuple[str, ...]) -> str:
    """The last few plans that there are, in words."""
    return f"The last plans are {', '.join(plans[-SHOWN:])}." if plans else "There is none yet."


def _read(folder: Path) -> Plan:
    header = json.loads((folder / "plan.json").read_text())
    if header["format"] != FORMAT or header["lines"] != digest_of(folder / "lines.parquet"):
        raise ValueError("another format, or lines that were changed")
    return Plan(
        plan_id=header["plan_id"],
        as_of=np.datetime64(header["as_of"], "D"),
        horizon=int(header["horizon"]),
        method=header["method"],
        lines=pd.read_parquet(folder / "lines.parquet", columns=list(LINE_COLUMNS)),
        resources=tuple(PlanResource(**resource) for resource in header["resources"]),
        expected_cost=float(header["expected_cost"]),
        bound=float(header["bound"]),
        gap=float(header["gap"]),
        status=header["status"],
        assumptions=tuple(header["assumptions"]),
        effects=tuple(Effect(**effect) for effect in header["effects"]),
        forecast_id=header.get("forecast_id", ""),
    )


def list_plans(workspace: Workspace) -> tuple[str, ...]:
    """Ids of the kept plans, by the day they start and then by content."""
    return kept(workspace.root / "plans", "plan.json")


def latest_plan(workspace: Workspace) -> Plan | None:
    """The plan that was saved last; None where there is none."""
    found = latest(workspace.root / "plans")
    return None if found is None else load_plan(workspace, found)
