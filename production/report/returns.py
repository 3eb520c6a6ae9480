"""What came back, and why: returns of the year before a plan, by variant and reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from data.tables import ORDERS
from data.workspace import Workspace
from production.plans.plan import Plan
from production.report.level import Level, level, number, summed, text
from recsys.returns import of_taste

WEEKS: Final = 52
"""Weeks before the plan whose returns are counted."""

UNSTATED: Final = "not stated"
"""Stands for a reason that nobody gave."""

MOST_VARIANTS: Final = 3
"""Variants named that make up most of a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason for returns.

    Attributes:
        reason: in the customer's words, or UNSTATED.
        taste: whether it lowers the preference for what came back.
        units: that came back.
        share: of all units that came back.
        most: ids of the variants that make up most of them.
    """

    reason: str
    taste: bool
    units: int
    share: float
    most: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """Returns of the weeks before a plan.

    Attributes:
        sold: units sold in these weeks.
        rows: variant_id, style_id, title, reason, returned (units), sold (of the variant) and rate;
            a row a variant and reason, the most returned first.
    """

    sold: int
    rows: pd.DataFrame

    @property
    def units(self) -> int:
        """Units that came back."""
        return int(self.rows["returned"].sum())

    def reasons(self) -> tuple[Reason, ...]:
        """Each reason, that of the most units first."""
        units = self.rows.groupby("reason")["returned"].sum().sort_index()
        names = units.sort_values(ascending=False, kind="stable").index
        taste = of_taste(pd.Series(names, index=names).where(names != UNSTATED))
        return tuple(
            Reason(
                reason=str(name),
                taste=bool(taste[name]),
                units=int(units[name]),
                share=float(units[name] / units.sum()),
                most=tuple(
                    self.rows.loc[self.rows["reason"] == name, "variant_id"].head(MOST_VARIANTS)
                ),
            )
            for name in names
        )


def returns_of(workspace: Workspace, plan: Plan, variants: pd.DataFrame) -> Returns | None:
    """What came back in the WEEKS before a plan; None where nothing did.

    Args:
        workspace: its orders.
        plan: the plan.
        variants: variant_id, style_id and title, for names; others go by their ids.
    """
    orders = workspace.read(ORDERS)
    since = plan.as_of - np.timedelta64(WEEKS, "W")
    orders = orders[(orders["ordered_at"] >= since) & (orders["ordered_at"] < plan.as_of)]
    back = orders[orders["quantity"] < 0]
    if back.empty:
        return None
    reason = back["reason"].fillna(UNSTATED) if "reason" in back else UNSTATED
    units = (
        back.assign(reason=reason, returned=-back["quantity"])
        .groupby(["variant_id", "reason"], as_index=False)["returned"]
        .sum()
    )
    sold = orders[orders["quantity"] > 0].groupby("variant_id")["quantity"].sum()
    rows = units.merge(variants[["variant_id", "style_id", "title"]], on="variant_id", how="left")
    rows = rows.assign(
        style_id=rows["style_id"].fillna(rows["variant_id"]),
        title=rows["title"].fillna(""),
        sold=sold.reindex(rows["variant_id"]).fillna(0).to_numpy(dtype=np.int64),
    )
    rows["rate"] = np.where(rows["sold"] > 0, rows["returned"] / rows["sold"].clip(lower=1), np.nan)
    order = np.lexsort((rows["reason"], rows["variant_id"], -rows["returned"]))
    return Returns(sold=int(sold.sum()), rows=rows.iloc[order].reset_index(drop=True))


def returns_level(returns: Returns | None) -> Level | None:
    """Returns by variant and reason, as a level."""
    if returns is None:
        return None
    columns = (
        text("variant_id", "Variant"),
        text("style_id", "Style"),
        text("title", "Title"),
        text("reason", "Reason"),
        summed("returned", "Returned"),
        number("sold", "Sold of the variant", "units"),
        number("rate", "Returned of sold", "share", "{returned}/{sold}"),
    )
    about = f"Units that came back in the {WEEKS} weeks before the plan, by variant and reason."
    return level("returns", "Returns", about, columns, returns.rows)
