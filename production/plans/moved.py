"""Why a variant's quantity moved from one plan to another, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def why_moved(line: pd.Series[Any], resources: pd.DataFrame, causes: Sequence[str]) -> str:
    """A sentence on one line of a comparison.

    Args:
        line: see `production.plans.diff.PlanDiff.lines`.
        resources: see `production.plans.comparison.resource_table`.
        causes: the columns that sum to the change.
    """
    name, before, after = line["variant_id"], line["before"], line["after"]
    parts = sorted((cause for cause in causes if line[cause]), key=lambda one: -abs(line[one]))
    told = [f"{line[cause]:+,} by {cause} ({_behind(cause, line, resources)})" for cause in parts]
    if before == after:
        held = f"'{name}' stays at {after:,} units"
        return f"{held}: {', '.join(told)}." if told else f"{held}."
    return f"'{name}' goes from {before:,} to {after:,} units: {', '.join(told)}."


def _behind(cause: str, line: pd.Series[Any], resources: pd.DataFrame) -> str:
    """What changed of a cause, of this variant or else of those it shares resources with."""
    told = ""
    if cause == "demand":
        told = _change(line, "demand", "{:,.1f} to {:,.1f} expected")
        if line["status"] != "both":
            told = f"{line['status']}: {told}"
        elif (line["demand_after"] - line["demand_before"]) * line[cause] < 0:
            told = ""  # its own demand went the other way: the room of others moved it
    elif cause == "costs":
        told = _change(line, "underage", "a unit short costs {:,.2f}, then {:,.2f}") or _change(
            line, "overage", "a unit left over costs {:,.2f}, then {:,.2f}"
        )
    elif cause == "lots":
        told = _change(line, "on_hand", "stock {:,.0f} to {:,.0f}")
    elif cause == "capacity":
        told = _capacity(resources)
    elif cause == "override":
        told = _held(line)
    return told or "of others that share its resources"


def _change(line: pd.Series[Any], name: str, text: str) -> str:
    before, after = float(line[f"{name}_before"]), float(line[f"{name}_after"])
    return "" if before == after else text.format(before, after)


def _held(line: pd.Series[Any]) -> str:
    if not np.isnan(line["held_after"]):
        return str(line["reason"]).rstrip(".")
    return "" if np.isnan(line["held_before"]) else "no longer held"


def _capacity(resources: pd.DataFrame) -> str:
    """The resources whose capacity changed, those that changed most first."""
    before = resources["capacity_before"].to_numpy(dtype=np.float64)
    after = resources["capacity_after"].to_numpy(dtype=np.float64)
    # one that only one plan has changed the most
    largest = np.maximum(before, after)
    share = np.divide(
        np.abs(after - before), largest, out=np.full(len(largest), np.inf), where=largest > 0
    )
    share[(before == after) | (np.isnan(before) & np.isnan(after))] = 0.0
    names = resources["resource_id"].to_numpy(dtype=object)
    told = [
        f"{names[row]} {_amount(before[row])} to {_amount(after[row])}"
        for row in np.argsort(-share, kind="stable")[:2]
        if share[row] > 0
    ]
    return ", ".join(told)


def _amount(capacity: float) -> str:
    return "unlimited" if np.isnan(capacity) else f"{capacity:,.10g}"
