"""How good the chances of an order are, on days already past.

At each origin the chances are learned from what lay before it, and compared with who ordered in
the days after. Beside them stands the rule that shops use: whoever ordered within the last
`LONG_DAYS` is active, everybody else has lapsed. The rule has no chances of its own, so it is lent
the shares of both kinds that ordered in the days just before the origin; a chance that is the same
for everybody is lent the share of all.

    auc           chance that a customer who came was ranked above one who did not; .5 is a coin
    brier         mean (chance - came)² (Brier 1950); lower is better
    expected      mean chance; `came` is the share that did come
    calibration   customers in bins of their chance: what was said, and what came
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from data.errors import OutsideData
from data.tables import ORDERS
from data.workspace import Workspace
from recsys.errors import TooFewInteractions
from recsys.evaluation.bootstrap import resampled_means
from recsys.groups.classes import LONG_DAYS
from recsys.groups.purchases import DAY, Purchases, rhythm
from recsys.groups.returning import order_chances

BINS: Final = (0.1, 0.2, 0.3, 0.5, 0.7)
"""Where the bins of the calibration part."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEvaluation:
    """The figures of the chances, the rule and the constant.

    Attributes:
        days: lengths of time that chances were given for.
        origins: ascending, as texts, by days; the windows end within the data.
        methods: rows of days, origin ("all" for the mean over origins), method, customers, came,
            expected, auc and brier.
        comparisons: by days: brier of the chances over that of the rule, and the 95 % interval of
            the difference over customers, all origins together.
        calibration: rows of days, low, high, customers, expected and came, all origins together.
        unavailable: days, origin and reason, where the chances could not be learned.
    """

    days: tuple[int, ...]
    origins: dict[int, list[str]]
    methods: list[dict[str, Any]]
    comparisons: list[dict[str, Any]]
    calibration: list[dict[str, Any]]
    unavailable: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """The evaluation for programs."""
        return {
            "days": list(self.days),
            "origins": {str(days): origins for days, origins in self.origins.items()},
            "methods": self.methods,
            "comparisons": self.comparisons,
            "calibration": self.calibration,
            "unavailable": self.unavailable,
        }


def evaluate_customers(
    workspace: Workspace,
    *,
    days: tuple[int, ...] = (28, LONG_DAYS),
    origins: int = 6,
    step: int = 28,
    seed: int = 0,
) -> CustomerEvaluation:
    """Chances at past origins against who came.

    Args:
        workspace: its orders.
        days: lengths of time, each 1 or more.
        origins: how many at most; the last window of each length ends with the last order's day.
        step: days between them.
        seed: of the bootstrap.

    Raises:
        OutsideData: the orders reach over no window.
        TooFewInteractions: nothing can be learned at any origin.
    """
    purchases = Purchases.of(workspace.read(ORDERS))
    if not len(purchases.day):
        raise TooFewInteractions("No order names a customer.", where="orders")
    first = np.datetime64(int(purchases.day.min()), "D")
    end = np.datetime64(int(purchases.day.max()) + 1, "D")
    found: list[tuple[int, str, dict[str, Floats]]] = []
    unavailable: list[dict[str, Any]] = []
    for length in days:
        dates = [end - (length + step * back) * DAY for back in reversed(range(origins))]
        for date in (date for date in dates if date > first):
            try:
                found.append((length, str(date), _at(purchases, date, length)))
            except TooFewInteractions as error:
                unavailable.append({"days": length, "origin": str(date), "reason": str(error)})
    if not found:
        raise OutsideData(
            "No origin can be evaluated.",
            where="orders",
            fix=unavailable[-1]["reason"] if unavailable else "Import orders of more weeks.",
        )
    return CustomerEvaluation(
        days=days,
        origins={length: [date for n, date, _ in found if n == length] for length in days},
        methods=_methods(found),
        comparisons=_comparisons(found, seed),
        calibration=_calibration(found),
        unavailable=unavailable,
    )


