"""What each group of features is worth: the default method with it, and without.

Each group is taken away from the whole history that a method sees, past forecasts included, so
that what learns from those learns without it too. Ratios are of the loss with the group over the
loss without, on the same variants and origins (`production.demand.comparison`): below 1 the group
earns. A group earns, harms, or nothing can be told, as the 95 % interval lies below 1, above, or
holds it. A group whose absence changes nothing at the last origin, where most is known, is not
used, and is not looked at further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from data.progress import Progress, silent
from production.demand.comparison import comparisons
from production.demand.forecast import GROUPS
from production.demand.forecasting import DemandSource
from production.demand.predictions import predicted
from production.errors import BadAblation, TooLittleHistory

TOGETHER: Final = ("preference", "attribute")
"""Groups that are also left out together: each may stand in for the other."""

ABLATIONS: Final[Mapping[str, frozenset[str]]] = {
    **{group: frozenset([group]) for group in GROUPS},
    " + ".join(TOGETHER): frozenset(TOGETHER),
}
"""What is left out, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """What the groups of features are worth to one method.

    Attributes:
        method: whose features.
        rows: left_out, slice, figure, ratio, interval, origins and verdict: "earns", "harms" or
            "nothing told".
        unused: groups whose absence changes no forecast.
    """

    method: str
    rows: list[dict[str, Any]]
    unused: tuple[str, ...]

    @property
    def idle(self) -> tuple[str, ...]:
        """Groups that are used and earn nothing that can be told from chance, in any slice."""
        earning = {row["left_out"] for row in self.rows if row["verdict"] == "earns"}
        return tuple(
            dict.fromkeys(row["left_out"] for row in self.rows if row["left_out"] not in earning)
        )

    def to_json(self) -> dict[str, Any]:
        """For programs; holds no NaN."""
        return {
            "method": self.method,
            "groups": self.rows,
            "unused": list(self.unused),
            "idle": list(self.idle),
        }


def ablate(
    source: DemandSource,
    dates: Sequence[np.datetime64],
    method: str,
    *,
    groups: Sequence[str] | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Ablation:
    """Forecast at each origin with every group left out in turn.

    Args:
        source: the workspace, read for these origins.
        dates: origins, ascending.
        method: whose features are left out.
        groups: names of ABLATIONS; without it, all.
        seed: of the intervals.
        progress: told each group and origin.

    Raises:
        BadAblation: there is no such group.
        TooLittleHistory: the method can stand at none of the origins.
    """
    names = tuple(groups) if groups else tuple(ABLATIONS)
    for name in names:
        if name not in ABLATIONS:
            raise BadAblation(
                f"There is no group of features '{name}'.",
                where="groups",
                fix=f"Choose among {', '.join(ABLATIONS)}.",
            )
    steps, done = (len(names) + 1) * len(dates), 0
    parts: list[pd.DataFrame] = []
    unused: list[str] = []
    last: pd.DataFrame | None = None
    for label in (method, *names):
        seen = source if label == method else source.without(ABLATIONS[label])
        for date in reversed(dates):
            done += 1
            progress("Leaving features out", done, steps)
            try:
                rows = predicted(seen, date, method)
            except TooLittleHistory:
                continue
            if label == method:
                last = rows if last is None else last
            elif last is not None and _same(rows, last):
                unused.append(label)
                done += len(dates) - 1
                break
            parts.append(rows.assign(method=label))
    if last is None:
        raise TooLittleHistory(
            f"'{method}' can forecast at none of the origins.",
            where="orders",
            fix="Import orders of more weeks, or ask for later origins.",
        )
    used = [name for name in names if name not in unused]
    found = comparisons(pd.concat(parts, ignore_index=True), method, used, seed=seed)
    return Ablation(method=method, rows=[_row(one) for one in found], unused=tuple(unused))


def _same(rows: pd.DataFrame, last: pd.DataFrame) -> bool:
    """Whether two sets of predictions of one origin are equal to the last bit but one."""
    if rows["origin"].iloc[0] != last["origin"].iloc[0] or len(rows) != len(last):
        return False
    numbers = rows.select_dtypes("number").columns
    one, other = rows[numbers].to_numpy(float), last[numbers].to_numpy(float)
    return bool(np.allclose(one, other, rtol=1e-12, atol=1e-12))


def _row(found: dict[str, Any]) -> dict[str, Any]:
    low, high = found["interval"]
    verdict = "earns" if high < 1 else "harms" if low > 1 else "nothing told"
    return {
        "left_out": found["against"],
        "slice": found["slice"],
        "figure": found["figure"],
        "ratio": found["ratio"],
        "interval": [low, high],
        "origins": found["origins"],
        "verdict": verdict,
    }
