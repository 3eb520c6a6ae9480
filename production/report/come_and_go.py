"""Variants that are new, and those to stop making."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import VARIANTS
from data.workspace import Workspace
from production.demand.history import DemandPanel
from production.demand.periods import WEEK
from production.plans.plan import Plan

NEW_WEEKS: Final = 13
"""A variant is new for so many weeks from its first sale, or from its introduction."""

LONG_COVER: Final = 26.0
"""Weeks of demand in stock from which a variant is better sold off than made."""

NOT_WORTH: Final = ("discontinued", "no margin", "no demand")
"""Reasons for which none of a variant is made, whatever the capacity."""

NEW: Final = "new"
STOP: Final = "stop"

COLUMNS: Final = (
    "what", "variant_id", "style_id", "title", "since", "mean", "p10", "p90", "quantity",
    "on_hand", "cover_weeks", "leftover_money", "why",
)  # fmt: skip


def come_and_go(
    workspace: Workspace, plan: Plan, panel: DemandPanel, variants: pd.DataFrame
) -> pd.DataFrame:
    """New variants and those to stop, a row each, see COLUMNS; the largest demand first.

    New are those that first sold, or came on sale, within NEW_WEEKS of the plan, and those that
    have not sold yet. To stop are those of which the plan makes none, and would make none under
    any capacity, because they are discontinued, earn nothing or are hardly wanted, or because
    their stock covers LONG_COVER weeks.
    """
    since = _since(workspace, plan, panel, variants["variant_id"])
    new = np.isnat(since) | (since > plan.as_of - NEW_WEEKS * WEEK)
    code = variants["reason_code"]
    unmade = (variants["quantity"] == 0).to_numpy() & ~new
    long = (code == "in stock") & ~(variants["cover_weeks"] < LONG_COVER)
    stop = unmade & (code.isin(NOT_WORTH) | long).to_numpy()
    told = np.where(
        stop,
        [
            _why_stop(reason, cover, here)
            for reason, cover, here in zip(code, variants["cover_weeks"], long, strict=True)
        ],
        np.where(np.isnat(since), "Not sold yet: forecast from variants like it.", "New on sale."),
    )
    rows = variants.assign(
        what=np.where(new, NEW, STOP),
        since=since,
        why=np.where(new & (variants["quantity"] == 0), variants["reason"], told),
    )[new | stop]
    order = np.lexsort((rows["variant_id"], -rows["mean"], rows["what"]))
    return rows.iloc[order][list(COLUMNS)].reset_index(drop=True)


def _why_stop(code: str, cover: float, long: bool) -> str:  # noqa: FBT001  # one of a row's cells
    if long:
        return (
            "In stock, and no demand is expected: sell it off."
            if np.isnan(cover)
            else f"The stock covers {cover:,.0f} weeks: sell it off."
        )
    return {
        "discontinued": "No longer on sale.",
        "no margin": "A unit earns nothing above its cost.",
        "no demand": "Too little demand is expected to be worth making one.",
    }.get(code, "")


def _since(
    workspace: Workspace, plan: Plan, panel: DemandPanel, variants: pd.Series
) -> NDArray[np.datetime64]:
    """(V,) days: when each first sold before the plan, or came on sale, the later; NaT if never."""
    place = pd.Index(panel.variants).get_indexer(pd.Index(variants.astype(object)))
    first = panel.periods[panel.first_period[place]].astype("datetime64[D]")
    never = np.datetime64("NaT", "D")
    first = np.where((place >= 0) & (first < plan.as_of), first, never)
    if not workspace.has(VARIANTS):
        return first
    catalogue = workspace.read(VARIANTS).drop_duplicates("variant_id").set_index("variant_id")
    if "introduced_at" not in catalogue:
        return first
    came = pd.to_datetime(catalogue["introduced_at"].reindex(variants)).to_numpy()
    later: NDArray[np.datetime64] = np.fmax(first, came.astype("datetime64[D]"))
    return np.where(np.isnat(first), never, later)
