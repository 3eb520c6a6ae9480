"""Customer groups kept in the workspace: one folder a version, whole or not there.

    groups/<id>/groups.json         the groups, and the SHA-256 of the customers' file
    groups/<id>/customers.parquet   one customer a row: ids, group, class and chances
    groups/latest                   the id that was saved last

Only the last version is kept: who asks to be forgotten must not stand in an older one.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from data.kept import digest_of, keep, latest
from data.workspace import Workspace
from recsys.errors import GroupsRefused
from recsys.groups.groups import CUSTOMER_COLUMNS, CustomerGroups
from recsys.groups.likings import Liking
from recsys.groups.profiles import Profile, RegionShare

FORMAT: Final = 1


def save_groups(workspace: Workspace, groups: CustomerGroups) -> str:
    """Keep groups in place of those kept before; their id, which follows from their content."""
    home = workspace.root / "groups"

    def write(folder: Path) -> str:
        groups.customers.to_parquet(folder / "customers.parquet", index=False)
        header = _finite({**groups.to_json(), "format": FORMAT})
        header["file"] = digest_of(folder / "customers.parquet")
        text = json.dumps(header, indent=1, allow_nan=False) + "\n"
        (folder / "groups.json").write_text(text, encoding="utf-8")
        return f"{groups.as_of}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    found = keep(home, write).name
    for old in home.iterdir():
        if old.is_dir() and old.name != found and not old.name.startswith("."):
            shutil.rmtree(old, ignore_errors=True)
    return found


def latest_groups_id(workspace: Workspace) -> str | None:
    """The id of the groups that are kept; None where there are none."""
    return latest(workspace.root / "groups")


def load_groups(workspace: Workspace) -> CustomerGroups | None:
    """The groups that are kept; None where there are none.

    Raises:
        GroupsRefused: their files are altered, incomplete or of another version.
    """
    found = latest_groups_id(workspace)
    if found is None:
        return None
    folder = workspace.root / "groups" / Path(found).name
    try:
        return _read(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GroupsRefused(
            f"The customer groups are altered or incomplete: {error}.",
            where=str(folder),
            fix="Make them again with 'atelier groups'.",
        ) from error


def forget_in_groups(workspace: Workspace, customer: str) -> int:
    """Keep the groups without a customer, by pseudonym; how many rows named them.

    Groups that are refused are removed: nobody can read them, and they may name anybody.
    """
    try:
        groups = load_groups(workspace)
    except GroupsRefused:
        shutil.rmtree(workspace.root / "groups")
        return 1
    if groups is None:
        return 0
    theirs = groups.customers["customer_id"] == customer
    if theirs.any():
        left = groups.customers[~theirs].reset_index(drop=True)
        save_groups(workspace, replace(groups, customers=left))
    return int(theirs.sum())


def _read(folder: Path) -> CustomerGroups:
    header = json.loads((folder / "groups.json").read_text(encoding="utf-8"))
    if header["format"] != FORMAT or header["file"] != digest_of(folder / "customers.parquet"):
        raise ValueError("another format, or customers that were changed")
    return CustomerGroups(
        as_of=np.datetime64(header["as_of"], "D"),
        days=int(header["days"]),
        groups=tuple(_profile(row) for row in header["groups"]),
        classes=header["classes"],
        by=header["classes_by"],
        stability={int(count): _number(value) for count, value in header["stability"].items()},
        silhouette=float(header["silhouette"]),
        customers=pd.read_parquet(folder / "customers.parquet", columns=list(CUSTOMER_COLUMNS)),
    )


def _profile(row: dict[str, Any]) -> Profile:
    numbers = {
        name: _number(value)
        for name, value in row.items()
        if name not in {"group_id", "name", "customers", "classes"} and not isinstance(value, list)
    }
    parts = {
        "likings": tuple(Liking(**one) for one in row["likings"]),
        "variants": tuple(Liking(**one) for one in row["variants"]),
        "regions": tuple(RegionShare(**one) for one in row["regions"]),
    }
    return Profile(**{**row, **numbers, **parts})


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _finite(value: Any) -> Any:
    """The same with None for numbers that are not finite."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