def _at(purchases: Purchases, origin: np.datetime64, days: int) -> dict[str, Floats]:
    """(C,) came, and each method's chances, of the customers known at an origin."""
    chances = order_chances(purchases, origin, days=days)
    came = purchases.within(origin, origin + days * DAY)[chances.rhythm.place]
    then = rhythm(purchases, origin - days * DAY)
    before = purchases.within(origin - days * DAY, origin)[then.place]
    active, was_active = chances.rhythm.recency <= LONG_DAYS, then.recency <= LONG_DAYS
    usual = float(before.mean())
    lapsed = float(before[~was_active].mean()) if (~was_active).any() else usual
    return {
        "came": came.astype(float),
        "model": chances.chance,
        "rule": np.where(active, float(before[was_active].mean()), lapsed),
        "constant": np.full(len(came), usual),
    }


def _methods(found: list[tuple[int, str, dict[str, Floats]]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for length in dict.fromkeys(days for days, _, _ in found):
        for method in ("model", "rule", "constant"):
            mine: list[dict[str, Any]] = [
                {
                    "days": length,
                    "origin": origin,
                    "method": method,
                    "customers": len(values["came"]),
                    "came": float(values["came"].mean()),
                    "expected": float(values[method].mean()),
                    "auc": auc(values[method], values["came"]),
                    "brier": float(np.mean((values[method] - values["came"]) ** 2)),
                }
                for days, origin, values in found
                if days == length
            ]
            mean: dict[str, Any] = {**mine[0], "origin": "all"}
            for name in ("came", "expected", "auc", "brier"):
                known = [row[name] for row in mine if row[name] is not None]
                mean[name] = float(np.mean(known)) if known else None
            mean["customers"] = sum(int(row["customers"]) for row in mine)
            rows += [mean, *mine]
    return rows


def auc(score: Floats, came: Floats) -> float | None:
    """Area under the ROC curve, by ranks (Mann and Whitney 1947); None where all or none came.

    >>> auc(np.array([0.1, 0.4, 0.8]), np.array([0.0, 1.0, 1.0]))
    1.0
    """
    some = float(came.sum())
    none = len(came) - some
    if not some or not none:
        return None
    ranks = rankdata(score)
    return float((ranks[came == 1].sum() - some * (some + 1) / 2) / (some * none))


def _comparisons(
    found: list[tuple[int, str, dict[str, Floats]]], seed: int
) -> list[dict[str, Any]]:
    rows = []
    for length in dict.fromkeys(days for days, _, _ in found):
        mine = [values for days, _, values in found if days == length]
        came = np.concatenate([values["came"] for values in mine])
        loss = {
            name: (np.concatenate([values[name] for values in mine]) - came) ** 2
            for name in ("model", "rule")
        }
        draws = resampled_means((loss["model"] - loss["rule"])[:, None], seed=seed)[:, 0]
        low, high = np.quantile(draws, [0.025, 0.975])
        rows.append(
            {
                "days": length,
                "figure": "brier",
                "against": "rule",
                "ratio": float(loss["model"].mean() / max(loss["rule"].mean(), 1e-12)),
                "difference": float(loss["model"].mean() - loss["rule"].mean()),
                "interval": [float(low), float(high)],
            }
        )
    return rows


def _calibration(found: list[tuple[int, str, dict[str, Floats]]]) -> list[dict[str, Any]]:
    rows = []
    edges = (0.0, *BINS, 1.0)
    for length in dict.fromkeys(days for days, _, _ in found):
        mine = [values for days, _, values in found if days == length]
        chance = np.concatenate([values["model"] for values in mine])
        came = np.concatenate([values["came"] for values in mine])
        place = np.digitize(chance, BINS)
        rows += [
            {
                "days": length,
                "low": edges[bin_],
                "high": edges[bin_ + 1],
                "customers": int((place == bin_).sum()),
                "expected": float(chance[place == bin_].mean()),
                "came": float(came[place == bin_].mean()),
            }
            for bin_ in range(len(BINS) + 1)
            if (place == bin_).any()
        ]
    return rows
