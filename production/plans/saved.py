"""Plans kept in the workspace: one folder a plan, whole or not there.

plans/<plan_id>/plan.json       everything but the lines, and the other files' SHA-256
plans/<plan_id>/lines.parquet   one variant a row
plans/<plan_id>/inputs.npz      what it was made from (production.plans.inputs)
plans/<plan_id>/<table>.parquet by week and by region, where it has them (plan.TABLES)
plans/latest                    the id that was saved last

Plans of format 1 were kept without what they were made from: they can be read, shown and released,
and not compared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from data.kept import digest_of, keep, kept, latest
from data.workspace import Workspace
from production.errors import PlanRefused, UnknownPlan
from production.plans.inputs import read_inputs, write_inputs
from production.plans.plan import LINE_COLUMNS, TABLES, Effect, Plan, PlanAversion, PlanResource

FORMAT: Final = 3
READABLE: Final = (1, 2, 3)
SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What tells a kept plan from others, without its lines.

    Attributes:
        plan_id: which.
        as_of: its first day.
        horizon: its weeks.
        comparable: whether it was kept with what it was made from.
    """

    plan_id: str
    as_of: np.datetime64
    horizon: int
    comparable: bool


def save_plan(workspace: Workspace, plan: Plan) -> Path:
    """Keep a plan and make it the latest; saving an equal one again changes nothing else.

    Returns:
        The plan's folder.
    """

    def write(folder: Path) -> str:
        plan.lines.to_parquet(folder / "lines.parquet", index=False)
        header = plan.header() | {"format": FORMAT, "lines": digest_of(folder / "lines.parquet")}
        for name, table in plan.tables().items():
            table.to_parquet(folder / f"{name}.parquet", index=False)
            header[name] = digest_of(folder / f"{name}.parquet")
        if plan.inputs is not None:
            write_inputs(folder / "inputs.npz", plan.inputs)
            header["inputs"] = digest_of(folder / "inputs.npz")
        (folder / "plan.json").write_text(json.dumps(header, indent=2) + "\n")
        return plan.plan_id

    return keep(workspace.root / "plans", write)


def plan_header(workspace: Workspace, plan_id: str) -> dict[str, Any]:
    """Everything but the lines of a kept plan, as `Plan.header` says it.

    Raises:
        UnknownPlan: the workspace holds no plan of that id.
        PlanRefused: its header cannot be read.
    """
    return _header(_folder(workspace, plan_id))


def headings(workspace: Workspace) -> tuple[list[Heading], dict[str, PlanRefused]]:
    """Of all kept plans, by the day they start and then by content; and why some have none.

    Reads each plan's header and looks whether its files are there; their digests are not checked.
    """
    found: list[Heading] = []
    refused: dict[str, PlanRefused] = {}
    for name in list_plans(workspace):
        try:
            found.append(_heading(workspace.root / "plans" / name))
        except PlanRefused as error:
            refused[name] = error
    return found, refused


def _header(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / "plan.json").read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise _refused(folder, error) from error


def _heading(folder: Path) -> Heading:
    header = _header(folder)
    try:
        return _told(folder, header)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refused(folder, error) from error


def _told(folder: Path, header: dict[str, Any]) -> Heading:
    if header["format"] not in READABLE:
        raise ValueError("another format")
    files = [f"{name}.parquet" for name in ("lines", *TABLES) if name in header]
    files += ["inputs.npz"] if "inputs" in header else []
    if missing := [name for name in files if not (folder / name).is_file()]:
        raise ValueError(f"there is no {missing[0]}")
    return Heading(
        plan_id=folder.name,
        as_of=np.datetime64(header["as_of"], "D"),
        horizon=int(header["horizon"]),
        comparable="inputs" in header,
    )


def load_plan(workspace: Workspace, plan_id: str, *, inputs: bool = False) -> Plan:
    """A kept plan.

    Args:
        workspace: where it is kept.
        plan_id: which.
        inputs: read what it was made from too, where that was kept.

    Raises:
        UnknownPlan: the workspace holds no plan of that id.
        PlanRefused: its files are altered, incomplete or of another version.
    """
    folder = _folder(workspace, plan_id)
    try:
        return _read(folder, inputs=inputs)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refused(folder, error) from error


def _folder(workspace: Workspace, plan_id: str) -> Path:
    """Where a plan lies; UnknownPlan where there is none of that id."""
    plans = list_plans(workspace)
    if plan_id not in plans:
        raise UnknownPlan(
            f"There is no plan '{plan_id[:80]}'.",
            where="plan id",
            fix=f"{_known(plans)} Make one with 'atelier plan'.",
        )
    return workspace.root / "plans" / plan_id


def _refused(folder: Path, error: Exception) -> PlanRefused:
    return PlanRefused(
        f"The plan '{folder.name}' is altered or incomplete: {error}.",
        where=str(folder),
        fix="Remove its folder and make the plan again with 'atelier plan'.",
    )


def _known(plans: tuple[str, ...]) -> str:
    """The last few plans that there are, in words."""
    return f"The last plans are {', '.join(plans[-SHOWN:])}." if plans else "There is none yet."


def _read(folder: Path, *, inputs: bool) -> Plan:
    header = json.loads((folder / "plan.json").read_text())
    if header["format"] not in READABLE or header["lines"] != digest_of(folder / "lines.parquet"):
        raise ValueError("another format, or lines that were changed")
    made_from = None
    if inputs and "inputs" in header:
        if header["inputs"] != digest_of(folder / "inputs.npz"):
            raise ValueError("what it was made from was changed")
        made_from = read_inputs(folder / "inputs.npz")
    return Plan(
        plan_id=header["plan_id"],
        as_of=np.datetime64(header["as_of"], "D"),
        horizon=int(header["horizon"]),
        method=header["method"],
        lines=_lines(folder / "lines.parquet"),
        resources=tuple(PlanResource(**resource) for resource in header["resources"]),
        expected_cost=float(header["expected_cost"]),
        bound=float(header["bound"]),
        gap=float(header["gap"]),
        status=header["status"],
        assumptions=tuple(header["assumptions"]),
        effects=tuple(Effect(**effect) for effect in header["effects"]),
        forecast_id=header.get("forecast_id", ""),
        inputs=made_from,
        **{name: _table(folder, header, name) for name in TABLES},
        aversion=PlanAversion(**header["aversion"]) if "aversion" in header else None,
    )


def _lines(path: Path) -> pd.DataFrame:
    """A plan's lines; those of formats 1 and 2 had neither unit costs nor costs of resources."""
    lines = pd.read_parquet(path)
    if "unit_cost" not in lines:
        lines["unit_cost"] = lines["price"] - lines["underage_cost"]
    if "resource_cost" not in lines:
        lines["resource_cost"] = 0.0
    return lines[list(LINE_COLUMNS)]


def _table(folder: Path, header: dict[str, Any], name: str) -> pd.DataFrame | None:
    if name not in header:
        return None
    path = folder / f"{name}.parquet"
    if header[name] != digest_of(path):
        raise ValueError(f"its {name} were changed")
    return pd.read_parquet(path, columns=list(TABLES[name]))


def list_plans(workspace: Workspace) -> tuple[str, ...]:
    """Ids of the kept plans, by the day they start and then by content."""
    return kept(workspace.root / "plans", "plan.json")


def latest_plan_id(workspace: Workspace) -> str | None:
    """The id of the plan that was saved last; None where there is none."""
    return latest(workspace.root / "plans")


def latest_plan(workspace: Workspace, *, inputs: bool = False) -> Plan | None:
    """The plan that was saved last, as `load_plan` reads it; None where there is none."""
    found = latest_plan_id(workspace)
    return None if found is None else load_plan(workspace, found, inputs=inputs)
